import type {Client} from '../../client/client.ts';
import {ByoaiError} from '../../model/error.ts';
import type {RunId} from '../../model/ids.ts';
import {runEnded} from '../../model/run.ts';
import type {LogLine, RunDetail, ViewChange} from '../../protocol/views.ts';

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

/** News and lines come on different ways; after so long the one is not waited for by the other. */
const newsWithinMs = 1000;

/** Follows one run to its end: passes lines and rows on to a view. */
export class RunFollower {
	/** Resolves with the ended run; undefined: it was given up by `signal`. */
	readonly done: Promise<RunDetail | undefined>;
	readonly #id: RunId;
	readonly #view: RunView;
	readonly #lastNews = Promise.withResolvers<void>();
	/** By index, the newest attempt of each task that the news told of. */
	readonly #attempts = new Map<number, number>();
	#nextNews = Promise.withResolvers<void>();
	/** News were waited for in vain, or none are to come: lines do not wait for them. */
	#isAhead = false;

	constructor({feed, run, view, signal, since = 0}: FollowerOptions) {
		this.#id = run.id;
		this.#view = view;
		view.begin(run);
		// Taken away at the end: the signal may be that of a manager, which lives on.
		const wake = () => this.#nextNews.resolve();
		signal.addEventListener('abort', wake);
		this.done = this.#follow(feed, signal, since).finally(() => {
			signal.removeEventListener('abort', wake);
			view.close();
		});
	}

	news(news: ViewNews): void {
		this.#view.news(news);
		for (const {run, task, attempt} of news.rows.tasks ?? []) if (run === this.#id) this.#attempts.set(task, attempt);
		const hasEnded = news.rows.runs?.some(({id, status}) => id === this.#id && runEnded(status)) ?? false;
		if (hasEnded) this.#lastNews.resolve();
		this.#isAhead = hasEnded;
		this.#nextNews.resolve();
		this.#nextNews = Promise.withResolvers();
	}

	async #follow(feed: RunFeed, signal: AbortSignal, since: number): Promise<RunDetail | undefined> {
		for await (const line of feed.lines({run: this.#id, follow: true}, signal)) {
			if (line.at < since) continue;
			await this.#newsOf(line, signal);
			this.#view.line(line);
			await this.#view.ready();
		}
		if (signal.aborted) return undefined;
		const run = await feed.run(this.#id);
		if (!runEnded(run.status)) throw new ByoaiError('unavailable', `the orchestrator ended before run ${run.id} did; it may go on later`);
		await Promise.race([this.#lastNews.promise, delay(newsWithinMs)]);
		this.#view.end(run);
		return run;
	}

	/** What brought an attempt about is told before its lines are: it resolves once the news have come as far. */
	async #newsOf({task, attempt}: LogLine, signal: AbortSignal): Promise<void> {
		const hasCome = () => this.#isAhead || signal.aborted || (this.#attempts.get(task) ?? 0) >= attempt;
		if (hasCome()) return;
		const enough = delay(newsWithinMs).then(() => {
			this.#isAhead = true;
		});
		while (!hasCome()) await Promise.race([this.#nextNews.promise, enough]);
	}
}

function delay(ms: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, ms).unref());
}
