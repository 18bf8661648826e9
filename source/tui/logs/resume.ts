import type {LineOrigin} from '../../client/raw-lines.ts';
import {attemptNumber} from '../../model/ids.ts';

/** By how much the clocks of agents, and what they send late, may differ from one another. */
const marginMs = 60_000;
/** Streams of attempts of one run that are remembered; of more, those that were silent for longest are forgotten. */
const remembered = 5000;

/** How far the lines of one stream of one attempt were read. */
export type StreamPlace = {
	at: number;
	/** Lines of that very time. */
	count: number;
	/** Its lines come again: up to where, with how many of that time are still to come. */
	behind: {readonly at: number; count: number} | undefined;
};

/** By run; and by task, attempt and stream as one number. */
type Streams = Map<string, Map<number, StreamPlace>>;

/**
 * Where reading the lines of many tasks was when the connection broke. Lines have a time and no number; but those of one stream of one
 * attempt come in order, so each is known by its time and by how many of that time came before it.
 */
export class LogResume {
	readonly #streams: Streams = new Map();
	#newest: number | undefined;

	/** From when on lines are to be asked for again; undefined: none came yet. */
	get since(): number | undefined {
		return this.#newest === undefined ? undefined : this.#newest - marginMs;
	}

	/** A new connection: lines from `since` on come again. */
	begin(): void {
		const since = this.since ?? 0;
		for (const streams of this.#streams.values()) {
			if (streams.size > remembered) for (const [key, {at}] of streams) if (at < since) streams.delete(key);
			for (const place of streams.values()) place.behind = place.count === 0 ? undefined : {at: place.at, count: place.count};
		}
	}

	/** The place of a stream; to be asked for again after each `begin`. */
	placeOf(line: LineOrigin): StreamPlace {
		const {run, stream} = line;
		const key = attemptNumber(line) * 2 + (stream === 'stdout' ? 0 : 1);
		let streams = this.#streams.get(run);
		if (streams === undefined) {
			streams = new Map();
			this.#streams.set(run, streams);
		}
		let place = streams.get(key);
		if (place === undefined) {
			place = {at: Number.NaN, count: 0, behind: undefined};
			streams.set(key, place);
		}
		return place;
	}

	/** Whether a line of that time came for the first time. It is remembered. */
	isNew(place: StreamPlace, at: number): boolean {
		if (place.behind !== undefined && cameBefore(place, at)) return false;
		place.count = place.at === at ? place.count + 1 : 1;
		place.at = at;
		if (this.#newest === undefined || at > this.#newest) this.#newest = at;
		return true;
	}
}

function cameBefore(place: StreamPlace, at: number): boolean {
	const {behind} = place;
	if (behind === undefined) return false;
	if (at < behind.at) return true;
	if (at === behind.at && behind.count > 0) {
		behind.count--;
		return true;
	}
	place.behind = undefined;
	return false;
}
