import type {StatusLine} from './status-line.ts';

const batchBytes = 64 * 1024;

type Stream = NodeJS.WritableStream & {readonly isTTY?: boolean; readonly columns?: number};

/**
 * Standard output or standard error: writes in batches, tells when the other side is slower, and survives that it goes away.
 */
export class Output {
	/** Resolves with the error when the stream can take no more: `EPIPE` when nobody reads it any longer. */
	readonly broken: Promise<NodeJS.ErrnoException>;
	readonly isTerminal: boolean;
	readonly #stream: Stream;
	readonly #status: StatusLine | undefined;
	#batch: string[] = [];
	#batchBytes = 0;
	#scheduled: NodeJS.Immediate | undefined;
	#isFull = false;
	#caughtUp = Promise.withResolvers<void>();
	#isBroken = false;
	#failure: NodeJS.ErrnoException | undefined;

	/** `status`: what stands at the foot of the terminal that it writes to. */
	constructor(stream: Stream, status?: StatusLine) {
		this.#stream = stream;
		this.#status = stream.isTTY === true ? status : undefined;
		this.isTerminal = stream.isTTY === true;
		// Always listened to: a reader may have caught up before anybody waits for it.
		stream.on('drain', () => {
			this.#isFull = false;
			this.#caughtUp.resolve();
			this.#caughtUp = Promise.withResolvers();
		});
		this.broken = new Promise(resolve =>
			stream.on('error', (error: NodeJS.ErrnoException) => {
				this.#isBroken = true;
				this.#failure = error;
				this.#caughtUp.resolve();
				resolve(error);
			}),
		);
	}

	/** How wide the terminal is at present; undefined where there is none, or it does not say. */
	get columns(): number | undefined {
		return this.isTerminal ? this.#stream.columns || undefined : undefined;
	}

	/** Why the stream took no more, other than that nobody reads it any longer: the disk is full, for instance. */
	get failure(): Error | undefined {
		return this.#failure?.code === 'EPIPE' ? undefined : this.#failure;
	}

	/** Never waits; see `ready`. */
	write(text: string): void {
		if (this.#isBroken) return;
		this.#batch.push(text);
		this.#batchBytes += text.length;
		if (this.#batchBytes >= batchBytes) this.#send();
		else this.#scheduled ??= setImmediate(() => this.#send());
	}

	/** Bytes as they are, after what was written before. */
	writeBytes(bytes: Uint8Array): void {
		this.#send();
		if (!this.#isBroken && !this.#stream.write(bytes)) this.#isFull = true;
	}

	/** Resolves at once while the other side keeps up, else when it has caught up (or is gone). */
	async ready(): Promise<void> {
		if (!this.#isFull || this.#isBroken) return;
		await this.#caughtUp.promise;
	}

	/** Resolves when all that was written is with the operating system, or can no longer get there. */
	async flush(): Promise<void> {
		this.#send();
		if (this.#isBroken) return;
		const {promise, resolve} = Promise.withResolvers<void>();
		this.#stream.write('', () => resolve());
		await Promise.race([promise, this.broken]);
	}

	#send(): void {
		clearImmediate(this.#scheduled);
		this.#scheduled = undefined;
		if (this.#batch.length === 0) return;
		const batch = this.#batch.join('');
		const text = this.#status?.around(batch) ?? batch;
		this.#batch = [];
		this.#batchBytes = 0;
		if (!this.#isBroken && !this.#stream.write(text)) this.#isFull = true;
	}
}
