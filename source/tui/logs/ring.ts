/** Whose output a line is. Lines of the same task share one such object. */
export type LogOrigin = {
	/** Shown before the line where several origins are: the task's name. */
	readonly label: string;
	/** Picks the colour of the label; a task's index, so that it has the same one everywhere. */
	readonly colour: number;
	readonly run: string;
	readonly task: number;
	readonly attempt: number;
	readonly agent: string;
};

/** A line to be kept. Its text is sanitised: it has colours, and no other escape sequence. */
export type NewLine = {
	readonly text: string;
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly origin: LogOrigin;
	readonly stream: 'stdout' | 'stderr';
	/** The line stands for so many that were left out; its text says so. */
	readonly skipped?: number;
	/** Where it begins in the output of its attempt, in bytes, where that is known. */
	readonly offset?: number;
};

/** A line that becomes a kept one by itself: one that is read only when somebody looks at it. */
export type OwnLine = NewLine & {readonly keep: (seq: number) => KeptLine};

/** A line that is kept. Its number stays the same for good, and is one more than that of the line before it. */
export type KeptLine = NewLine & {readonly seq: number};

/** Lines in a row, which are let go of together. Only the newest one grows. */
export type Chunk = {readonly first: number; readonly lines: readonly KeptLine[]};

type OpenChunk = {readonly first: number; readonly lines: KeptLine[]};

export type RingOptions = {
	/** Lines that are kept: the limit `tui_log_lines`. */
	readonly limit: number;
	/** Lines of a chunk; at most a quarter of the limit. */
	readonly chunkLines?: number;
};

/** Chunks at the end that are kept whatever somebody looks at. */
const newestKept = 2;

/**
 * The lines that the log view has at hand. New ones come at the end, and those that were read from disk at the front. When there are
 * more than the limit, the oldest go; while somebody looks at a part (`hold`), others go before it, and leave a gap.
 */
export class LogRing {
	readonly #limit: number;
	readonly #chunkLines: number;
	readonly #chunks: OpenChunk[] = [];
	#size = 0;
	#end = 0;
	#received = 0;
	#held: {readonly from: number; readonly to: number} | undefined;

	constructor({limit, chunkLines = 1000}: RingOptions) {
		this.#limit = limit;
		this.#chunkLines = Math.max(1, Math.min(chunkLines, Math.floor(limit / 4)));
	}

	get chunks(): readonly Chunk[] {
		return this.#chunks;
	}

	/** How many lines are kept. */
	get size(): number {
		return this.#size;
	}

	/** Number of the first line that is kept; equal to `end`: none is. */
	get start(): number {
		return this.#chunks[0]?.first ?? this.#end;
	}

	/** The number that the next new line will have. */
	get end(): number {
		return this.#end;
	}

	/** How many lines came at the end so far, those included that were left out. */
	get received(): number {
		return this.#received;
	}

	/** The lines that somebody looks at: they stay, and what is near them. Undefined: only the newest matter. */
	hold(range: {readonly from: number; readonly to: number} | undefined): void {
		this.#held = range;
	}

	append(lines: ReadonlyArray<NewLine | OwnLine>): void {
		for (const line of lines) {
			let chunk = this.#chunks.at(-1);
			if (chunk === undefined || chunk.lines.length >= this.#chunkLines || chunk.first + chunk.lines.length !== this.#end) {
				chunk = {first: this.#end, lines: []};
				this.#chunks.push(chunk);
			}
			const seq = this.#end++;
			chunk.lines.push('keep' in line ? line.keep(seq) : {...line, seq});
			this.#size++;
			this.#received += line.skipped ?? 1;
			if (this.#size > this.#limit) this.#letGo();
		}
	}

	/** Lines that come right before the first one. As many as fit are taken, the newest of them. */
	prepend(lines: readonly NewLine[]): void {
		for (let to = lines.length; to > 0; to -= this.#chunkLines) {
			const part = lines.slice(Math.max(0, to - this.#chunkLines), to);
			const first = this.start - part.length;
			this.#chunks.unshift({first, lines: part.map((line, at) => ({...line, seq: first + at}))});
			this.#size += part.length;
			// Where these themselves have to go, earlier ones would only leave a gap.
			while (this.#size > this.#limit) if (this.#letGo() === 0) return;
		}
	}

	clear(): void {
		this.#chunks.length = 0;
		this.#size = 0;
		this.#held = undefined;
	}

	get(seq: number): KeptLine | undefined {
		const chunk = this.#chunks[this.chunkAt(seq)];
		return chunk?.lines[seq - chunk.first];
	}

	/** Number of the first line from `seq` on. */
	atOrAfter(seq: number): number | undefined {
		const at = this.chunkAt(seq);
		const chunk = this.#chunks[at];
		if (chunk !== undefined && seq < chunk.first + chunk.lines.length) return Math.max(seq, chunk.first);
		return this.#chunks[at + 1]?.first ?? (chunk === undefined ? this.#chunks[0]?.first : undefined);
	}

	/** Number of the last line before `seq`. */
	before(seq: number): number | undefined {
		const chunk = this.#chunks[this.chunkAt(seq - 1)];
		return chunk === undefined ? undefined : Math.min(seq - 1, chunk.first + chunk.lines.length - 1);
	}

	/** How many lines are missing right before this one; 0 before the very first. */
	missingBefore(seq: number): number {
		const previous = this.before(seq);
		return previous === undefined ? 0 : seq - previous - 1;
	}

	/** Index of the last chunk that does not begin after `seq`; -1: there is none. */
	chunkAt(seq: number): number {
		let [low, high] = [0, this.#chunks.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#chunks[middle]?.first ?? 0) <= seq) low = middle + 1;
			else high = middle;
		}
		return low - 1;
	}

	/** Lets the chunk go that is needed least; returns its index. */
	#letGo(): number {
		const at = this.#least();
		this.#size -= this.#chunks.splice(at, 1)[0]?.lines.length ?? 0;
		return at;
	}

	/** What is held has its neighbours with it, so that scrolling finds something; where room is scarce, they go before it does. */
	#least(): number {
		if (this.#held === undefined) return 0;
		const last = this.#chunks.length - 1;
		const from = this.chunkAt(this.#held.from);
		const to = this.chunkAt(this.#held.to);
		// As much is kept before as after, where there is something.
		const [before, after] = [from - 1, last - newestKept - to - 1];
		if (before > 0 || after > 0) return before > after ? 0 : last - newestKept;
		return last - 1 > to ? last - 1 : 0;
	}
}
