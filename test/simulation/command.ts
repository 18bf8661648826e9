import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome} from '../../source/model/run.ts';
import type {LogChunk} from '../../source/protocol/messages.ts';

/** How a command came to an end before its own. */
export type Kill = {readonly status: 'cancelled' | 'lost' | 'timed_out'};

/** One command as it runs: writes bytes that follow from its name at a steady pace, and waits while the spool is full. */
export class Command {
	readonly ref: AttemptRef;
	readonly ms: number;
	readonly planned: Outcome;
	/** Output that the orchestrator has. */
	acknowledged = 0;
	kill: Kill | undefined;
	/** Bytes of output in all; known once it has ended. */
	endedBytes: number | undefined;
	readonly #bytes: number;
	readonly #begunAt: number;
	readonly #spoolBytes: number;

	constructor(ref: AttemptRef, plan: {ms: number; bytes: number; outcome: Outcome}, begunAt: number, spoolBytes: number) {
		this.ref = ref;
		this.ms = plan.ms;
		this.planned = plan.outcome;
		this.#bytes = plan.bytes;
		this.#begunAt = begunAt;
		this.#spoolBytes = spoolBytes;
	}

	/** How much it has written by now. */
	written(now: number): number {
		if (this.endedBytes !== undefined) return this.endedBytes;
		const wanted = Math.floor((this.#bytes * (now - this.#begunAt)) / this.ms);
		return Math.max(this.acknowledged, Math.min(this.#bytes, wanted, this.acknowledged + this.#spoolBytes));
	}

	hasWrittenAll(now: number): boolean {
		return this.written(now) === this.#bytes;
	}

	/** Output from the acknowledged offset on, at most so many bytes, in one or two pieces. */
	unsent(now: number, limit: number): LogChunk[] {
		const from = this.acknowledged;
		const to = Math.min(this.written(now), from + limit);
		const middle = from + Math.ceil((to - from) / 2);
		return [
			{stream: 'stdout' as const, from, to: middle},
			{stream: 'stderr' as const, from: middle, to},
		].flatMap(({stream, from, to}) => (from < to ? [{stream, at: 0, data: outputOf(this.ref, from, to).toString('base64')}] : []));
	}
}

/** What an attempt writes from one offset to another. */
export function outputOf(ref: AttemptRef, from: number, to: number): Buffer {
	let salt = 0;
	for (const letter of attemptKey(ref)) salt = (Math.imul(salt, 31) + letter.charCodeAt(0)) | 0;
	const bytes = Buffer.alloc(to - from);
	for (let offset = from; offset < to; offset++) bytes[offset - from] = Math.imul(salt + offset, 2_654_435_761) >>> 16;
	return bytes;
}
