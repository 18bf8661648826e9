import type {AttemptRef, RunId} from '../model/ids.ts';

export type LogPiece = {
	/** Where it begins: bytes of the attempt's merged stream. */
	readonly offset: number;
	readonly stream: 'stdout' | 'stderr';
	/** When the agent read it, milliseconds of its wall clock. */
	readonly at: number;
	readonly data: Uint8Array;
};

/** A part of a log, in order and without gaps. */
export type LogSlice = {
	readonly pieces: readonly LogPiece[];
	/** Where the next read goes on. */
	readonly next: number;
	/** Bytes received so far: `next === end` means that all there is was read. */
	readonly end: number;
	/** Bytes beyond the limit for one attempt, counted but not kept. They come after all that was kept. */
	readonly dropped: number;
};

/**
 * Output of attempts, addressed by byte offset of the merged stream, with time and stream kept. Bytes are never
 * appended past a gap. What goes wrong rejects with `ByoaiError` (`unavailable`).
 */
export interface LogStore {
	/** Bytes received of this attempt, dropped ones included: where its output goes on. 0 where nothing is known. */
	end(ref: AttemptRef): Promise<number>;

	/**
	 * Takes pieces that follow one another from `offset` on. What is there already is passed over; pieces that begin
	 * beyond the end are not taken. Resolves with the new end, when all up to it is durable, and with what was new and kept.
	 */
	append(ref: AttemptRef, pieces: readonly LogPiece[]): Promise<{readonly end: number; readonly added: readonly LogPiece[]}>;

	/** Reads from `offset` on, at most about `maxBytes`, at least one piece where there is one. */
	read(ref: AttemptRef, offset: number, maxBytes: number): Promise<LogSlice>;

	/** Closes the files of an attempt that has ended; reading and appending open them again. */
	release(ref: AttemptRef): Promise<void>;

	/** Removes all output of a run; fine when there is none. */
	drop(run: RunId): Promise<void>;

	close(): Promise<void>;
}
