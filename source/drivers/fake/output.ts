import type {OutputPiece} from '../../model/instance.ts';
import {orAborted} from '../abortable.ts';

/** What a fake instance has printed so far, and will: read from any byte on, as often as one likes. */
export class FakeOutput {
	readonly #pieces: OutputPiece[] = [];
	#news = Promise.withResolvers<void>();
	#hasEnded = false;

	print(piece: OutputPiece): void {
		this.#pieces.push(piece);
		this.#tell();
	}

	/** Nothing more will come. */
	end(): void {
		this.#hasEnded = true;
		this.#tell();
	}

	/** From byte `from` on, to the end; rejects with the signal's reason. */
	async *read(from: number, signal: AbortSignal): AsyncGenerator<OutputPiece> {
		let skip = from;
		for (let index = 0; ; index++) {
			for (let news = this.#news; index >= this.#pieces.length; news = this.#news) {
				if (this.#hasEnded) return;
				await orAborted(news.promise, signal);
			}
			signal.throwIfAborted();
			const piece = this.#pieces[index];
			if (piece === undefined) return;
			if (skip >= piece.data.length) skip -= piece.data.length;
			else {
				yield skip === 0 ? piece : {...piece, data: piece.data.subarray(skip)};
				skip = 0;
			}
		}
	}

	#tell(): void {
		this.#news.resolve();
		this.#news = Promise.withResolvers();
	}
}
