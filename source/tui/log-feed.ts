import {setTimeout as sleep} from 'node:timers/promises';
import type {Client} from '../client/client.ts';
import type {LinesQuery} from '../client/queries.ts';
import {ByoaiError} from '../model/error.ts';
import type {LogLine} from '../protocol/views.ts';
import type {LogView} from './snapshot.ts';
import type {LogSource} from './ui.ts';

/** Lines that are kept; older ones are in `byoai logs`. */
const keptLines = 10_000;
const retryMs = 1000;

export type LogFeedOptions = {
	readonly client: Pick<Client, 'lines'>;
	/** There are new lines, or the state changed. */
	readonly heard: () => void;
	readonly failed: (error: unknown) => void;
};

/** Follows the output of one source at a time, and keeps its newest lines. */
export class LogFeed {
	readonly #options: LogFeedOptions;
	#key = '';
	#lines: LogLine[] = [];
	#dropped = 0;
	#state: LogView['state'] = 'following';
	#shown: LogView | undefined;
	#stop = new AbortController();

	constructor(options: LogFeedOptions) {
		this.#options = options;
	}

	/** The same object until something changes. */
	get view(): LogView {
		this.#shown ??= {lines: this.#lines.slice(), dropped: this.#dropped, state: this.#state};
		return this.#shown;
	}

	/** How many lines came since the source was chosen. */
	get count(): number {
		return this.#dropped + this.#lines.length;
	}

	/** Shows another source from now on; the same one again changes nothing. */
	follow(source: LogSource | undefined): void {
		const key = JSON.stringify(source);
		if (key === this.#key) return;
		this.#key = key;
		this.#stop.abort();
		this.#stop = new AbortController();
		this.#lines = [];
		this.#dropped = 0;
		this.#set('following');
		if (source !== undefined) void this.#read(queryOf(source), this.#stop.signal);
	}

	close(): void {
		this.#stop.abort();
	}

	/** Reads until the source has ended; a connection that breaks is made anew, and goes on where it was. */
	async #read(query: LinesQuery, signal: AbortSignal): Promise<void> {
		let resume: Resume | undefined;
		while (!signal.aborted) {
			try {
				const since = resume === undefined ? {} : {since: new Date(resume.at).toISOString()};
				for await (const line of this.#options.client.lines({...query, ...since, follow: true}, signal)) {
					if (resume?.knows(line) === true) continue;
					resume = (resume ?? new Resume()).after(line);
					this.#take(line);
				}
				if (!signal.aborted) this.#set('ended');
				return;
			} catch (error) {
				if (signal.aborted) return;
				if (!(error instanceof ByoaiError && error.retryable)) return this.#options.failed(error);
				this.#set('waiting');
				resume?.begin();
				await sleep(retryMs, undefined, {signal}).catch(() => undefined);
			}
		}
	}

	#take(line: LogLine): void {
		this.#lines.push(line);
		if (this.#lines.length >= keptLines * 1.1) {
			this.#dropped += this.#lines.length - keptLines;
			this.#lines = this.#lines.slice(-keptLines);
		}
		this.#set('following');
	}

	#set(state: LogView['state']): void {
		this.#state = state;
		this.#shown = undefined;
		this.#options.heard();
	}
}

/** Where following was when it broke off: lines of that very millisecond come again, and are known. */
class Resume {
	at = 0;
	#last: string[] = [];
	#again: string[] = [];

	begin(): void {
		this.#again = [...this.#last];
	}

	knows(line: LogLine): boolean {
		if (this.#again.length === 0) return false;
		const index = line.at > this.at ? -1 : this.#again.indexOf(identity(line));
		if (index < 0) return line.at < this.at;
		this.#again.splice(index, 1);
		return true;
	}

	after(line: LogLine): this {
		if (line.at !== this.at) this.#last = [];
		this.at = Math.max(this.at, line.at);
		this.#last.push(identity(line));
		return this;
	}
}

function identity({run, task, attempt, stream, text}: LogLine): string {
	return JSON.stringify([run, task, attempt, stream, text]);
}

function queryOf(source: LogSource): LinesQuery {
	switch (source.kind) {
		case 'run':
			return {run: source.run};
		case 'task':
			return {run: source.run, task: source.task};
		case 'agent':
			return {agent: source.agent};
		case 'all':
			return {};
	}
}
