import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../model/error.ts';
import type {AgentRow, RunRow, Snapshot, TaskRow, ViewChange} from '../protocol/views.ts';
import type {Client, ViewEvent} from './client.ts';

/** What subscribers hear, when it is done: everything is new, some rows are, or the connection broke and is tried again. */
export type MirrorNews =
	| {readonly type: 'snapshot'}
	/** Only the rows that are newer than what was there. */
	| {readonly type: 'change'; readonly change: ViewChange}
	| {readonly type: 'broken'; readonly error: ByoaiError | undefined; readonly retryMs: number};

export type MirrorOptions = {
	/** Waits between two connections; ends early when the signal is aborted. */
	readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
	/** From 0 to below 1. */
	readonly random?: () => number;
	/** What changes within so long, such as `200ms`, is told together; absent: all at once. */
	readonly every?: string;
};

const shortestRetryMs = 200;
const longestRetryMs = 5000;

/**
 * An orchestrator's views, kept in step with it: rows of runs, tasks and agents by id. Tasks of a run that ended long ago, or before
 * the mirror was connected, are not among them; `Client.run` has them.
 */
export class Mirror {
	readonly #client: Pick<Client, 'events'>;
	readonly #wait: (ms: number, signal: AbortSignal) => Promise<void>;
	readonly #random: () => number;
	readonly #every: string | undefined;
	readonly #runs = new Map<string, RunRow>();
	readonly #tasks = new Map<string, TaskRow>();
	readonly #agents = new Map<string, AgentRow>();
	readonly #listeners = new Set<(news: MirrorNews) => void>();
	#lastId: string | undefined;
	#live = false;

	constructor(client: Pick<Client, 'events'>, {wait = waitOrAbort, random = Math.random, every}: MirrorOptions = {}) {
		this.#client = client;
		this.#wait = wait;
		this.#random = random;
		this.#every = every;
	}

	get runs(): ReadonlyMap<string, RunRow> {
		return this.#runs;
	}

	/** By `<run>/<index>`. */
	get tasks(): ReadonlyMap<string, TaskRow> {
		return this.#tasks;
	}

	get agents(): ReadonlyMap<string, AgentRow> {
		return this.#agents;
	}

	/** Whether the rows are those of now: connected, and heard from since. */
	get live(): boolean {
		return this.#live;
	}

	subscribe(listener: (news: MirrorNews) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/**
	 * Connects, and again whenever the connection breaks, until the signal is aborted. Rejects with what trying again does not help:
	 * `unauthorized`, `forbidden`, `not_found` …
	 */
	async follow(signal: AbortSignal): Promise<void> {
		for (let failures = 0; !signal.aborted; failures++) {
			let error: ByoaiError | undefined;
			try {
				for await (const event of this.#client.events(signal, this.#lastId, this.#every)) {
					failures = 0;
					this.#take(event);
				}
			} catch (cause) {
				if (!(cause instanceof ByoaiError && cause.retryable)) throw cause;
				error = cause;
			}
			this.#live = false;
			if (signal.aborted) return;
			const retryMs = retryDelay(failures) * (1 + this.#random() / 2);
			this.#tell({type: 'broken', error, retryMs});
			await this.#wait(retryMs, signal);
		}
	}

	#take(event: ViewEvent): void {
		this.#lastId = event.id;
		this.#live = true;
		if ('snapshot' in event) {
			this.#replace(event.snapshot);
			this.#tell({type: 'snapshot'});
		} else {
			this.#tell({type: 'change', change: this.#merge(event.change)});
		}
	}

	#replace({runs, tasks, agents}: Snapshot): void {
		for (const rows of [this.#runs, this.#tasks, this.#agents]) rows.clear();
		mergeRows(this.#runs, runs);
		mergeRows(this.#tasks, tasks);
		mergeRows(this.#agents, agents);
	}

	#merge({gone, ...change}: ViewChange): ViewChange {
		const runs = mergeRows(this.#runs, change.runs);
		const tasks = mergeRows(this.#tasks, change.tasks);
		const agents = mergeRows(this.#agents, change.agents);
		for (const id of gone?.runs ?? []) this.#forgetRun(id);
		for (const id of gone?.agents ?? []) this.#agents.delete(id);
		return {
			...(runs.length > 0 && {runs}),
			...(tasks.length > 0 && {tasks}),
			...(agents.length > 0 && {agents}),
			...(gone && {gone}),
		};
	}

	#forgetRun(id: string): void {
		this.#runs.delete(id);
		for (let task = 0; this.#tasks.delete(`${id}/${task}`); task++);
	}

	#tell(news: MirrorNews): void {
		for (const listener of this.#listeners) listener(news);
	}
}

/** Puts newer rows in place; returns those. */
function mergeRows<Row extends {readonly id: string; readonly version: number}>(into: Map<string, Row>, rows: readonly Row[] = []): Row[] {
	const newer = rows.filter(({id, version}) => version > (into.get(id)?.version ?? -1));
	for (const row of newer) into.set(row.id, row);
	return newer;
}

/** Doubled with each failure; up to half of it comes on top by chance, so that clients do not come back in step. */
function retryDelay(failures: number): number {
	return Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(failures, 10));
}

async function waitOrAbort(ms: number, signal: AbortSignal): Promise<void> {
	try {
		await sleep(ms, undefined, {signal});
	} catch {
		// aborted: who waits looks at the signal
	}
}
