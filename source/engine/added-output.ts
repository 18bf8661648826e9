import type {AttemptRef, RunId} from '../model/ids.ts';
import {attemptNumber} from '../model/ids.ts';
import type {LogPiece} from './task-logs.ts';

/** Output of one attempt that came in and was not read yet. */
export type Added = {
	readonly ref: AttemptRef;
	/** All of it, in order; undefined: it is to be read from the store. */
	pieces: readonly LogPiece[] | undefined;
	/** The same, where it came with more than one report. */
	joined: LogPiece[] | undefined;
	bytes: number;
};

/** Of output that waits for a reader, what stays in memory, which all readers share; of more, it is remembered only whose it is. */
const heldBytes = 1024 * 1024;
/** What a piece takes beside its bytes. */
const pieceBytes = 100;

const none: readonly LogPiece[] = [];

/** What came in since a reader last looked: so long as it is little, itself, so that nothing is read again from disk. */
export class AddedOutput {
	/** By run, then by number of the attempt. */
	#added = new Map<RunId, Map<number, Added>>();
	#bytes = 0;

	/** `end`: bytes of the attempt's output with these, those included that were dropped. */
	add(ref: AttemptRef, pieces: readonly LogPiece[], end: number): void {
		let ofRun = this.#added.get(ref.run);
		if (ofRun === undefined) {
			ofRun = new Map();
			this.#added.set(ref.run, ofRun);
		}
		const number = attemptNumber(ref);
		let added = ofRun.get(number);
		if (added === undefined) {
			added = {ref, pieces: none, joined: undefined, bytes: 0};
			ofRun.set(number, added);
		}
		if (added.pieces === undefined) return;
		let last = 0;
		let bytes = 0;
		for (const piece of pieces) {
			bytes += piece.data.length + pieceBytes;
			last = piece.offset + piece.data.length;
		}
		// Mostly nothing more comes before it is read.
		if (added.pieces.length === 0) added.pieces = pieces;
		else {
			added.joined ??= [...added.pieces];
			for (const piece of pieces) added.joined.push(piece);
			added.pieces = added.joined;
		}
		added.bytes += bytes;
		this.#bytes += bytes;
		// What was dropped is told by the store alone.
		if (last !== end || this.#bytes > heldBytes) {
			this.#bytes -= added.bytes;
			added.pieces = undefined;
			added.joined = undefined;
		}
	}

	has(ref: AttemptRef): boolean {
		return this.#added.get(ref.run)?.has(attemptNumber(ref)) ?? false;
	}

	/** All of it; it counts as read. */
	take(): readonly Added[] {
		if (this.#added.size === 0) return [];
		const added = [...this.#added.values()].flatMap(ofRun => [...ofRun.values()]);
		this.#added = new Map();
		this.#bytes = 0;
		return added;
	}
}
