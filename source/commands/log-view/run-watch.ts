import type {Client} from '../../client/client.ts';
import type {MirrorNews} from '../../client/mirror.ts';
import {Mirror} from '../../client/mirror.ts';
import type {RunId} from '../../model/ids.ts';
import type {RunDetail, RunRow, ViewChange} from '../../protocol/views.ts';
import type {RunView} from './run-follower.ts';
import {RunFollower} from './run-follower.ts';
import type {StartsView} from './starts-view.ts';

export type WatchOptions = {
	readonly client: Client;
	readonly makeView: (about: {readonly resumed: boolean}) => RunView;
	/** Ends the watching; runs go on. */
	readonly signal: AbortSignal;
	/** Shows what is being started for the runs. */
	readonly starts?: StartsView | undefined;
};

export type FollowOptions = {
	/** The run went on already before. */
	readonly resumed: boolean;
	/** Older lines are left out, in milliseconds since 1970. */
	readonly since?: number;
};

/** Follows any number of runs of one orchestrator, over one stream of its views. */
export class RunWatch {
	/** Rejects when the views cannot be had. */
	readonly done: Promise<void>;
	readonly #options: WatchOptions;
	readonly #mirror: Mirror;
	readonly #followers = new Map<RunId, RunFollower>();

	constructor(options: WatchOptions) {
		this.#options = options;
		this.#mirror = new Mirror(options.client);
		this.#mirror.subscribe(news => this.#take(news));
		this.done = this.#mirror.follow(options.signal);
		options.signal.addEventListener('abort', () => options.starts?.close(), {once: true});
	}

	/** `heard` is called with run rows, all of them and then those that change. */
	subscribe(heard: (runs: readonly RunRow[]) => void): void {
		this.#mirror.subscribe(news => {
			if (news.type !== 'broken') heard(news.type === 'change' ? (news.change.runs ?? []) : [...this.#mirror.runs.values()]);
		});
	}

	/** Shows a run from here on; resolves with the ended run, or undefined when the signal ended the watching. */
	async follow(run: RunDetail, {resumed, since}: FollowOptions): Promise<RunDetail | undefined> {
		const {client, makeView, signal} = this.#options;
		const follower = new RunFollower({feed: client, run, view: makeView({resumed}), signal, ...(since !== undefined && {since})});
		this.#followers.set(run.id, follower);
		if (this.#mirror.live) {
			const rows = this.#rows();
			follower.news({type: 'snapshot', rows});
			this.#showStarts(rows, true);
		}
		try {
			return await follower.done;
		} finally {
			this.#followers.delete(run.id);
		}
	}

	#take(news: MirrorNews): void {
		if (news.type === 'broken' || this.#followers.size === 0) return;
		const rows = news.type === 'change' ? news.change : this.#rows();
		for (const follower of this.#followers.values()) follower.news({type: news.type, rows});
		this.#showStarts(rows, news.type === 'snapshot');
	}

	/** Of agents, also those that no run owns: it may wait for them. */
	#showStarts({tasks = [], agents = [], gone}: ViewChange, isAll: boolean): void {
		const rows = {
			tasks: tasks.filter(({run}) => this.#followers.has(run)),
			agents: agents.filter(({run}) => run === undefined || this.#followers.has(run)),
		};
		this.#options.starts?.news({...rows, ...(gone && {gone})}, isAll);
	}

	#rows(): ViewChange {
		const {runs, tasks, agents} = this.#mirror;
		return {runs: [...runs.values()], tasks: [...tasks.values()], agents: [...agents.values()]};
	}
}
