import type {OutputPiece} from '../model/instance.ts';
import type {LogChunk} from '../protocol/messages.ts';

/** Output that waits to be durable; beyond it, reading waits. */
const waitingBytes = 1024 * 1024;

/** The output of one attempt between its reading and its being durable: sent once, again when that came to nothing. */
export class UnsentOutput {
	readonly #onNews: () => void;
	/** What is not durable yet, oldest first. */
	#pieces: OutputPiece[] = [];
	/** Offset of the first of them. */
	#from = 0;
	/** Offset up to which it was sent. */
	#sent = 0;
	#end = 0;
	/** That the orchestrator has all before is to be confirmed: it then counts an outcome of no new byte. */
	#isConfirmed = true;
	#onRoom: () => void = () => undefined;

	/** `onNews`: there is something to send. */
	constructor(onNews: () => void) {
		this.#onNews = onNews;
	}

	/** Offset after the last byte. */
	get end(): number {
		return this.#end;
	}

	/** Takes up at this offset: all before is durable. */
	begin(from: number): number {
		this.#from = from;
		this.#sent = from;
		this.#end = from;
		this.#isConfirmed = from === 0;
		return from;
	}

	/** Resolves when there is room for more. */
	async add(piece: OutputPiece): Promise<void> {
		if (piece.data.length === 0) return;
		this.#pieces.push(piece);
		this.#end += piece.data.length;
		this.#onNews();
		if (this.#end - this.#from < waitingBytes) return;
		await new Promise<void>(resolve => {
			this.#onRoom = resolve;
		});
	}

	/** What is to be sent now, as a Report has it; undefined: nothing. */
	take(): {offset: number; chunks: readonly LogChunk[]} | undefined {
		if (this.#sent === this.#end && this.#isConfirmed) return undefined;
		const offset = this.#sent;
		let at = this.#from;
		const chunks: LogChunk[] = [];
		for (const {stream, at: time, data} of this.#pieces) {
			if (at >= offset) chunks.push({stream, at: time, data: data.toString('base64')});
			at += data.length;
		}
		this.#sent = this.#end;
		return {offset, chunks};
	}

	/** All before `offset` is durable. */
	acknowledge(offset: number): void {
		this.#isConfirmed = true;
		let from = this.#from;
		let count = 0;
		for (const {data} of this.#pieces) {
			if (from + data.length > offset) break;
			from += data.length;
			count++;
		}
		if (count > 0) this.#pieces.splice(0, count);
		this.#from = from;
		this.#sent = Math.max(from, Math.min(this.#sent, this.#end));
		if (this.#end - from < waitingBytes) this.#onRoom();
	}

	/** What was sent may not have come: it is sent again. */
	repeat(): void {
		this.#sent = this.#from;
	}
}
