/** A piece of a log: lines of one moment, or a part of a line, with where it begins in all that was printed. */
export type LogPiece = {readonly offset: number; readonly at: number; readonly data: Buffer};

/** From where a log is read: the first byte that comes has this offset, if the first line that comes has this time. */
export type LogStart = {readonly offset: number; readonly since?: string; readonly first?: string};

/** A line that has begun: the time that stands before it, and the offset of what follows. */
type Line = {readonly time: string; readonly offset: number};

/** Runtimes keep a longer line in parts, each with a time of its own. */
const partBytes = 16 * 1024;
const longestTime = 64;

/**
 * Finds byte offsets in a log that the API gives by time only, and only to the second. It remembers where a second began: there a later
 * reading starts, instead of at the beginning, and knows how many bytes come before. One cursor serves all readings of one pod.
 *
 * A node throws a long log away, and goes on in a new file, which is all that can be read from then on. So a reading that does not begin with
 * the line that it should begin with looks for the newest line that is known, and goes on from there.
 */
export class LogCursor {
	#begin: LogStart = {offset: 0};
	#mark: LogStart = this.#begin;
	#markedSecond = Number.NEGATIVE_INFINITY;
	#newest: Line | undefined;
	#end = 0;

	/** From where to read, to have everything from an offset on. */
	startFor(offset: number): LogStart {
		return this.#mark.offset <= offset ? this.#mark : this.#begin;
	}

	/** Takes in the text of one reading that begins at `start`. */
	read(start: LogStart): LogLines {
		return new LogLines(start, this);
	}

	/** The newest line that any reading came to, and the end of all that was read. */
	get known(): {readonly newest: Line | undefined; readonly end: number} {
		return {newest: this.#newest, end: this.#end};
	}

	/** All up to there was read. */
	reach(offset: number): void {
		this.#end = Math.max(this.#end, offset);
	}

	/** A line begins. A line that may have been kept in parts may have one in this second, which a reading would begin with. */
	note({time, offset}: Line, second: number, bytesBefore: number): void {
		if (offset === 0) this.#begin = {offset, first: time};
		if (offset >= (this.#newest?.offset ?? 0)) this.#newest = {time, offset};
		if (second === Number.POSITIVE_INFINITY || offset === 0) {
			this.#markedSecond = Math.max(this.#markedSecond, second);
			this.#mark = this.#begin;
		} else if (second > this.#markedSecond && bytesBefore < partBytes) {
			this.#markedSecond = second;
			this.#mark = {offset, since: new Date(second * 1000).toISOString().replace(/\.\d+Z$/, 'Z'), first: time};
		}
	}
}

/** One reading: takes the times off its lines. */
class LogLines {
	readonly #cursor: LogCursor;
	readonly #first: string | undefined;
	#offset: number;
	/** The time of the next line, as far as it has come; undefined: in the midst of a line. */
	#head: Buffer | undefined = Buffer.alloc(0);
	#at = 0;
	#second = Number.NEGATIVE_INFINITY;
	#lineBytes = 0;
	/** `new`: no line has come. `lost`: what comes is not what was to come, nor yet what comes after the newest known line. */
	#state: 'new' | 'reads' | 'lost' = 'new';
	#hasGap = false;

	constructor({offset, first}: LogStart, cursor: LogCursor) {
		this.#offset = offset;
		this.#first = first;
		this.#cursor = cursor;
	}

	/** It ended in the midst of the time of a line. */
	get hasRest(): boolean {
		return this.#head !== undefined && this.#head.length > 0;
	}

	/** Lines were thrown away before anybody read them. */
	get hasGap(): boolean {
		return this.#hasGap;
	}

	/** The pieces that a chunk of the API server's answer brings, without their times. */
	push(chunk: Buffer): readonly LogPiece[] {
		const pieces: LogPiece[] = [];
		for (let rest = this.#withoutTime(chunk); rest.length > 0; rest = this.#withoutTime(rest)) {
			const end = rest.indexOf(10);
			const data = end < 0 ? rest : rest.subarray(0, end + 1);
			if (this.#state !== 'lost') {
				pieces.push({offset: this.#offset, at: this.#at, data});
				this.#offset += data.length;
				this.#lineBytes += data.length;
			}
			rest = rest.subarray(data.length);
			if (end >= 0) this.#head = Buffer.alloc(0);
		}
		if (this.#state === 'reads') this.#cursor.reach(this.#offset);
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
		this.#begin(all.toString('latin1', 0, end));
		return all.subarray(end + 1);
	}

	#begin(time: string): void {
		if (this.#state === 'new') this.#state = this.#first === undefined || this.#first === time ? 'reads' : 'lost';
		if (this.#state === 'lost' && !this.#find(time)) return;
		const at = Date.parse(time);
		const second = Math.floor(at / 1000);
		// A clock that was set back: what would be left out cannot be told from the time any more.
		const isBack = Number.isNaN(second) || second < this.#second;
		this.#cursor.note({time, offset: this.#offset}, isBack ? Number.POSITIVE_INFINITY : second, this.#lineBytes);
		[this.#at, this.#lineBytes] = [Number.isNaN(at) ? this.#at : at, 0];
		this.#second = isBack ? this.#second : second;
	}

	/** Whether a line is the newest that is known, or a later one: then it is known again where this is. */
	#find(time: string): boolean {
		const {newest, end} = this.#cursor.known;
		if (newest !== undefined && sortable(time) < sortable(newest.time)) return false;
		this.#hasGap = time !== newest?.time;
		this.#offset = newest?.time === time ? newest.offset : end;
		this.#state = 'reads';
		return true;
	}
}

/** Times have as many digits as they need. */
function sortable(time: string): string {
	return time.replace(/(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, (_, fraction = '.') => fraction.padEnd(10, '0'));
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
