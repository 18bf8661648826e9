import type {StatusLine} from './status-line.ts';

const batchBytes = 64 * 1024;
/** How long a terminal may take nothing once the program is to end. */
const unreadMs = 2000;

type Stream = NodeJS.WritableStream & {
	readonly isTTY?: boolean;
	readonly columns?: number;
	/** What was written and not taken yet. */
	readonly writableLength?: number;
	/** Node's own handle of a terminal. */
	readonly _handle?: {setBlocking?: (isBlocking: boolean) => unknown} | null;
};

/**
 * Standard output or standard error: writes in batches, tells when the other side is slower, and survives that it goes away. A terminal is
 * written to as a pipe is, without waiting: Node would hold up the whole process where nobody reads it, after Ctrl+S for instance, and the orchestrator with it.
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
	readonly #givenUp = Promise.withResolvers<void>();
	#hurry: NodeJS.Timeout | undefined;

	/** `status`: what stands at the foot of the terminal that it writes to. */
	constructor(stream: Stream, status?: StatusLine) {
		this.#stream = stream;
		this.#status = stream.isTTY === true ? status : undefined;
		this.isTerminal = stream.isTTY === true;
		if (this.isTerminal) stream._handle?.setBlocking?.(false);
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

	/** How much was written that was not taken yet. */
	get waiting(): number {
		return this.#stream.writableLength ?? 0;
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
		await Promise.race([promise, this.broken, this.#givenUp.promise]);
	}

	/** The program is to end: a terminal that takes nothing for 2 s is waited for no longer, and gets no more. */
	hurry(): void {
		if (!this.isTerminal) return;
		let before = this.waiting;
		this.#hurry ??= setInterval(() => {
			const left = this.waiting;
			if (left > 0 && left >= before) this.#giveUp();
			before = left;
		}, unreadMs);
	}

	/** Nothing more is written here. `isTaken`: nothing waits to be taken, here or elsewhere: whoever writes now may wait for the terminal again. */
	close(isTaken: boolean): void {
		clearInterval(this.#hurry);
		if (this.isTerminal && isTaken) this.#stream._handle?.setBlocking?.(true);
	}

	#giveUp(): void {
		this.#isBroken = true;
		this.#caughtUp.resolve();
		this.#givenUp.resolve();
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
