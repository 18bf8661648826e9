import type {AttemptRef} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {LogLine} from '../protocol/views.ts';
import type {LogSource} from './follow.ts';
import {LineAssembler} from './lines.ts';
import type {News} from './news.ts';
import {isActive, notify} from './news.ts';
import type {TaskLogs} from './task-logs.ts';

export type LineFilter = {
	/** The run as it is when the reading begins. */
	readonly run: Run;
	readonly task?: number | undefined;
	readonly agent?: string | undefined;
	/** Go on until the run has ended. */
	readonly follow: boolean;
	readonly signal: AbortSignal;
	/** Bytes after which a line comes in parts. */
	readonly lineBytes: number;
};

/** What is read of an attempt at once: the readers of a run share so much memory, and each gets from it what is worth a read. */
const sharedBytes = 64 * 1024 * 1024;
const mostReadBytes = 256 * 1024;
const leastReadBytes = 4 * 1024;

/** Lines of all attempts of a run: what is kept, merged by time, then what comes. Each line comes whole and once. */
export async function* readLines(source: LogSource, filter: LineFilter): AsyncGenerator<LogLine> {
	const readers = new Readers(source, filter);
	try {
		yield* mergeByTime(readers.all().map(reader => reader.read()));
		while (filter.follow && !filter.signal.aborted) {
			const over = readers.runIsOver;
			for (const reader of readers.changed()) yield* reader.read();
			yield* readers.closeEnded();
			if (over) break;
			await readers.news.next();
		}
		yield* readers.closeAll();
	} finally {
		readers.news.close();
	}
}

/** The readers of a run's attempts, made as output of new ones comes in. */
class Readers {
	readonly news: News;
	readonly #source: LogSource;
	readonly #filter: LineFilter;
	readonly #readers = new Map<string, AttemptLines>();
	/** Of these attempts more may come, or a line without an end is still to be passed on. */
	readonly #open = new Map<string, AttemptLines>();
	#changed = new Map<string, AttemptRef>();
	#run: Run;

