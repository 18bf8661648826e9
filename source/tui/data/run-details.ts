import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {RunDetail, TaskRow} from '../../protocol/views.ts';

/** A run is asked for again at most so often, and for at most this part of the time: of ten thousand tasks it takes a while. */
const leastMs = 1000;
const mostPart = 0.1;

export type RunDetailsOptions = {
	readonly client: Pick<Client, 'run'>;
	readonly heard: () => void;
	readonly failed: (error: unknown) => void;
};

/** What rows of tasks do not tell: what each depends on, and all its attempts. Asked for only while somebody looks at it. */
export class RunDetails {
	readonly #options: RunDetailsOptions;
	#detail: RunDetail | undefined;
	/** The rows that it was asked for after. */
	#rows: readonly TaskRow[] | undefined;
	#run: string | undefined;
	#notBefore = 0;
	#isAsking = false;
	#timer: NodeJS.Timeout | undefined;

	constructor(options: RunDetailsOptions) {
		this.#options = options;
	}

	/** The newest that is known of a run. */
	of(run: string): RunDetail | undefined {
		return this.#detail?.id === run ? this.#detail : undefined;
	}

	/** Has it as new as these rows, soon. */
	want(run: string, rows: readonly TaskRow[]): void {
		if (run !== this.#run) {
			this.#run = run;
			this.#rows = undefined;
			this.#notBefore = 0;
		}
		if (this.#isAsking || this.#rows === rows) return;
		const waitMs = this.#notBefore - performance.now();
		clearTimeout(this.#timer);
		if (waitMs <= 0) void this.#ask(run, rows);
		else this.#timer = setTimeout(this.#options.heard, waitMs);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#run = undefined;
	}

	async #ask(run: string, rows: readonly TaskRow[]): Promise<void> {
		const {client, heard, failed} = this.#options;
		const began = performance.now();
		this.#isAsking = true;
		try {
			const detail = await client.run(run);
			if (this.#run === run) [this.#detail, this.#rows] = [detail, rows];
		} catch (error) {
			// A connection that broke is made again elsewhere; then it is asked again.
			if (!(error instanceof ByoaiError && error.retryable)) failed(error);
		} finally {
			const took = performance.now() - began;
			this.#notBefore = performance.now() + Math.max(leastMs, took / mostPart);
			this.#isAsking = false;
			if (this.#run !== undefined) heard();
		}
	}
}
