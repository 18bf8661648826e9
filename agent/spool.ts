import {join} from 'node:path';
import type {AttemptRef} from '../source/model/ids.ts';
import {attemptKey} from '../source/model/ids.ts';
import type {LogStream, Report} from '../source/protocol/messages.ts';
import type {Piece} from './segment.ts';
import {Segment} from './segment.ts';

/** What an attempt hears of its output. */
export type OutputListener = {
	/** True: read on. False: stop reading, the spool is full; the command then waits in its writes. */
	flow(on: boolean): void;
	/** Output cannot be kept any more: nothing after this is taken. */
	failed(error: Error): void;
};

export type SpoolOptions = {
	/** For output that is too much for memory; must exist once there is some. */
	readonly directory: string;
	/** About how much is kept in all. */
	readonly limitBytes: number;
	/** There is output to report. */
	readonly onOutput: () => void;
};

/**
 * Output of all attempts until it is acknowledged: the newest of each in memory, what came before it in files. When it is
 * full it asks for silence, until a quarter of it is free again; so it may be over its limit by what was read already.
 */
export class Spool {
	readonly #options: SpoolOptions;
	readonly #outputs = new Map<string, Output>();
	#bytes = 0;
	#full = false;
	#files = 0;

	constructor(options: SpoolOptions) {
		this.#options = options;
	}

	/** Begins an attempt's output. */
	open(ref: AttemptRef, listener: OutputListener): Output {
		const output = new Output(ref, {
			listener,
			nextFile: () => join(this.#options.directory, `output-${++this.#files}`),
			changed: bytes => this.#changed(bytes),
		});
		this.#outputs.set(attemptKey(ref), output);
		if (this.#full) listener.flow(false);
		return output;
	}

	/** Output up to `offset` is safe elsewhere. */
	acknowledge(ref: AttemptRef, offset: number): void {
		this.#outputs.get(attemptKey(ref))?.acknowledge(offset);
	}

	/** Forgets an attempt's output; what it still writes goes nowhere. */
	discard(ref: AttemptRef): void {
		this.#outputs.get(attemptKey(ref))?.close();
		this.#outputs.delete(attemptKey(ref));
	}

	/** Whether there is output to report. */
	get pending(): boolean {
		return this.#outputs.values().some(output => output.pendingBytes > 0);
	}

	/** Bytes kept in memory and on disk. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Output from the acknowledged offsets on for one Report, about `most` bytes, which attempts with much to say share. */
	read(most: number): Report['logs'] {
		const speakers = [...this.#outputs.values()].filter(output => output.pendingBytes > 0);
		speakers.sort((one, other) => one.pendingBytes - other.pendingBytes);
		const logs: Array<Report['logs'][number]> = [];
		let room = most;
		for (const [index, output] of speakers.entries()) {
			const pieces = output.read(Math.ceil(room / (speakers.length - index)));
			room -= pieces.reduce((sum, {data}) => sum + data.length, 0);
			const chunks = pieces.map(({stream, at, data}) => ({stream, at, data: data.toString('base64')}));
			logs.push({ref: output.ref, offset: output.acknowledged, chunks});
		}
		return logs;
	}

	#changed(bytes: number): void {
		this.#bytes += bytes;
		if (bytes > 0) this.#options.onOutput();
		const full = this.#bytes >= (this.#full ? this.#options.limitBytes * 0.75 : this.#options.limitBytes);
		if (full === this.#full) return;
		this.#full = full;
		for (const output of this.#outputs.values()) output.flow(!full);
	}
}

type OutputOptions = {
	readonly listener: OutputListener;
	readonly nextFile: () => string;
	/** By how much the kept bytes grew or shrank. */
	readonly changed: (bytes: number) => void;
};

/** The output of one attempt. */
export class Output {
	readonly ref: AttemptRef;
	readonly #options: OutputOptions;
	/** In order and without gaps; the last one grows. */
	#segments: Segment[] = [new Segment(0)];
	#acknowledged = 0;
	#closed = false;

	constructor(ref: AttemptRef, options: OutputOptions) {
		this.ref = ref;
		this.#options = options;
	}

	/** Bytes of it so far. */
	get bytes(): number {
		return this.#tail.end;
	}

	get acknowledged(): number {
		return this.#acknowledged;
	}

	get pendingBytes(): number {
		return this.bytes - this.#acknowledged;
	}

	/** Takes output as it was read, in the order of reading; nothing is taken after a failure. */
	write(stream: LogStream, data: Buffer, at: number): void {
		if (this.#closed || data.length === 0) return;
		const before = this.#tail.bytes;
		this.#tail.append(stream, data, at);
		this.#options.changed(this.#tail.bytes - before);
		if (this.#tail.full && !this.#closed) this.#seal();
	}

	/** Pieces from the acknowledged offset on, `most` bytes at most. */
	read(most: number): Piece[] {
		const pieces: Piece[] = [];
		let offset = this.#acknowledged;
		for (const segment of this.#segments) {
			const room = most - (offset - this.#acknowledged);
			if (room <= 0) break;
			pieces.push(...segment.read(offset, room));
			offset = Math.min(segment.end, offset + room);
		}
		return pieces;
	}

	acknowledge(offset: number): void {
		this.#acknowledged = Math.max(this.#acknowledged, Math.min(offset, this.bytes));
		const done = this.#segments.filter(segment => segment.end <= this.#acknowledged);
		if (done.length === 0) return;
		const end = this.bytes;
		this.#segments = this.#segments.slice(done.length);
		if (this.#segments.length === 0) this.#segments.push(new Segment(end));
		this.#remove(done);
	}

	/** Drops it all. */
	close(): void {
		this.#closed = true;
		this.#remove(this.#segments);
		this.#segments = [new Segment(this.bytes)];
	}

	flow(on: boolean): void {
		this.#options.listener.flow(on);
	}

	get #tail(): Segment {
		const tail = this.#segments.at(-1);
		if (!tail) throw new Error('an output without a segment');
		return tail;
	}

	#seal(): void {
		try {
			this.#tail.seal(this.#options.nextFile());
			this.#segments.push(new Segment(this.bytes));
		} catch (error) {
			this.#closed = true;
			this.#options.listener.failed(error instanceof Error ? error : new Error(String(error)));
		}
	}

	#remove(segments: readonly Segment[]): void {
		let bytes = 0;
		for (const segment of segments) {
			bytes += segment.bytes;
			segment.remove();
		}
		if (bytes > 0) this.#options.changed(-bytes);
	}
}
