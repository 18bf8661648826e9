/** The most bytes of a line in one entry of the log: what is longer is kept in parts, as a container runtime does. */
const partBytes = 16 * 1024;

type Entry = {readonly at: string; readonly atMs: number; readonly data: Buffer};

export type LogOptions = {
	readonly timestamps: boolean;
	readonly tailLines?: number;
	readonly sinceMs?: number;
	readonly limitBytes?: number;
};

/** What a container printed, both streams as one, in the form in which a node keeps it: an entry a line, or a part of a long one. */
export class ContainerLog {
	#entries: Entry[] = [];
	/** Entries that were thrown away. */
	#thrown = 0;
	readonly #open: Record<'stdout' | 'stderr', Buffer> = {stdout: Buffer.alloc(0), stderr: Buffer.alloc(0)};
	readonly #listeners = new Set<() => void>();
	#ended = false;
	#lastNanoseconds = 0n;

	get ended(): boolean {
		return this.#ended;
	}

	/** Entries that there were so far. */
	get size(): number {
		return this.#thrown + this.#entries.length;
	}

	add(stream: 'stdout' | 'stderr', chunk: Buffer): void {
		let rest = Buffer.concat([this.#open[stream], chunk]);
		for (;;) {
			const end = rest.indexOf('\n');
			if (end < 0 && rest.length <= partBytes) break;
			const length = end < 0 || end >= partBytes ? partBytes : end + 1;
			this.#keep(rest.subarray(0, length));
			rest = rest.subarray(length);
		}
		this.#open[stream] = rest;
		this.#tell();
	}

	/** What is left without a line break is an entry of its own. */
	end(): void {
		for (const stream of ['stdout', 'stderr'] as const) if (this.#open[stream].length > 0) this.#keep(this.#open[stream]);
		this.#ended = true;
		this.#tell();
	}

	/** What there is after `position` entries, as the API sends it, and how far that is. */
	read(
		position: number,
		startsLine: boolean,
		{timestamps, tailLines, sinceMs}: LogOptions,
	): {data: Buffer; position: number; startsLine: boolean} {
		const pieces: Buffer[] = [];
		let isNew = startsLine;
		const isTail = position === 0 && tailLines !== undefined;
		const first = isTail ? this.#entries.length - tailLines : position - this.#thrown;
		for (const {at, atMs, data} of this.#entries.slice(Math.max(0, first))) {
			if (sinceMs === undefined || atMs >= sinceMs) pieces.push(...(timestamps && isNew ? [Buffer.from(`${at} `)] : []), data);
			isNew = data.at(-1) === 10;
		}
		return {data: Buffer.concat(pieces), position: this.size, startsLine: isNew};
	}

	/** What a node does with a long log: a new reading finds what comes from now on, and the newest `kept` entries. */
	rotate(kept = 0): void {
		this.#thrown += this.#entries.length - kept;
		this.#entries = kept === 0 ? [] : this.#entries.slice(-kept);
	}

	onNews(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Times have nanoseconds, and none is before the one of the line above. */
	#keep(data: Buffer): void {
		const measured = BigInt(Date.now()) * 1_000_000n;
		this.#lastNanoseconds = measured > this.#lastNanoseconds ? measured : this.#lastNanoseconds + 1n;
		const atMs = Number(this.#lastNanoseconds / 1_000_000n);
		const nanoseconds = String(this.#lastNanoseconds % 1_000_000_000n).padStart(9, '0');
		this.#entries.push({at: `${new Date(atMs).toISOString().slice(0, 19)}.${nanoseconds}Z`, atMs, data: Buffer.from(data)});
	}

	#tell(): void {
		for (const listener of this.#listeners) listener();
	}
}
