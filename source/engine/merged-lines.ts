import type {RunId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {LogLine} from '../protocol/views.ts';
import type {LongRecord} from '../scheduler/long-record.ts';
import {AddedOutput} from './added-output.ts';
import type {Clock} from './clock.ts';
import type {Change} from './engine.ts';
import type {LogSource} from './follow.ts';
import {mergeByTime} from './merge-by-time.ts';
import type {News} from './news.ts';
import {notify, rest} from './news.ts';
import type {RunLinesOptions} from './run-lines.ts';
import {RunLines} from './run-lines.ts';

export type LineFilter = RunLinesOptions & {
	readonly runs: ReadonlyArray<Pick<Run, 'id' | 'createdAt'>>;
	/** With `follow`, runs that begin from now on, too; then it goes on until the signal ends it. */
	readonly later: boolean;
	/** Only lines that hold this text. */
	readonly grep?: string | undefined;
	/** Go on until the runs have ended. */
	readonly follow: boolean;
	/** Following, what comes within so many milliseconds comes together. */
	readonly everyMs: number;
	readonly signal: AbortSignal;
};

export type LineSource = LogSource & {
	/** A run, active or ended; throws when there is none of that id. */
	readonly loadRun: (id: RunId) => Run;
	readonly clock: Pick<Clock, 'after'>;
};

/** Lines that are passed on at once: to hand over each by itself would cost more than to make it. */
const batchLines = 500;

/**
 * Lines of all attempts of runs: what is kept, merged by time, then what comes. Each line comes whole and once, and as many at once as
 * there are.
 */
export async function* readLines(source: LineSource, filter: LineFilter): AsyncGenerator<readonly LogLine[]> {
	const {since, grep = '', follow, signal} = filter;
	const followed = new FollowedRuns(source, filter);
	const wanted = (line: LogLine) => line.at >= since && (grep === '' || line.text.includes(grep));
	try {
		for await (const lines of followed.lines(follow, signal)) {
			const passed = lines.filter(wanted);
			if (passed.length > 0) yield passed;
		}
	} finally {
		followed.news.close();
	}
}

/** The runs of which lines are read, and what is new of them. */
class FollowedRuns {
	readonly news: News;
	readonly #source: LineSource;
	readonly #filter: LineFilter;
	/** Those of which more may come. */
	readonly #runs = new Map<RunId, RunLines>();
	/** Those that were there before: they do not begin any more. */
	readonly #old: ReadonlySet<RunId>;
	readonly #added = new AddedOutput();

	constructor(source: LineSource, filter: LineFilter) {
		const {engine, logs} = source;
		this.#source = source;
		this.#filter = filter;
		this.#old = new Set(engine.state.runs.keys());
		for (const {id} of filter.runs) {
			const run = engine.state.runs.get(id);
			if (run !== undefined) this.#follow(run);
		}
		this.news = notify(wake => {
			const stopLogs = logs.subscribe((ref, pieces, end) => {
				if (!this.#runs.has(ref.run)) return;
				this.#added.add(ref, pieces, end);
				wake();
			});
			const stopEngine = engine.subscribe(change => this.#take(change) && wake());
			return () => {
				stopLogs();
				stopEngine();
			};
		}, filter.signal);
	}

	async *lines(follow: boolean, signal: AbortSignal): AsyncGenerator<readonly LogLine[]> {
		// A run that has ended is loaded whole, so that one at a time is enough where they do not overlap.
		const kept = mergeByTime(
			this.#filter.runs.map(({id, createdAt}) => ({startsAt: createdAt, read: () => this.#kept(id)})),
			1,
		);
		yield* inBatches(kept);
		while (follow && !signal.aborted) {
			const over = [...this.#runs.values()].filter(({id}) => this.#source.engine.state.runs.get(id) === undefined);
			yield* this.#readAdded();
			for (const run of this.#runs.values()) yield [...run.endOfEnded(ref => this.#added.has(ref))];
			for (const run of over) {
				yield [...run.end()];
				this.#runs.delete(run.id);
			}
			if (this.#runs.size === 0 && !this.#filter.later) return;
			await rest(this.#source.clock, this.#filter.everyMs, signal);
			await this.news.next();
		}
		for (const run of this.#runs.values()) yield [...run.end()];
	}

	/** Whether anything of interest has changed. */
	#take({before, after, endedRuns}: Change): boolean {
		let isNews = false;
		for (const run of this.#changedRuns(before.runs, after.runs, endedRuns)) {
			const known = this.#runs.get(run.id);
			known?.update(run);
			if (known === undefined && this.#filter.later && !this.#old.has(run.id)) this.#follow(run);
			isNews ||= this.#runs.has(run.id);
		}
		return isNews;
	}

	/** Of all runs where later ones count, else of those that are followed. */
	#changedRuns(before: LongRecord<Run>, after: LongRecord<Run>, ended: readonly Run[]): readonly Run[] {
		const changed = after.changedSince(before).filter(({id}) => this.#filter.later || this.#runs.has(id));
		return [...changed, ...ended];
	}

	#follow(run: Run): void {
		this.#runs.set(run.id, new RunLines(this.#source, run, this.#filter));
	}

	async *#kept(id: RunId): AsyncGenerator<LogLine> {
		const followed = this.#runs.get(id);
		const lines = followed ?? new RunLines(this.#source, this.#source.loadRun(id), this.#filter);
		yield* lines.kept();
		if (followed === undefined) yield* lines.end();
	}

	async *#readAdded(): AsyncGenerator<readonly LogLine[]> {
		let lines: LogLine[] = [];
		for (const added of this.#added.take()) {
			const run = this.#runs.get(added.ref.run);
			if (run === undefined) continue;
			const atHand = run.added(added);
			if (atHand !== undefined) for (const line of atHand) lines.push(line);
			else for await (const some of inBatches(run.read(added.ref))) yield some;
			if (lines.length < batchLines) continue;
			yield lines;
			lines = [];
		}
		yield lines;
	}
}

async function* inBatches(lines: AsyncGenerator<LogLine>): AsyncGenerator<readonly LogLine[]> {
	let batch: LogLine[] = [];
	for await (const line of lines) {
		batch.push(line);
		if (batch.length < batchLines) continue;
		yield batch;
		batch = [];
	}
	if (batch.length > 0) yield batch;
}
