import {messageOf} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {LogStore} from '../store/logs.ts';
import type {Store} from '../store/store.ts';
import type {Clock} from './clock.ts';
import type {Engine} from './engine.ts';

export type RetentionOptions = {
	readonly engine: Engine;
	readonly store: Store;
	readonly logs: Pick<LogStore, 'drop'>;
	readonly clock: Clock;
	readonly limits: {readonly kept_runs: number; readonly kept_days: number};
	/** Told what could not be removed, and when it was more than the few that go in the ordinary course. */
	readonly warn: (message: string) => void;
};

/** After the start, which has more important things to do. */
const firstPassMs = 200;
const nextPassMs = 60 * 60 * 1000;
/** Between two slices the engine does its work. */
const pauseMs = 10;
/** Attempts in one slice: some milliseconds. */
const sliceAttempts = 500;
/** Runs that are looked for at once. */
const sliceRuns = 100;
/** So many in one pass are worth a word: a limit was lowered, or an older version never removed anything. */
const manyRuns = 10;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Removes ended runs that are too many or too old, with their logs: at the start, whenever a run has ended, and once an hour. It works in
 * slices, and a run whose removal was cut short is removed by the next pass. Active runs, and what they retry, are never touched.
 */
export class Retention {
	readonly #options: RetentionOptions;
	#cancelTimer: () => void = () => undefined;
	#cancelSubscription: () => void = () => undefined;
	/** Ends the pause between two slices. */
	#goOn: () => void = () => undefined;
	#pass: Promise<void> | undefined;
	/** A run ended while a pass was under way. */
	#again = false;
	#closed = false;

	constructor(options: RetentionOptions) {
		this.#options = options;
	}

	start(): void {
		const {engine} = this.#options;
		this.#schedule(firstPassMs);
		this.#cancelSubscription = engine.subscribe(({endedRuns}) => {
			if (endedRuns.length > 0) this.#begin();
		});
	}

	/** Begins nothing more; resolves when the slice under way is done. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#cancelTimer();
		this.#cancelSubscription();
		this.#goOn();
		await this.#pass;
	}

	#schedule(ms: number): void {
		this.#cancelTimer();
		this.#cancelTimer = this.#options.clock.after(ms, () => this.#begin());
	}

	#begin(): void {
		if (this.#pass !== undefined) {
			this.#again = true;
			return;
		}
		this.#pass = this.#removeAll().finally(() => {
			this.#pass = undefined;
			if (this.#closed) return;
			this.#schedule(nextPassMs);
			if (this.#again) this.#begin();
			this.#again = false;
		});
	}

	async #removeAll(): Promise<void> {
		const {limits, warn} = this.#options;
		let removed = 0;
		try {
			for (let found = 1; found > 0 && !this.#closed; removed += found) found = await this.#removeSome();
		} catch (error) {
			warn(`old runs could not be removed: ${messageOf(error)}`);
		}
		if (removed < manyRuns) return;
		warn(`${removed} old runs were removed with their logs (limits kept_runs: ${limits.kept_runs}, kept_days: ${limits.kept_days})`);
	}

	/** Resolves with how many it removed. */
	async #removeSome(): Promise<number> {
		const {engine, store, clock, limits} = this.#options;
		const endedBefore = clock.now() - limits.kept_days * dayMs;
		const outdated = store.outdatedRuns({keep: limits.kept_runs, endedBefore, limit: sliceRuns});
		const retried = new Set(engine.state.runs.values().map(({retryOf}) => retryOf));
		let removed = 0;
		for (const id of outdated) {
			if (this.#closed) break;
			if (retried.has(id)) continue;
			await this.#remove(id);
			removed++;
			await this.#pause();
		}
		return removed;
	}

	/** The run itself goes last, so that whatever ends this in between, the next pass finds it. */
	async #remove(id: RunId): Promise<void> {
		const {store, logs} = this.#options;
		await logs.drop(id);
		while (!this.#closed && !store.dropRun(id, sliceAttempts)) await this.#pause();
	}

	#pause(): Promise<void> {
		if (this.#closed) return Promise.resolve();
		return new Promise(resolve => {
			this.#goOn = resolve;
			this.#options.clock.after(pauseMs, resolve);
		});
	}
}
