import type {AttemptRef} from '../model/ids.ts';
import type {LogPiece, LogSlice, LogStore} from '../store/logs.ts';

export type {LogPiece, LogSlice};

export type LogListener = (ref: AttemptRef, added: readonly LogPiece[]) => void;

/** Output of attempts as it comes in: kept first, then shown to whoever listens. */
export class TaskLogs {
	readonly #store: LogStore;
	readonly #listeners = new Set<LogListener>();

	constructor(store: LogStore) {
		this.#store = store;
	}

	/** Durable bytes of an attempt's output, those counted but not kept included. */
	end(ref: AttemptRef): Promise<number> {
		return this.#store.end(ref);
	}

	/** Resolves with the new end once all up to it is durable. */
	async append(ref: AttemptRef, pieces: readonly LogPiece[]): Promise<number> {
		const {end, added} = await this.#store.append(ref, pieces);
		if (added.length > 0) for (const listener of this.#listeners) listener(ref, added);
		return end;
	}

	read(ref: AttemptRef, offset: number, maxBytes: number): Promise<LogSlice> {
		return this.#store.read(ref, offset, maxBytes);
	}

	/** The attempt has ended: its files need not stay open. */
	release(ref: AttemptRef): Promise<void> {
		return this.#store.release(ref);
	}

	subscribe(listener: LogListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}
}
