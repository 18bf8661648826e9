import {messageOf} from '../model/error.ts';
import type {AttemptRef} from '../model/ids.ts';
import type {LogPiece, LogSlice, LogStore} from '../store/logs.ts';

export type {LogPiece, LogSlice};

/** `added`: what is new and was kept. `end`: bytes of the attempt's output with these, those included that were dropped. */
export type LogListener = (ref: AttemptRef, added: readonly LogPiece[], end: number) => void;

export type TaskLogsOptions = {
	/** Told that output cannot be kept, and why, once in a while as long as it is so; and that it can again. */
	readonly warn?: (message: string) => void;
	/** Milliseconds; only differences mean something. */
	readonly monotonic?: () => number;
};

/** How often it is said that output cannot be kept: agents try again all the time. */
const warnAgainMs = 60_000;

/** Output of attempts as it comes in: kept first, then shown to whoever listens. */
export class TaskLogs {
	readonly #store: LogStore;
	readonly #warn: (message: string) => void;
	readonly #monotonic: () => number;
	readonly #listeners = new Set<LogListener>();
	/** When it was last said that output cannot be kept; undefined: it can, as far as is known. */
	#warnedAt: number | undefined;

	constructor(store: LogStore, {warn = () => undefined, monotonic = () => performance.now()}: TaskLogsOptions = {}) {
		this.#store = store;
		this.#warn = warn;
		this.#monotonic = monotonic;
	}

	/** Durable bytes of an attempt's output, those counted but not kept included. */
	end(ref: AttemptRef): Promise<number> {
		return this.#store.end(ref);
	}

	/** Resolves with the new end once all up to it is durable. */
	async append(ref: AttemptRef, pieces: readonly LogPiece[]): Promise<number> {
		const {end, added} = await this.#append(ref, pieces);
		if (added.length > 0) for (const listener of this.#listeners) listener(ref, added, end);
		return end;
	}

	/** The agent keeps what is refused and says it again: nothing is lost, but somebody has to know why nothing goes on. */
	async #append(ref: AttemptRef, pieces: readonly LogPiece[]): ReturnType<LogStore['append']> {
		try {
			const result = await this.#store.append(ref, pieces);
			if (this.#warnedAt !== undefined && result.added.length > 0) {
				this.#warnedAt = undefined;
				this.#warn('output of tasks is kept again');
			}
			return result;
		} catch (error) {
			const now = this.#monotonic();
			if (this.#warnedAt === undefined || now - this.#warnedAt >= warnAgainMs) {
				this.#warnedAt = now;
				this.#warn(`output of tasks is not kept, and they wait: ${messageOf(error)}`);
			}
			throw error;
		}
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
