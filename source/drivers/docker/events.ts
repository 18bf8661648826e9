import type {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Connect} from './engine.ts';
import {ask, saidBy} from './engine.ts';
import {jsonLines} from './lines.ts';
import {ownerLabel} from './spec.ts';

export type DockerEventsOptions = {
	readonly connect: Connect;
	readonly owner: string;
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
};

/** After a stream broke off. */
const shortestRetryMs = 250;
const longestRetryMs = 5000;
/** Of a stream with what came before it. */
const overlapSeconds = 2;

/**
 * The engine's own news of our containers, as one stream for all who follow. Whoever follows is told that there is news, and then looks
 * by itself: so nothing is lost with a stream that breaks off, for a new one is news, too.
 */
export class DockerEvents {
	readonly #options: DockerEventsOptions;
	readonly #followers = new Map<() => void, string>();
	readonly #closing = new AbortController();
	#stream: Readable | undefined;
	#runs = false;

	constructor(options: DockerEventsOptions) {
		this.#options = options;
	}

	/** Calls `onNews` when something happened to the container, or may have. */
	follow(container: string, onNews: () => void): () => void {
		this.#followers.set(onNews, container);
		if (!this.#runs) void this.#run();
		return () => {
			this.#followers.delete(onNews);
			if (this.#followers.size === 0) this.#stream?.destroy();
		};
	}

	close(): void {
		this.#closing.abort();
		this.#stream?.destroy();
	}

	/** Reads one stream after the other for as long as somebody follows. */
	async #run(): Promise<void> {
		this.#runs = true;
		let failures = 0;
		while (this.#followers.size > 0 && !this.#closing.signal.aborted) {
			try {
				await this.#read(() => {
					if (failures > 0) this.#options.warn('Docker answers again');
					failures = 0;
				});
			} catch (error) {
				// The wait grows, but what becomes of a run hangs on it: nobody else tells of the end of a container.
				if (failures++ === 0 && !this.#closing.signal.aborted)
					this.#options.warn(`what goes on in containers cannot be seen at the moment, trying again: ${saidBy(error)}`);
			}
			if (this.#followers.size === 0) break;
			await sleep(Math.min(longestRetryMs, shortestRetryMs * 2 ** failures), undefined, {ref: false});
		}
		this.#runs = false;
	}

	async #read(onOpen: () => void): Promise<void> {
		const {connect, owner} = this.#options;
		const filters = {type: ['container' as const], label: [`${ownerLabel}=${owner}`], event: ['die', 'oom', 'pause', 'destroy']};
		const docker = await connect();
		// An engine may answer a moment before it listens for events itself. What was told before is only news once more.
		const since = Math.floor(Date.now() / 1000) - overlapSeconds;
		const stream = (await ask('tell of its events', docker.getEvents({filters, since}))) as Readable;
		this.#stream = stream;
		try {
			if (this.#followers.size === 0 || this.#closing.signal.aborted) return;
			onOpen();
			this.#tell(() => true);
			for await (const {Actor} of jsonLines(stream)) {
				const {ID} = (Actor ?? {}) as {ID?: unknown};
				this.#tell(container => container === ID);
			}
		} catch (error) {
			if (this.#followers.size > 0) throw error;
		} finally {
			stream.destroy();
			this.#stream = undefined;
		}
	}

	#tell(isMeant: (container: string) => boolean): void {
		for (const [onNews, container] of this.#followers) if (isMeant(container)) onNews();
	}
}
