import type {Client} from '../../client/client.ts';
import type {LineOrigin, RawLine} from '../../client/raw-lines.ts';
import {ByoaiError} from '../../model/error.ts';
import {runEnded} from '../../model/run.ts';
import type {LogRecord, TaskDetail} from '../../protocol/views.ts';
import type {StreamPlace} from './resume.ts';
import {LogResume} from './resume.ts';
import type {LogOrigin} from './ring.ts';
import type {LogSelection, MergedLines} from './selection.ts';

export type LogClient = Pick<Client, 'lines' | 'rawLines' | 'taskRecords' | 'run'>;

/** About as often as it is drawn. */
const linesEvery = '200ms';

/** What a stream of output tells, besides output: an attempt begins, or has ended. */
export type TaskNews =
	| {readonly record: LogRecord; readonly isTorn: boolean}
	| {readonly begins: number}
	| {readonly ended: number; readonly isLast: boolean};

type TaskSelection = Extract<LogSelection, {kind: 'task'}>;

/** Of an attempt's output, what is read when it is shown first; what is before that is read when somebody scrolls up. */
const tailBytes = 4 * 1024 * 1024;

/**
 * One task's output, attempt after attempt, from near its end on. What breaks off is thrown: iterating again goes on at the very byte.
 */
export class TaskStream {
	readonly #client: LogClient;
	readonly #selection: TaskSelection;
	#attempt: number;
	#offset: number | undefined;
	#told = 0;
	#isThere: boolean;

	constructor(client: LogClient, selection: TaskSelection) {
		this.#client = client;
		this.#selection = selection;
		this.#attempt = Math.max(1, selection.attempt);
		this.#isThere = selection.attempt > 0;
	}

	async *read(signal: AbortSignal): AsyncGenerator<TaskNews> {
		const {run, task} = this.#selection;
		while (!signal.aborted) {
			const attempt = this.#attempt;
			let isTorn = this.#offset === undefined;
			this.#offset ??= await tailOffset(this.#client, {run, task, attempt}, signal);
			isTorn &&= this.#offset > 0;
			// The first attempt is waited for; its number cannot be asked for before it is there.
			const about = this.#isThere ? {attempt} : {};
			for await (const record of this.#client.taskRecords({run, task, ...about, offset: this.#offset, follow: true}, signal)) {
				this.#isThere = true;
				yield* this.#begin(attempt);
				if ('offset' in record) this.#offset = record.offset + byteLength(record);
				yield {record, isTorn};
				isTorn = false;
			}
			if (signal.aborted) return;
			const found = (await this.#client.run(run)).tasks.find(({task: index}) => index === task);
			if (found === undefined) return;
			if (!isOver(found, attempt)) throw brokenOff();
			yield {ended: attempt, isLast: found.endedAt !== undefined && found.attempt <= attempt};
			if (found.attempt <= attempt) return;
			this.goOn();
		}
	}

	/** The task has such an attempt now: reading again goes on with it, once the one before is read. */
	goOn(): void {
		this.#attempt++;
		this.#offset = 0;
	}

	get attempt(): number {
		return this.#attempt;
	}

	*#begin(attempt: number): Generator<TaskNews> {
		if (this.#told === attempt) return;
		this.#told = attempt;
		yield {begins: attempt};
	}
}

/** A stream of an attempt whose lines come among others. */
export type LineStream = {
	readonly origin: LogOrigin;
	readonly stream: 'stdout' | 'stderr';
	readonly isWanted: boolean;
	readonly place: StreamPlace;
};

/** Lines of many tasks, merged, as many at once as come. Iterating again after a break goes on where it was; no line comes twice. */
export class MergedStream {
	readonly #client: LogClient;
	readonly #lines: MergedLines;
	readonly #from: number | undefined;
	readonly #originOf: (about: LineOrigin) => LogOrigin;
	readonly #resume = new LogResume();

	/** `from`: lines that are older are not read, milliseconds since 1970. */
	constructor(client: LogClient, lines: MergedLines, from: number | undefined, originOf: (about: LineOrigin) => LogOrigin) {
		this.#originOf = originOf;
		this.#client = client;
		this.#lines = lines;
		this.#from = from;
	}

	/** Ends when the run has ended; where none is named, never by itself. */
	async *read(signal: AbortSignal): AsyncGenerator<ReadonlyArray<RawLine<LineStream>>> {
		const {query, wants} = this.#lines;
		const streamOf = (about: LineOrigin): LineStream => ({
			...{origin: this.#originOf(about), stream: about.stream, isWanted: wants(about), place: this.#resume.placeOf(about)},
		});
		const isNew = ({origin: {place, isWanted}, at}: RawLine<LineStream>) => this.#resume.isNew(place, at) && isWanted;
		while (!signal.aborted) {
			const since = Math.max(this.#from ?? Number.NEGATIVE_INFINITY, this.#resume.since ?? Number.NEGATIVE_INFINITY);
			this.#resume.begin();
			const asked = {...query, ...(Number.isFinite(since) && {since: new Date(since).toISOString()}), follow: true, every: linesEvery};
			for await (const lines of this.#client.rawLines(asked, streamOf, signal)) yield lines.filter(isNew);
			if (signal.aborted) return;
			if (query.run !== undefined && runEnded((await this.#client.run(query.run)).status)) return;
			throw brokenOff();
		}
	}
}

/** Whether no more output of that attempt can come. */
function isOver({attempts, attempt: newest, endedAt, takenFrom}: TaskDetail, attempt: number): boolean {
	const found = attempts.find(({number}) => number === attempt);
	return found?.endedAt !== undefined || takenFrom !== undefined || (endedAt !== undefined && newest < attempt);
}

/** A stream that ends before what it follows does. */
function brokenOff(): ByoaiError {
	return new ByoaiError('unavailable', 'the orchestrator ended the stream of output; it is tried again', {retryable: true});
}

/** Where to begin so that about `tailBytes` are left to read. Its length is not told while an attempt runs: it is felt for. */
async function tailOffset(client: LogClient, of: {run: string; task: number; attempt: number}, signal: AbortSignal): Promise<number> {
	const known = (await client.run(of.run)).tasks.find(({task}) => task === of.task)?.attempts.find(({number}) => number === of.attempt);
	if (known === undefined) return 0;
	if (known.logBytes !== undefined) return Math.max(0, known.logBytes - tailBytes);
	const isThere = async (offset: number): Promise<boolean> => {
		for await (const record of client.taskRecords({...of, offset}, signal)) return 'offset' in record;
		return false;
	};
	let [low, high] = [0, tailBytes];
	while (!signal.aborted && (await isThere(high))) [low, high] = [high, high * 4];
	while (!signal.aborted && high - low > tailBytes) {
		const middle = Math.floor((low + high) / 2);
		if (await isThere(middle)) low = middle;
		else high = middle;
	}
	return Math.max(0, low - tailBytes);
}

export function byteLength(record: Exclude<LogRecord, {dropped: number}>): number {
	return 'text' in record ? Buffer.byteLength(record.text) : Uint8Array.fromBase64(record.base64).length;
}
