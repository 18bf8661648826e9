import type {LogLine} from '../protocol/views.ts';

/** By how much the clocks of agents, and what they send late, may differ from one another. */
const marginMs = 60_000;
/** Streams of attempts that are remembered; of more, those that were silent for longest are forgotten. */
const remembered = 5000;

type Last = {readonly at: number /** Lines of that very time. */; readonly count: number};

/**
 * Where reading the lines of many tasks was when the connection broke. Lines have a time and no number; but those of one stream of one
 * attempt come in order, so each is known by its time and by how many of that time came before it.
 */
export class LogResume {
	readonly #last = new Map<string, Last>();
	/** Streams of which lines come again, with how many of their last time are still to come. */
	#behind = new Map<string, Last>();
	#newest: number | undefined;

	/** From when on lines are to be asked for again; undefined: none came yet. */
	get since(): number | undefined {
		return this.#newest === undefined ? undefined : this.#newest - marginMs;
	}

	/** A new connection: lines from `since` on come again. */
	begin(): void {
		if (this.#last.size > remembered) {
			for (const [key, {at}] of this.#last) if (at < (this.since ?? 0)) this.#last.delete(key);
		}
		this.#behind = new Map(this.#last);
	}

	/** Whether the line came for the first time. It is remembered. */
	isNew(line: LogLine): boolean {
		const key = `${line.run}/${line.task}/${line.attempt}/${line.stream}`;
		const last = this.#last.get(key);
		if (this.#cameBefore(key, line.at)) return false;
		this.#last.set(key, {at: line.at, count: last?.at === line.at ? last.count + 1 : 1});
		if (this.#newest === undefined || line.at > this.#newest) this.#newest = line.at;
		return true;
	}

	#cameBefore(key: string, at: number): boolean {
		const behind = this.#behind.get(key);
		if (behind === undefined) return false;
		if (at < behind.at) return true;
		if (at === behind.at && behind.count > 0) {
			this.#behind.set(key, {at, count: behind.count - 1});
			return true;
		}
		this.#behind.delete(key);
		return false;
	}
}
