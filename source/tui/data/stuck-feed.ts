import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {TaskRow} from '../../protocol/views.ts';

/** A task that waits for what will not come by itself, and why. */
export type Stuck = {
	/** The row's. */
	readonly id: string;
	readonly name: string;
	readonly reason: string;
};

export type StuckFeedOptions = {
	readonly client: Client;
	readonly heard: () => void;
	readonly failed: (error: unknown) => void;
};

/** How often at most it is asked why a task waits. */
const everyMs = 3000;
/** What passes by itself. */
const usual = /^no free slot|^max_parallel| is starting$/;

/** Asks why the first task that is ready does not start: one speaks for all that ask for the same. */
export class StuckFeed {
	readonly #options: StuckFeedOptions;
	#found: Stuck | undefined;
	#askedAt = 0;
	#isAsking = false;

	constructor(options: StuckFeedOptions) {
		this.#options = options;
	}

	/** What is known; undefined: nothing is stuck. */
	get view(): Stuck | undefined {
		return this.#found;
	}

	/** Looks at these tasks; asks again where what is known is old. */
	look(tasks: readonly TaskRow[], now: number): void {
		const found = this.#found;
		// It may have begun since.
		if (found !== undefined && !tasks.some(({id, status}) => id === found.id && status === 'ready')) this.#found = undefined;
		const first = tasks.find(({status}) => status === 'ready');
		const isDue = now - this.#askedAt >= everyMs || now < this.#askedAt;
		if (first !== undefined && isDue && !this.#isAsking) void this.#ask(first, now);
	}

	async #ask({id, run, task, name}: TaskRow, now: number): Promise<void> {
		this.#isAsking = true;
		this.#askedAt = now;
		try {
			const {waiting} = await this.#options.client.task(run, task);
			const before = this.#found?.reason;
			this.#found = waiting === undefined || usual.test(waiting) ? undefined : {id, name, reason: waiting};
			if (this.#found?.reason !== before) this.#options.heard();
		} catch (error) {
			// A connection that broke is shown as such.
			if (!(error instanceof ByoaiError)) this.#options.failed(error);
		} finally {
			this.#isAsking = false;
		}
	}
}
