import type {LineOrigin} from '../../client/raw-lines.ts';
import {ByoaiError} from '../../model/error.ts';
import type {LogLine} from '../../protocol/views.ts';
import {plainOf} from '../../text/cells.ts';
import type {SanitiseOptions} from '../../text/sanitise.ts';
import {Sanitiser} from '../../text/sanitise.ts';
import {LogIntake} from './intake.ts';
import {mergedPageBefore, taskPageBefore} from './pages.ts';
import type {KeptLine, LogOrigin} from './ring.ts';
import type {LogSelection} from './selection.ts';
import {isSameSelection, mergedLines} from './selection.ts';
import type {LogClient} from './streams.ts';
import {MergedStream, TaskStream} from './streams.ts';
import type {LogView} from './view.ts';

/** `waiting`: the connection broke, and is tried again. `ended`: no more can come. */
export type LogSourceState =
	| {readonly type: 'none' | 'following' | 'ended'}
	| {readonly type: 'waiting'; readonly error: ByoaiError}
	| {readonly type: 'failed'; readonly error: unknown};

export type LogSourceOptions = {
	readonly client: LogClient;
	/** What shows the lines; its ring gets them. */
	readonly view: LogView;
	/** Lines that are taken between two frames: the limit `tui_frame_lines`. */
	readonly frameLines: number;
	readonly sanitise: SanitiseOptions;
	/** Milliseconds since 1970. */
	readonly now: () => number;
	/** Waits; resolves early when the signal is aborted. */
	readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
	/** There is something for the next frame: lines, or another state. */
	readonly heard: () => void;
};

const retryMs = 1000;
/** Of many tasks' output, what is read when it is shown first; what is before that is read when somebody scrolls up. */
const lookBackMs = 10 * 60_000;

/** Fills a log view with the output of what is selected, and follows it: over breaks of the connection without a line lost or doubled. */
export class LogSource {
	readonly #options: LogSourceOptions;
	readonly #intake: LogIntake;
	/** By run, then by task: the newest of each. */
	readonly #origins = new Map<string, Map<number, LogOrigin>>();
	#selection: LogSelection | undefined;
	#stop = new AbortController();
	#state: LogSourceState = {type: 'none'};
	#newer = Promise.withResolvers<void>();
	/** Number of the first line when nothing was found before it. */
	#firstOfAll: number | undefined;
	#isLoading = false;
	/** From when on lines of many tasks are read. */
	#from: number | undefined;

	constructor(options: LogSourceOptions) {
		const {view, frameLines, sanitise} = options;
		this.#options = options;
		this.#intake = new LogIntake({ring: view.ring, frameLines, sanitise});
	}

	get state(): LogSourceState {
		return this.#state;
	}

	/** Whether `loadOlder` may find something. */
	get hasOlder(): boolean {
		const {ring} = this.#options.view;
		const isThere = ring.size > 0 || this.#from !== undefined;
		return isThere && ring.start !== this.#firstOfAll && !this.#isLoading;
	}

	/**
	 * Shows the output of something else from now on. The same again only tells what has become of it: a task that has another attempt
	 * is followed there. Undefined: of nothing.
	 */
	select(selection: LogSelection | undefined): void {
		const before = this.#selection;
		this.#selection = selection;
		if (isSameSelection(before, selection)) {
			if (selection?.kind === 'task' && before?.kind === 'task' && selection.attempt > before.attempt) this.#newer.resolve();
			return;
		}
		this.#stop.abort();
		this.#stop = new AbortController();
		this.#newer = Promise.withResolvers();
		this.#firstOfAll = undefined;
		this.#from = undefined;
		this.#isLoading = false;
		this.#origins.clear();
		this.#intake.reset();
		this.#options.view.reset();
		this.#set({type: selection === undefined ? 'none' : 'following'});
		if (selection !== undefined) void this.#follow(selection, this.#stop.signal);
	}

	/** Hands what came to the view: once a frame. Whether there was anything. */
	flush(): boolean {
		const isNews = this.#intake.flush();
		this.#options.view.setOpen(this.#intake.open);
		return isNews;
	}

