import type {Clock} from '../engine/clock.ts';
import {ByoaiError, messageOf} from '../model/error.ts';

export type Chunk = string | Uint8Array;

/** Whose reply it is. What this process itself follows, for its screen or its log view, is limited by nobody else's. */
export type StreamReader = {readonly isOwn: boolean};

export type StreamOptions = {
	/** Sent when there is nothing else to say for a while, so that both ends notice a dead connection; absent: nothing is. */
	readonly heartbeat?: string;
};

/** The longest silence of a stream with a heartbeat. */
const heartbeatMs = 15_000;
/** Chunks that come at once go out together, until they are so many characters or bytes. */
const batchSize = 64 * 1024;

/** Bodies of replies that come bit by bit: produced as the client takes them, ended when it goes away or the server stops. */
export class Streams {
	readonly #clock: Clock;
	readonly #warn: (message: string) => void;
	readonly #most: number;
	readonly #open = new Map<AbortController, StreamReader>();
	/** How many of them are read from elsewhere. */
	#guests = 0;

	constructor({clock, warn, limits}: {clock: Clock; warn: (message: string) => void; limits: {readonly streams: number}}) {
		this.#clock = clock;
		this.#warn = warn;
		this.#most = limits.streams;
	}

	/** How many are open. */
	get count(): number {
		return this.#open.size;
	}

	/**
	 * `produce` is called when the client begins to read, and has to end when its signal is aborted. What is opened has to be read or
	 * cancelled. Throws `limit` when too many are open for others.
	 */
	open(
		reader: StreamReader,
		produce: (signal: AbortSignal) => AsyncGenerator<Chunk>,
		options: StreamOptions = {},
	): ReadableStream<Uint8Array> {
		if (!reader.isOwn && this.#guests >= this.#most) {
			throw new ByoaiError('limit', `as many replies are being followed as the limit streams permits (${this.#most}): end one`, {
				retryable: true,
			});
		}
		const source = new Source(produce, this.#clock, options.heartbeat);
		this.#open.set(source.abort, reader);
		if (!reader.isOwn) this.#guests++;
		let isRead = true;
		return new ReadableStream<Uint8Array>(
			{
				pull: async controller => {
					try {
						const bytes = await source.read();
						if (!isRead) return;
						if (bytes !== undefined) return controller.enqueue(bytes);
						controller.close();
					} catch (error) {
						if (!isRead) return;
						this.#warn(`a reply broke off: ${messageOf(error)}`);
						controller.error(error);
					}
					this.#forget(source.abort);
				},
				cancel: () => {
					isRead = false;
					this.#forget(source.abort);
					return source.cancel();
				},
			},
			{highWaterMark: 0},
		);
	}

	/** Ends all that is open, in good order. */
	close(): void {
		for (const abort of this.#open.keys()) abort.abort();
	}

	#forget(abort: AbortController): void {
		if (this.#open.get(abort)?.isOwn === false) this.#guests--;
		this.#open.delete(abort);
	}
}

/** A generator of chunks, read in larger pieces. */
class Source {
	readonly abort = new AbortController();
	readonly #produce: (signal: AbortSignal) => AsyncGenerator<Chunk>;
	readonly #clock: Clock;
	readonly #heartbeat: string | undefined;
	#chunks: AsyncGenerator<Chunk> | undefined;
	/** The chunk that was asked for and is still to be passed on. */
	#next: Promise<IteratorResult<Chunk>> | undefined;

	constructor(produce: (signal: AbortSignal) => AsyncGenerator<Chunk>, clock: Clock, heartbeat: string | undefined) {
		this.#produce = produce;
		this.#clock = clock;
		this.#heartbeat = heartbeat;
	}

	/** What there is now, else what comes next; undefined at the end. */
	async read(): Promise<Uint8Array | undefined> {
		// Nothing, but sent: with it go the headers, for which the client waits.
		if (this.#chunks === undefined) {
			this.#chunks = this.#produce(this.abort.signal);
			return new Uint8Array(0);
		}
		const first = await this.#peekWithin(heartbeatMs);
		if (first === undefined) return Buffer.from(this.#heartbeat ?? '');
		if (first.done === true) return undefined;
		return this.#batch(first);
	}

	async cancel(): Promise<void> {
		this.abort.abort();
		await this.#chunks?.return(undefined);
	}

	/** The chunk and those that come in the same turn of the event loop. */
	async #batch(first: IteratorYieldResult<Chunk>): Promise<Uint8Array> {
		const turnOver = new Promise<undefined>(resolve => this.#clock.soon(() => resolve(undefined)));
		const parts: Uint8Array[] = [];
		let size = 0;
		let item: IteratorResult<Chunk> | undefined = first;
		while (item !== undefined && item.done !== true) {
			this.#next = undefined;
			parts.push(typeof item.value === 'string' ? Buffer.from(item.value) : item.value);
			size += item.value.length;
			if (size >= batchSize) break;
			item = await Promise.race([this.#peek(), turnOver]);
		}
		return Buffer.concat(parts);
	}

	#peek(): Promise<IteratorResult<Chunk>> {
		if (this.#chunks === undefined) throw new Error('nothing is being read');
		this.#next ??= this.#chunks.next();
		return this.#next;
	}

	/** Undefined: there was nothing for so long. Without a heartbeat it waits without end. */
	#peekWithin(ms: number): Promise<IteratorResult<Chunk> | undefined> {
		if (this.#heartbeat === undefined) return this.#peek();
		return new Promise((resolve, reject) => {
			const cancel = this.#clock.after(ms, () => resolve(undefined));
			this.#peek().then(resolve, reject).finally(cancel);
		});
	}
}
