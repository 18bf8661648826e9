import type {Chunk, KeptLine, LogRing} from './ring.ts';

/** Works until its time is up, so that keys and frames do not wait. `now`: milliseconds of any clock that only goes forward. */
export type Budget = {readonly until: number; readonly now: () => number};

/** Lines that are looked at between two looks at the clock. */
const lines = 64;

/** No answer yet: time is up, and `work` is to be called again. */
export const pending = Symbol('pending');

type Scanned = {
	/** How many of its lines were looked at. */
	upTo: number;
	/** Numbers of those that match, in order. */
	readonly hits: number[];
};

/** Which lines of a ring match. Each line is looked at once, chunk by chunk, and only when somebody asks or there is time. */
export class LineIndex {
	readonly #ring: LogRing;
	readonly #matches: (line: KeptLine) => boolean;
	readonly #scanned = new WeakMap<Chunk, Scanned>();

	constructor(ring: LogRing, matches: (line: KeptLine) => boolean) {
		this.#ring = ring;
		this.#matches = matches;
	}

	/** The first match from `seq` on; undefined: there is none. */
	atOrAfter(seq: number, budget: Budget): number | undefined | typeof pending {
		const {chunks} = this.#ring;
		for (let at = Math.max(0, this.#ring.chunkAt(seq)); at < chunks.length; at++) {
			const chunk = chunks[at];
			if (chunk === undefined) break;
			const hits = this.#hits(chunk, budget);
			if (hits === undefined) return pending;
			const found = hits[lowerBound(hits, seq)];
			if (found !== undefined) return found;
		}
		return undefined;
	}

	/** The last match before `seq`; undefined: there is none. */
	before(seq: number, budget: Budget): number | undefined | typeof pending {
		const {chunks} = this.#ring;
		for (let at = this.#ring.chunkAt(seq - 1); at >= 0; at--) {
			const chunk = chunks[at];
			if (chunk === undefined) break;
			const hits = this.#hits(chunk, budget);
			if (hits === undefined) return pending;
			const found = hits[lowerBound(hits, seq) - 1];
			if (found !== undefined) return found;
		}
		return undefined;
	}

	/** Looks at lines that nobody asked about yet, the newest first. False: time was up before the end. */
	work(budget: Budget): boolean {
		return this.#ring.chunks.toReversed().every(chunk => this.#hits(chunk, budget) !== undefined);
	}

	/** How many matches are known, and how many of them before `seq`; `whole`: all lines were looked at. */
	count(seq = Number.NEGATIVE_INFINITY): {readonly hits: number; readonly before: number; readonly whole: boolean} {
		let [hits, before, whole] = [0, 0, true];
		for (const chunk of this.#ring.chunks) {
			const scanned = this.#scanned.get(chunk);
			whole &&= (scanned?.upTo ?? 0) === chunk.lines.length;
			hits += scanned?.hits.length ?? 0;
			if (scanned !== undefined && chunk.first < seq) before += lowerBound(scanned.hits, seq);
		}
		return {hits, before, whole};
	}

	#hits(chunk: Chunk, {until, now}: Budget): readonly number[] | undefined {
		let scanned = this.#scanned.get(chunk);
		if (scanned === undefined) {
			scanned = {upTo: 0, hits: []};
			this.#scanned.set(chunk, scanned);
		}
		while (scanned.upTo < chunk.lines.length) {
			if (now() >= until) return undefined;
			const end = Math.min(chunk.lines.length, scanned.upTo + lines);
			for (; scanned.upTo < end; scanned.upTo++) {
				const line = chunk.lines[scanned.upTo];
				if (line !== undefined && this.#matches(line)) scanned.hits.push(line.seq);
			}
		}
		return scanned.hits;
	}
}

/** Index of the first that is not less. */
function lowerBound(sorted: readonly number[], value: number): number {
	let [low, high] = [0, sorted.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((sorted[middle] ?? value) < value) low = middle + 1;
		else high = middle;
	}
	return low;
}
