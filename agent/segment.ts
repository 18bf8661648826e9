import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {messageOf} from '../source/model/error.ts';
import type {LogStream} from '../source/protocol/messages.ts';

/** A piece of output as it was read. */
export type Piece = {readonly stream: LogStream; readonly at: number; readonly data: Buffer};

/** Where one piece ends within its segment. */
type Mark = {stream: LogStream; at: number; end: number};

/** A segment is full with so many bytes, or so many pieces. */
const fullBytes = 256 * 1024;
const fullPieces = 4096;
/** Output of one stream that comes within this time is one piece. */
const mergeMs = 5;
/** A piece's time, end and stream on disk. */
const markBytes = 13;

/**
 * A run of one attempt's output: first in memory, where it grows; `seal` moves it to a file. Offsets are bytes of the
 * attempt's merged stream.
 */
export class Segment {
	readonly start: number;
	#data: Buffer = Buffer.alloc(0);
	#length = 0;
	#marks: Mark[] = [];
	#count = 0;
	#file: string | undefined;

	constructor(start: number) {
		this.start = start;
	}

	get end(): number {
		return this.start + this.#length;
	}

	/** What it takes of memory or disk, near enough. */
	get bytes(): number {
		return this.#length + this.#count * markBytes;
	}

	get full(): boolean {
		return this.#length >= fullBytes || this.#count >= fullPieces;
	}

	append(stream: LogStream, data: Buffer, at: number): void {
		this.#reserve(data.length);
		data.copy(this.#data, this.#length);
		this.#length += data.length;
		const last = this.#marks.at(-1);
		if (last?.stream === stream && at - last.at >= 0 && at - last.at < mergeMs) {
			last.end = this.#length;
		} else {
			this.#marks.push({stream, at, end: this.#length});
			this.#count += 1;
		}
	}

	/** Moves it from memory to `file`. Throws what the file system says; it is then still whole in memory. */
	seal(file: string): void {
		const header = Buffer.alloc(4 + this.#count * markBytes);
		header.writeUInt32LE(this.#count);
		for (const [index, {stream, at, end}] of this.#marks.entries()) {
			const position = 4 + index * markBytes;
			header.writeDoubleLE(at, position);
			header.writeUInt32LE(end, position + 8);
			header.writeUInt8(stream === 'stdout' ? 1 : 2, position + 12);
		}
		try {
			writeFileSync(file, Buffer.concat([header, this.#data.subarray(0, this.#length)]), {mode: 0o600, flag: 'wx'});
		} catch (error) {
			rmSync(file, {force: true});
			throw error;
		}
		this.#file = file;
		this.#data = Buffer.alloc(0);
		this.#marks = [];
	}

	/** Pieces from `offset` on, `most` bytes at most. A file that cannot be read is replaced by a message of the same length. */
	read(offset: number, most: number): Piece[] {
		const {data, marks} = this.#file === undefined ? {data: this.#data, marks: this.#marks} : this.#load(this.#file);
		const from = offset - this.start;
		const to = Math.min(from + most, this.#length);
		const pieces: Piece[] = [];
		let begin = 0;
		for (const {stream, at, end} of marks) {
			const [first, last] = [Math.max(begin, from), Math.min(end, to)];
			if (first < last) pieces.push({stream, at, data: data.subarray(first, last)});
			begin = end;
		}
		return pieces;
	}

	/** Forgets it, with its file. */
	remove(): void {
		if (this.#file !== undefined) rmSync(this.#file, {force: true});
	}

	#reserve(more: number): void {
		const needed = this.#length + more;
		if (needed <= this.#data.length) return;
		const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(this.#data.length * 2, fullBytes), 512));
		this.#data.copy(larger, 0, 0, this.#length);
		this.#data = larger;
	}

	#load(file: string): {data: Buffer; marks: Mark[]} {
		try {
			const content = readFileSync(file);
			const count = content.readUInt32LE();
			const dataAt = 4 + count * markBytes;
			if (content.length !== dataAt + this.#length) throw new Error(`${file} is cut short`);
			const marks = Array.from({length: count}, (_, index): Mark => {
				const position = 4 + index * markBytes;
				const stream = content.readUInt8(position + 12) === 1 ? 'stdout' : 'stderr';
				return {stream, at: content.readDoubleLE(position), end: content.readUInt32LE(position + 8)};
			});
			return {data: content.subarray(dataAt), marks};
		} catch (error) {
			const message = `\n[agent: ${this.#length} bytes of output were lost: ${messageOf(error)}]\n`;
			const data = Buffer.from(message.padEnd(this.#length, '.')).subarray(0, this.#length);
			return {data, marks: [{stream: 'stderr', at: Date.now(), end: this.#length}]};
		}
	}
}
