import type {Client} from '../../client/client.ts';
import type {MirrorNews} from '../../client/mirror.ts';
import {Mirror} from '../../client/mirror.ts';
import {ByoaiError} from '../../model/error.ts';
import type {RunId} from '../../model/ids.ts';
import type {RunRow, TaskRow} from '../../protocol/views.ts';
import {RowsStore} from './rows-store.ts';
import type {Connection, Snapshot} from './snapshot.ts';

export type LiveDataOptions = {
	readonly client: Client;
	/** Where the orchestrator is now. */
	readonly address: () => string;
	readonly isReadonly: boolean;
	/** Something is new. */
	readonly heard: () => void;
	/** Something that was asked for is refused, or cannot be had. */
	readonly failed: (error: unknown) => void;
};

/** About as often as it is drawn. */
const dataEvery = '200ms';
const historyRuns = 200;

/** Everything that an orchestrator tells, kept in step with it: rows, and how the connection is. */
export class LiveData {
	/** Rejects when trying again does not help. */
	readonly done: Promise<void>;
	readonly #options: LiveDataOptions;
	readonly #rows: RowsStore;
	readonly #stop = new AbortController();
	readonly #asked = new Set<RunId>();
	#connection: Connection;
	#shown: RunId | undefined;

	constructor(options: LiveDataOptions) {
		this.#options = options;
		const {client, address, isReadonly} = options;
		const mirror = new Mirror(client, {every: dataEvery});
		this.#rows = new RowsStore(mirror);
		this.#connection = {url: address(), isReadonly, state: 'connecting'};
		mirror.subscribe(news => this.#hear(news));
		this.done = mirror.follow(this.#stop.signal);
	}

	/** Newest first. */
	get runs(): readonly RunRow[] {
		return this.#rows.runs;
	}

	/** The run with an id; the newest one. */
	run(id: RunId | undefined): RunRow | undefined {
		const {runs} = this.#rows;
		return id === undefined ? runs[0] : runs.find(run => run.id === id);
	}

	/** In file order; undefined: they are not at hand. */
	tasks(run: RunId): readonly TaskRow[] | undefined {
		return this.#rows.tasks(run);
	}

	/** Has the tasks of a run at hand from now on. */
	show(run: RunId | undefined): void {
		this.#shown = run;
		this.#askTasks();
	}

	/** What there is now; lists that did not change are the same objects as before. */
	snapshot(id: RunId | undefined): Omit<Snapshot, 'now' | 'diagnostics'> {
		const run = this.run(id);
		return {
			connection: this.#connection,
			runs: this.#rows.runs,
			agents: this.#rows.agents,
			run,
			tasks: (run && this.#rows.tasks(run.id)) ?? noTasks,
		};
	}

	close(): void {
		this.#stop.abort();
	}

	#hear(news: MirrorNews): void {
		this.#rows.take(news);
		if (news.type === 'broken') {
			const trouble = news.error === undefined ? 'the orchestrator ended; trying again' : 'connection lost; trying again';
			this.#connection = {...this.#connection, state: 'broken', trouble};
		} else if (this.#connection.state !== 'live') {
			this.#connection = {url: this.#options.address(), isReadonly: this.#connection.isReadonly, state: 'live'};
		}
		if (news.type === 'snapshot') void this.#askHistory();
		this.#options.heard();
	}

	/** Runs that ended before: nobody tells of them unless asked. */
	async #askHistory(): Promise<void> {
		this.#asked.clear();
		await this.#ask(async client => this.#rows.addHistory(await client.runs({limit: historyRuns})));
		this.#askTasks();
	}

	#askTasks(): void {
		const run = this.#shown;
		if (run === undefined || this.#rows.tasks(run) !== undefined || this.#asked.has(run)) return;
		this.#asked.add(run);
		void this.#ask(async client => this.#rows.addRun(await client.run(run)));
	}

	async #ask(what: (client: Client) => Promise<void>): Promise<void> {
		try {
			await what(this.#options.client);
			this.#options.heard();
		} catch (error) {
			// A connection that broke is shown as such, and made again; then it is asked again.
			if (!(error instanceof ByoaiError && error.retryable)) this.#options.failed(error);
		}
	}
}

const noTasks: Snapshot['tasks'] = [];