	constructor(source: LogSource, filter: LineFilter) {
		const {engine, logs} = source;
		this.#source = source;
		this.#filter = filter;
		this.#run = filter.run;
		this.news = notify(wake => {
			const stopLogs = logs.subscribe(ref => {
				if (ref.run !== this.#run.id) return;
				this.#changed.set(attemptKey(ref), ref);
				wake();
			});
			const stopEngine = engine.subscribe(({before, after, endedRuns}) => {
				const run = after.runs[this.#run.id] ?? endedRuns.find(({id}) => id === this.#run.id);
				if (run === undefined || run === before.runs[run.id]) return;
				this.#run = run;
				wake();
			});
			return () => {
				stopLogs();
				stopEngine();
			};
		}, filter.signal);
	}

	get runIsOver(): boolean {
		return this.#source.engine.state.runs[this.#run.id] === undefined;
	}

	/** A reader for each attempt that has, or may have, output. */
	all(): AttemptLines[] {
		const refs = this.#run.tasks.flatMap(({attempts}, task) =>
			attempts.flatMap(({logBytes}, at) => (logBytes === 0 ? [] : [{run: this.#run.id, task, attempt: at + 1}])),
		);
		const wanted = refs.filter(ref => this.#wants(ref));
		const readBytes = Math.max(leastReadBytes, Math.min(mostReadBytes, Math.floor(sharedBytes / wanted.length)));
		return wanted.map(ref => this.#reader(ref, readBytes));
	}

	/** Readers of the attempts whose output came in since the last call. */
	changed(): AttemptLines[] {
		const refs = [...this.#changed.values()];
		this.#changed = new Map();
		return refs.filter(ref => this.#wants(ref)).map(ref => this.#reader(ref));
	}

	/** What is left of attempts that have ended: a last line without an end. */
	*closeEnded(): Generator<LogLine> {
		for (const [key, reader] of this.#open) {
			if (this.#changed.has(key) || isActive(this.#source.engine.state, reader.about)) continue;
			yield* reader.end();
			this.#open.delete(key);
		}
	}

	*closeAll(): Generator<LogLine> {
		for (const reader of this.#open.values()) yield* reader.end();
	}

	#wants(ref: AttemptRef): boolean {
		const {task, agent} = this.#filter;
		return (task === undefined || task === ref.task) && (agent === undefined || agent === this.#agentOf(ref));
	}

	#agentOf(ref: AttemptRef): string {
		return this.#run.tasks[ref.task]?.attempts[ref.attempt - 1]?.agent ?? '';
	}

	#reader(ref: AttemptRef, readBytes = mostReadBytes): AttemptLines {
		const key = attemptKey(ref);
		// Kept to the end: output that comes in while its attempt is lost is read on from where the reader left off.
		const reader = this.#readers.get(key) ?? this.#makeReader(ref, readBytes);
		this.#readers.set(key, reader);
		this.#open.set(key, reader);
		return reader;
	}

	#makeReader(ref: AttemptRef, readBytes: number): AttemptLines {
		const name = this.#run.workflow.tasks[ref.task]?.name ?? '';
		const {lineBytes} = this.#filter;
		return new AttemptLines(this.#source.logs, {...ref, name, agent: this.#agentOf(ref)}, {lineBytes, readBytes});
	}
}

/** Reads one attempt's output as lines, from where it left off. */
class AttemptLines {
	/** The attempt, and what each of its lines says of it. */
	readonly about: AttemptRef & Pick<LogLine, 'name' | 'agent'>;
	readonly #logs: TaskLogs;
	readonly #assembler: LineAssembler;
	readonly #readBytes: number;
	#next = 0;
	#lastAt = 0;
	#toldDropped = false;

	constructor(logs: TaskLogs, about: AttemptLines['about'], {lineBytes, readBytes}: {lineBytes: number; readBytes: number}) {
		this.about = about;
		this.#logs = logs;
		this.#assembler = new LineAssembler(lineBytes);
		this.#readBytes = readBytes;
	}

	/** The lines that have come in since the last call. */
	async *read(): AsyncGenerator<LogLine> {
		for (let isEnd = false; !isEnd; ) {
			const slice = await this.#logs.read(this.about, this.#next, this.#readBytes);
			for (const piece of slice.pieces) {
				this.#lastAt = piece.at;
				for (const line of this.#assembler.add(piece)) yield {...this.about, ...line};
			}
			isEnd = slice.next === this.#next || slice.next >= slice.end;
			this.#next = slice.next;
			if (slice.dropped > 0 && !this.#toldDropped) yield* this.#tellDropped();
		}
	}

	/** A last line that was not ended. */
	*end(): Generator<LogLine> {
		for (const line of this.#assembler.end()) yield {...this.about, ...line};
	}

	*#tellDropped(): Generator<LogLine> {
		this.#toldDropped = true;
		const text = '[byoai: the limit attempt_log_bytes is reached: what follows is counted, not kept]';
		yield {...this.about, stream: 'stderr', at: this.#lastAt, text};
	}
}

/** Merges sources whose lines are in order of time, each by itself. At one time the earlier source comes first. */
async function* mergeByTime(sources: ReadonlyArray<AsyncGenerator<LogLine>>): AsyncGenerator<LogLine> {
	/** The next line of each source, the earliest last. */
	const heads: Array<{line: LogLine; source: AsyncGenerator<LogLine>}> = [];
	for (const source of sources) {
		const {value, done} = await source.next();
		if (done !== true) heads.push({line: value, source});
	}
	heads.reverse().sort((a, b) => b.line.at - a.line.at);
	for (let head = heads.pop(); head !== undefined; head = heads.pop()) {
		yield head.line;
		const {value, done} = await head.source.next();
		if (done === true) continue;
		const at = heads.findLastIndex(({line}) => line.at >= value.at);
		heads.splice(at + 1, 0, {line: value, source: head.source});
	}
}
