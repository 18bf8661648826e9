import type {AttemptRef, RunId} from '../model/ids.ts';
import {attemptNumber} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {LogLine} from '../protocol/views.ts';
import type {Added} from './added-output.ts';
import {AttemptLines} from './attempt-lines.ts';
import type {LogSource} from './follow.ts';
import type {TimedLines} from './merge-by-time.ts';
import {clockMarginMs, mergeByTime} from './merge-by-time.ts';
import {isActive} from './news.ts';

export type RunLinesOptions = {
	/** Whether the output of this task on this agent is to be read. */
	readonly wants: (run: Run, task: number, agent: string) => boolean;
	/** Output of attempts that had ended by then is not looked at: milliseconds since 1970. */
	readonly since: number;
	/** Bytes after which a line comes in parts. */
	readonly lineBytes: number;
};

/** What is read of an attempt at once: the readers of a run share so much memory, and each gets from it what is worth a read. */
const sharedBytes = 64 * 1024 * 1024;
const mostReadBytes = 256 * 1024;
const leastReadBytes = 4 * 1024;
/** Attempts whose output is merged in order of time however much the clocks of their agents differ. */
const attemptsAtOnce = 256;

/** Lines of the attempts of one run, each once, from where they were left off. */
export class RunLines {
	readonly #source: LogSource;
	readonly #options: RunLinesOptions;
	readonly #readers = new Map<number, AttemptLines>();
	/** Of these attempts a line without an end is still to be passed on. */
	readonly #open = new Map<number, AttemptLines>();
	#run: Run;

	constructor(source: LogSource, run: Run, options: RunLinesOptions) {
		this.#source = source;
		this.#options = options;
		this.#run = run;
	}

	get id(): RunId {
		return this.#run.id;
	}

	/** The run has changed. */
	update(run: Run): void {
		this.#run = run;
	}

	/** What is kept of all attempts that had, or may have had, output, merged by time. */
	kept(): AsyncGenerator<LogLine> {
		const wanted = [...this.#run.tasks].flatMap(({attempts}, task) =>
			attempts.flatMap(({logBytes, assignedAt, endedAt = Number.POSITIVE_INFINITY}, at) => {
				const ref = {run: this.#run.id, task, attempt: at + 1};
				const isOld = endedAt + clockMarginMs < this.#options.since;
				return logBytes === 0 || isOld || !this.#wants(ref) ? [] : [{ref, assignedAt}];
			}),
		);
		const readBytes = Math.max(leastReadBytes, Math.min(mostReadBytes, Math.floor(sharedBytes / wanted.length)));
		return mergeByTime(
			wanted.map(({ref, assignedAt}): TimedLines => ({startsAt: assignedAt, read: () => this.#read(ref, readBytes)})),
			attemptsAtOnce,
		);
	}

	/** Lines of an attempt whose output came in; undefined: they have to be read. */
	added({ref, pieces}: Added): readonly LogLine[] | undefined {
		const key = attemptNumber(ref);
		// What is read already is wanted.
		const known = this.#readers.get(key);
		if (known === undefined && !this.#wants(ref)) return [];
		if (pieces === undefined) return undefined;
		const reader = known ?? this.#reader(ref, mostReadBytes, key);
		const lines = reader.take(pieces);
		this.#setOpen(key, reader);
		return lines;
	}

	/** The same from the store. */
	read(ref: AttemptRef): AsyncGenerator<LogLine> {
		return this.#read(ref, mostReadBytes);
	}

	/** What is left of attempts that have ended: a last line without an end. `hasNews`: there is more to be read of an attempt. */
	*endOfEnded(hasNews: (ref: AttemptRef) => boolean): Generator<LogLine> {
		for (const [key, reader] of this.#open) {
			if (hasNews(reader.about) || isActive(this.#source.engine.state, reader.about)) continue;
			yield* reader.end();
			this.#open.delete(key);
		}
	}

	/** What is left of all. */
	*end(): Generator<LogLine> {
		for (const reader of this.#open.values()) yield* reader.end();
		this.#open.clear();
	}

	#wants(ref: AttemptRef): boolean {
		return this.#options.wants(this.#run, ref.task, this.#agentOf(ref));
	}

	#agentOf(ref: AttemptRef): string {
		return this.#run.tasks.at(ref.task)?.attempts[ref.attempt - 1]?.agent ?? '';
	}

	async *#read(ref: AttemptRef, readBytes: number): AsyncGenerator<LogLine> {
		const key = attemptNumber(ref);
		const reader = this.#reader(ref, readBytes, key);
		yield* reader.read();
		this.#setOpen(key, reader);
	}

	#setOpen(key: number, reader: AttemptLines): void {
		if (reader.isOpen) this.#open.set(key, reader);
		else this.#open.delete(key);
	}

	#reader(ref: AttemptRef, readBytes: number, key: number): AttemptLines {
		const known = this.#readers.get(key);
		if (known !== undefined) return known;
		// Kept to the end: output that comes in while its attempt is lost is read on from where the reader left off.
		const reader = this.#makeReader(ref, readBytes);
		this.#readers.set(key, reader);
		return reader;
	}

	#makeReader(ref: AttemptRef, readBytes: number): AttemptLines {
		const name = this.#run.workflow.tasks[ref.task]?.name ?? '';
		const {lineBytes} = this.#options;
		return new AttemptLines(this.#source.logs, {...ref, name, agent: this.#agentOf(ref)}, {lineBytes, readBytes});
	}
}
