import type {RawLine} from '../client/raw-lines.ts';

/** By how much the clocks of agents, and what they send late, may differ from one another. */
const marginMs = 60_000;
/** Streams of attempts of one run that are remembered; of more, those that were silent for longest are forgotten. */
const remembered = 5000;

type Last = {at: number /** Lines of that very time. */; count: number};
/** By run; and by task, attempt and stream as one number. It is asked for each line: to make text of them would cost most of the time. */
type Streams = Map<string, Map<number, Last>>;

const mostTasks = 2 ** 24;

/**
 * Where reading the lines of many tasks was when the connection broke. Lines have a time and no number; but those of one stream of one
 * attempt come in order, so each is known by its time and by how many of that time came before it.
 */
export class LogResume {
	readonly #last: Streams = new Map();
	/** Streams of which lines come again, with how many of their last time are still to come. */
	#behind: Streams = new Map();
	#newest: number | undefined;

	/** From when on lines are to be asked for again; undefined: none came yet. */
	get since(): number | undefined {
		return this.#newest === undefined ? undefined : this.#newest - marginMs;
	}

	/** A new connection: lines from `since` on come again. */
	begin(): void {
		const since = this.since ?? 0;
		this.#behind = new Map();
		for (const [run, streams] of this.#last) {
			if (streams.size > remembered) for (const [key, {at}] of streams) if (at < since) streams.delete(key);
			this.#behind.set(run, new Map([...streams].map(([key, last]) => [key, {...last}])));
		}
	}

	/** Whether the line came for the first time. It is remembered. */
	isNew({origin, at}: Pick<RawLine, 'origin' | 'at'>): boolean {
		const {run, task, attempt, stream} = origin;
		const key = (attempt * 2 + (stream === 'stdout' ? 0 : 1)) * mostTasks + task;
		if (this.#behind.size > 0 && this.#cameBefore(run, key, at)) return false;
		let streams = this.#last.get(run);
		if (streams === undefined) {
			streams = new Map();
			this.#last.set(run, streams);
		}
		const last = streams.get(key);
		if (last === undefined) streams.set(key, {at, count: 1});
		else {
			last.count = last.at === at ? last.count + 1 : 1;
			last.at = at;
		}
		if (this.#newest === undefined || at > this.#newest) this.#newest = at;
		return true;
	}

	#cameBefore(run: string, key: number, at: number): boolean {
		const behind = this.#behind.get(run)?.get(key);
		if (behind === undefined) return false;
		if (at < behind.at) return true;
		if (at === behind.at && behind.count > 0) {
			behind.count--;
			return true;
		}
		this.#behind.get(run)?.delete(key);
		return false;
	}
}
