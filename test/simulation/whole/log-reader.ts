import assert from 'node:assert/strict';
import {createClient} from '../../../source/client/client.ts';
import {ByoaiError} from '../../../source/model/error.ts';
import type {AttemptRef} from '../../../source/model/ids.ts';
import {attemptKey} from '../../../source/model/ids.ts';
import type {Audit} from '../audit.ts';
import {outputOf} from '../command.ts';
import type {World} from '../world.ts';
import type {KeptRuns} from './kept-runs.ts';
import {origin} from './requests.ts';

export type LogReaderParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly fetch: (request: Request) => Promise<Response>;
	/** Kept output of one attempt. */
	readonly attemptBytes: number;
	readonly kept: KeptRuns;
};

const retryMs = 700;

/** Clients that follow the output of attempts, and go on from where they were when a connection breaks: each must get every byte, once. */
export class LogReader {
	readonly #parts: LogReaderParts;
	readonly #ending = new AbortController();
	#open = 0;
	/** Bytes after which each reading came to its end in good order. */
	readonly #ends = new Map<string, number>();
	#read = 0;

	constructor(parts: LogReaderParts) {
		this.#parts = parts;
	}

	get isDone(): boolean {
		return this.#open === 0;
	}

	/** Logs that were read to their ends. */
	get read(): number {
		return this.#read;
	}

	/** Gives up what is still being read. */
	close(): void {
		this.#ending.abort();
	}

	follow(ref: AttemptRef): void {
		this.#open++;
		this.#follow(ref)
			.then(bytes => {
				this.#open--;
				this.#read++;
				if (bytes !== undefined) this.#ends.set(attemptKey(ref), bytes);
			})
			.catch((error: unknown) => this.#parts.audit.fail(error));
	}

	/** One look at a log that must be whole. */
	async expectWhole(ref: AttemptRef, bytes: number): Promise<void> {
		const all = Math.min(bytes, this.#parts.attemptBytes);
		assert.equal(this.#ends.get(attemptKey(ref)) ?? all, all, `output of ${attemptKey(ref)} as it was followed to its end`);
		if (this.#parts.kept.isGoing(ref.run)) return;
		assert.equal((await this.#follow(ref)) ?? all, all, `output of ${attemptKey(ref)} as it is read in the end`);
	}

	/** Bytes that were read; undefined: the run was removed before all was. */
	async #follow(ref: AttemptRef): Promise<number | undefined> {
		const {fetch, attemptBytes} = this.#parts;
		const client = createClient({fetch, url: origin});
		const {run, task, attempt} = ref;
		for (let offset = 0; ; ) {
			try {
				for await (const bytes of client.taskLog({run, task, attempt, offset, follow: true}, this.#ending.signal)) {
					// What was not kept is told in the end, in words.
					if (offset >= attemptBytes) continue;
					const wanted = outputOf(ref, offset, offset + bytes.length);
					assert(wanted.equals(bytes), `${attemptKey(ref)}: what is read at ${offset} is not what it wrote`);
					offset += bytes.length;
				}
				return offset;
			} catch (error) {
				if (error instanceof ByoaiError && error.code === 'not_found' && this.#parts.kept.isRemoved(run)) return undefined;
				if (!(error instanceof ByoaiError && error.retryable)) throw error;
				await this.#pause();
			}
		}
	}

	#pause(): Promise<void> {
		const {world} = this.#parts;
		return new Promise(resolve => {
			world.at(retryMs, () => {
				world.promisesWait = true;
				resolve();
			});
		});
	}
}