	/** Reads what is on disk before the first line of the view. One at a time; rejects with what went wrong. */
	async loadOlder(): Promise<void> {
		const {view, client, sanitise, heard} = this.#options;
		const selection = this.#selection;
		const first = view.ring.get(view.ring.start) ?? this.#nothing();
		if (first === undefined || selection === undefined || !this.hasOlder) return;
		const {signal} = this.#stop;
		const options = {client, sanitise, originOf: (line: LogLine) => this.#originOf(line)};
		this.#isLoading = true;
		try {
			const lines =
				selection.kind === 'task'
					? await taskPageBefore(first, options, signal)
					: await mergedPageBefore(first, mergedLines(selection), options, signal);
			if (signal.aborted || view.ring.start !== first.seq) return;
			if (lines.length === 0) this.#firstOfAll = first.seq;
			else view.ring.prepend(lines);
		} finally {
			if (!signal.aborted) this.#isLoading = false;
		}
		heard();
	}

	close(): void {
		this.#stop.abort();
	}

	/** What stands for the first line where lines of many tasks are read from some time on, and there is none since. */
	#nothing(): KeptLine | undefined {
		const {start} = this.#options.view.ring;
		const origin = {label: '', colour: 0, run: '', task: 0, attempt: 0, agent: ''};
		return this.#from === undefined ? undefined : {seq: start, at: this.#from, text: '', stream: 'stdout', origin};
	}

	async #follow(selection: LogSelection, signal: AbortSignal): Promise<void> {
		const read = selection.kind === 'task' ? this.#taskReader(selection) : this.#mergedReader(selection);
		while (!signal.aborted) {
			try {
				await read(signal);
				if (!signal.aborted) this.#set({type: 'ended'});
				return;
			} catch (error) {
				if (signal.aborted) return;
				if (!(error instanceof ByoaiError && error.retryable)) return this.#set({type: 'failed', error});
				this.#set({type: 'waiting', error});
				await this.#options.wait(error.retryAfterMs ?? retryMs, signal);
			}
		}
	}

	#taskReader(selection: Extract<LogSelection, {kind: 'task'}>): (signal: AbortSignal) => Promise<void> {
		const stream = new TaskStream(this.#options.client, selection);
		const originOf = (attempt: number) =>
			this.#origin({run: selection.run, task: selection.task, name: selection.name, attempt, agent: ''});
		return async signal => {
			for (;;) {
				let isLast = true;
				for await (const news of stream.read(signal)) {
					const origin = originOf(stream.attempt);
					if ('record' in news) this.#intake.addRecord(news.record, origin, news);
					else if ('ended' in news) {
						this.#intake.end(originOf(news.ended));
						isLast = news.isLast;
					} else if (news.begins > 1) this.#intake.note(`attempt ${news.begins}`, origin, 0);
					this.#set({type: 'following'});
				}
				if (isLast || signal.aborted) return;
				await this.#newAttempt(stream.attempt, signal);
				if (signal.aborted) return;
				stream.goOn();
			}
		};
	}

	#mergedReader(selection: Exclude<LogSelection, {kind: 'task'}>): (signal: AbortSignal) => Promise<void> {
		const until = (selection.kind === 'run' ? selection.endedAt : undefined) ?? this.#options.now();
		const from = Math.max(0, until - lookBackMs);
		// A young run is read whole: the clock of an agent may be off, and its lines would be missing.
		this.#from = selection.kind === 'run' && selection.createdAt >= from ? undefined : from;
		const stream = new MergedStream(this.#options.client, mergedLines(selection), this.#from, about => this.#originOf(about));
		return async signal => {
			for await (const lines of stream.read(signal)) {
				for (const line of lines) this.#intake.addRaw(line);
				this.#set({type: 'following'});
			}
		};
	}

	/** Resolves once `select` has told of an attempt after that one. */
	async #newAttempt(attempt: number, signal: AbortSignal): Promise<void> {
		const stopped = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), {once: true}));
		while (!signal.aborted && this.#selection?.kind === 'task' && this.#selection.attempt <= attempt) {
			await Promise.race([this.#newer.promise, stopped]);
			this.#newer = Promise.withResolvers();
		}
	}

	#originOf({run, task, name, attempt, agent}: Omit<LineOrigin, 'stream'>): LogOrigin {
		return this.#origin({run, task, name, attempt, agent});
	}

	/** One object for all lines of an attempt on an agent. */
	#origin({run, task, name, attempt, agent}: Pick<LogLine, 'run' | 'task' | 'name' | 'attempt' | 'agent'>): LogOrigin {
		let ofRun = this.#origins.get(run);
		if (ofRun === undefined) {
			ofRun = new Map();
			this.#origins.set(run, ofRun);
		}
		const known = ofRun.get(task);
		if (known !== undefined && known.attempt === attempt && known.agent === agent) return known;
		const label = plainOf(new Sanitiser({colour: false, lineCharacters: 200}).line(name));
		const origin = {label, colour: task, run, task, attempt, agent};
		ofRun.set(task, origin);
		return origin;
	}

	#set(state: LogSourceState): void {
		this.#state = state;
		this.#options.heard();
	}
}
