/** A piece of a log: lines of one moment, or a part of a line, with where it begins in all that was printed. */
export type LogPiece = {readonly offset: number; readonly at: number; readonly data: Buffer};

/** From where a log is read: the first byte that comes has this offset. */
export type LogStart = {readonly offset: number; readonly since?: string};

/** Runtimes keep a longer line in parts, each with a time of its own. */
const partBytes = 16 * 1024;
const longestTime = 64;

/**
 * Finds byte offsets in a log that the API gives by time only, and only to the second. It remembers where a second began: there a later
 * reading starts, instead of at the beginning, and knows how many bytes come before. One cursor serves all readings of one pod.
 */
export class LogCursor {
	#mark: LogStart = {offset: 0};
	#markedSecond = Number.NEGATIVE_INFINITY;

	/** From where to read, to have everything from an offset on. */
	startFor(offset: number): LogStart {
		return this.#mark.offset <= offset ? this.#mark : {offset: 0};
	}

	/** Takes in the text of one reading that begins at `start`. */
	read(start: LogStart): LogLines {
		return new LogLines(start, (second, offset, bytesBefore) => this.#note(second, offset, bytesBefore));
	}

	/** A line begins. A line that may have been kept in parts may have one in this second, which a reading would begin with. */
	#note(second: number, offset: number, bytesBefore: number): void {
		if (second === Number.POSITIVE_INFINITY) {
			this.#markedSecond = second;
			this.#mark = {offset: 0};
		} else if (second > this.#markedSecond && bytesBefore < partBytes) {
			this.#markedSecond = second;
			this.#mark = {offset, since: new Date(second * 1000).toISOString().replace(/\.\d+Z$/, 'Z')};
		}
	}
}

/** One reading: takes the times off its lines. */
export class LogLines {
	readonly #onLine: (second: number, offset: number, bytesBefore: number) => void;
	#offset: number;
	/** The time of the next line, as far as it has come; undefined: in the midst of a line. */
	#head: Buffer | undefined = Buffer.alloc(0);
	#at = 0;
	#second = Number.NEGATIVE_INFINITY;
	#lineBytes = 0;

	constructor({offset}: LogStart, onLine: (second: number, offset: number, bytesBefore: number) => void) {
		this.#offset = offset;
		this.#onLine = onLine;
	}

	/** It ended in the midst of the time of a line. */
	get hasRest(): boolean {
		return this.#head !== undefined && this.#head.length > 0;
	}

	/** The pieces that a chunk of the API server's answer brings, without their times. */
	push(chunk: Buffer): readonly LogPiece[] {
		const pieces: LogPiece[] = [];
		for (let rest = this.#withoutTime(chunk); rest.length > 0; rest = this.#withoutTime(rest)) {
			const end = rest.indexOf(10);
			const data = end < 0 ? rest : rest.subarray(0, end + 1);
			pieces.push({offset: this.#offset, at: this.#at, data});
			this.#offset += data.length;
			this.#lineBytes += data.length;
			rest = rest.subarray(data.length);
			if (end >= 0) this.#head = Buffer.alloc(0);
		}
		return joined(pieces);
	}

	/** What there is of the line itself. */
	#withoutTime(chunk: Buffer): Buffer {
		if (this.#head === undefined || chunk.length === 0) return chunk;
		const all = Buffer.concat([this.#head, chunk]);
		const end = all.indexOf(32);
		if (end < 0 && all.length < longestTime) {
			this.#head = all;
			return Buffer.alloc(0);
		}
		this.#head = undefined;
		this.#begin(Date.parse(all.toString('latin1', 0, end)));
		return all.subarray(end + 1);
	}

	#begin(at: number): void {
		const second = Math.floor(at / 1000);
		// A clock that was set back: what would be left out cannot be told from the time any more.
		const isBack = Number.isNaN(second) || second < this.#second;
		this.#onLine(isBack ? Number.POSITIVE_INFINITY : second, this.#offset, this.#lineBytes);
		[this.#at, this.#lineBytes] = [Number.isNaN(at) ? this.#at : at, 0];
		this.#second = isBack ? this.#second : second;
	}
}

/** Pieces of one moment are one. */
function joined(pieces: readonly LogPiece[]): readonly LogPiece[] {
	const result: Array<{offset: number; at: number; parts: Buffer[]}> = [];
	for (const {offset, at, data} of pieces) {
		const last = result.at(-1);
		if (last?.at === at) last.parts.push(data);
		else result.push({offset, at, parts: [data]});
	}
	return result.map(({offset, at, parts}) => ({
		offset,
		at,
		data: parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts),
	}));
}
