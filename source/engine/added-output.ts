import type {AttemptRef} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {LogPiece} from './task-logs.ts';

/** Output of one attempt that came in and was not read yet. */
export type Added = {
	readonly ref: AttemptRef;
	/** All of it, in order; undefined: it is to be read from the store. */
	pieces: LogPiece[] | undefined;
	bytes: number;
};

/** Of output that waits for a reader, what stays in memory, which all readers share; of more, it is remembered only whose it is. */
const heldBytes = 1024 * 1024;
/** What a piece takes beside its bytes. */
const pieceBytes = 100;

/** What came in since a reader last looked: so long as it is little, itself, so that nothing is read again from disk. */
export class AddedOutput {
	#added = new Map<string, Added>();
	#bytes = 0;

	/** `end`: bytes of the attempt's output with these, those included that were dropped. */
	add(ref: AttemptRef, pieces: readonly LogPiece[], end: number): void {
		const key = attemptKey(ref);
		let added = this.#added.get(key);
		if (added === undefined) {
			added = {ref, pieces: [], bytes: 0};
			this.#added.set(key, added);
		}
		if (added.pieces === undefined) return;
		let last = 0;
		for (const piece of pieces) {
			added.pieces.push(piece);
			added.bytes += piece.data.length + pieceBytes;
			this.#bytes += piece.data.length + pieceBytes;
			last = piece.offset + piece.data.length;
		}
		// What was dropped is told by the store alone.
		if (last !== end || this.#bytes > heldBytes) {
			this.#bytes -= added.bytes;
			added.pieces = undefined;
		}
	}

	has(key: string): boolean {
		return this.#added.has(key);
	}

	/** All of it; it counts as read. */
	take(): readonly Added[] {
		if (this.#added.size === 0) return [];
		const added = [...this.#added.values()];
		this.#added = new Map();
		this.#bytes = 0;
		return added;
	}
}
