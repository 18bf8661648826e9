import type {Client} from '../client/client.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import {runEnded} from '../model/run.ts';
import type {LogLine, RunDetail, ViewChange} from '../protocol/views.ts';

/** What following a run needs of a client. */
export type RunFeed = Pick<Client, 'lines' | 'run'>;

/** Rows as they come: first all of them, then those that changed. */
export type ViewNews = {readonly type: 'snapshot' | 'change'; readonly rows: ViewChange};

/** Shows one run to whoever started it. */
export type RunView = {
	begin(run: RunDetail): void;
	/** Rows of all runs; it picks its own. */
	news(news: ViewNews): void;
	line(line: LogLine): void;
	/** Resolves when more lines may come. */
	ready(): Promise<void>;
	end(run: RunDetail): void;
	/** Nothing more will be shown, whether or not the run has ended. */
	close(): void;
};

export type FollowerOptions = {
	readonly feed: RunFeed;
	readonly run: RunDetail;
	readonly view: RunView;
	/** Gives the following up; the run goes on. */
	readonly signal: AbortSignal;
	/** Older lines are left out, in milliseconds since 1970. */
	readonly since?: number;
};

/** The change that ended a run, and the end of its lines, come on different ways; after so long the first is not waited for. */
const lastNewsMs = 1000;

/** Follows one run to its end: passes lines and rows on to a view. */
export class RunFollower {
	/** Resolves with the ended run; undefined: it was given up by `signal`. */
	readonly done: Promise<RunDetail | undefined>;
	readonly #id: RunId;
	readonly #view: RunView;
	readonly #lastNews = Promise.withResolvers<void>();

	constructor({feed, run, view, signal, since = 0}: FollowerOptions) {
		this.#id = run.id;
		this.#view = view;
		view.begin(run);
		this.done = this.#follow(feed, signal, since).finally(() => view.close());
	}

	news(news: ViewNews): void {
		this.#view.news(news);
		if (news.rows.runs?.some(({id, status}) => id === this.#id && runEnded(status))) this.#lastNews.resolve();
	}

	async #follow(feed: RunFeed, signal: AbortSignal, since: number): Promise<RunDetail | undefined> {
		for await (const line of feed.lines({run: this.#id, follow: true}, signal)) {
			if (line.at < since) continue;
			this.#view.line(line);
			await this.#view.ready();
		}
		if (signal.aborted) return undefined;
		const run = await feed.run(this.#id);
		if (!runEnded(run.status)) throw new ByoaiError('unavailable', `the orchestrator ended before run ${run.id} did; it may go on later`);
		await Promise.race([this.#lastNews.promise, delay(lastNewsMs)]);
		this.#view.end(run);
		return run;
	}
}

function delay(ms: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, ms).unref());
}
