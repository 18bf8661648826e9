import type {LogLine} from '../protocol/views.ts';
import {Steering} from './steering.ts';

/** Whose output a line is. */
export type LineOrigin = Pick<LogLine, 'run' | 'task' | 'name' | 'attempt' | 'agent' | 'stream'>;

/** A line of output of which is known whose it is and when it came; what it says is read when somebody asks. */
export class RawLine<Origin> {
	/** One object for all lines of a stream of an attempt: what its reader knows of it. */
	readonly origin: Origin;
	/** Milliseconds since 1970. */
	readonly at: number;
	/** It may stay unread: all colours that it begins end in it, it has no other control characters, and little memory waits with it. */
	mayWait: boolean;
	readonly #bytes: Buffer;
	readonly #from: number;
	readonly #to: number;

	constructor(origin: Origin, at: number, mayWait: boolean, bytes: Buffer, from: number, to: number) {
		this.origin = origin;
		this.at = at;
		this.mayWait = mayWait;
		this.#bytes = bytes;
		this.#from = from;
		this.#to = to;
	}

	/** Bytes of it. */
	get length(): number {
		return this.#to - this.#from;
	}

	/** All of it. Throws `SyntaxError` where it is no JSON. */
	parse(): LogLine {
		return JSON.parse(this.#bytes.toString('utf8', this.#from, this.#to)) as LogLine;
	}
}

const newline = 0x0a;
const brace = 0x7b;
const endBrace = 0x7d;
const comma = 0x2c;
const [zero, nine] = [0x30, 0x39];
/** How a line begins: a run, whose ids need no escaping; then a task and an attempt, by number. */
const beforeRun = Buffer.from('{"run":"');
const beforeTask = Buffer.from('","task":');
const beforeAttempt = Buffer.from(',"attempt":');
/** What stands between whose line it is and what it says. No text within a value looks like it: its quotes would be escaped. */
const beforeTime = Buffer.from('","at":');
/** The last letter of a stream's name tells which it is. */
const lastOfStderr = 0x72;
/** What one line that stays unread may keep in memory. */
const keptBytes = 1024;
/** Runs that are remembered; of more, all are forgotten. */
const rememberedRuns = 200;

type Known<Origin> = {readonly attempt: number; readonly isStderr: boolean; readonly origin: Origin};
/** By index of the task: the streams of its attempts. */
type Tasks<Origin> = Map<number, ReadonlyArray<Known<Origin>>>;

/** Where reading stands in a line. */
type Cursor = {at: number; value: number};

/**
 * Takes NDJSON of `LogLine`s apart without reading all of it: only whose each is, and when it came. What a line says costs most of the
 * reading, and of thousands a second nobody sees more than a few.
 */
export class RawLines<Origin> {
	readonly #originOf: (about: LineOrigin) => Origin;
	readonly #runs = new Map<string, Tasks<Origin>>();
	/** The run of the line before, as it is written: mostly it is that of this one, too. */
	#run: {readonly bytes: Buffer; readonly tasks: Tasks<Origin>} | undefined;
	/** A line that has not ended. */
	#open: Buffer[] = [];

	/** `originOf`: what is to be known of a stream of an attempt; asked once for each, or a few times. */
	constructor(originOf: (about: LineOrigin) => Origin) {
		this.#originOf = originOf;
	}

	/** The lines that a chunk ends. Throws `SyntaxError` for one that is cut short. */
	add(chunk: Uint8Array): Array<RawLine<Origin>> {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		const lines: Array<RawLine<Origin>> = [];
		let end = bytes.indexOf(newline);
		if (end < 0) {
			if (bytes.length > 0) this.#open.push(bytes);
			return lines;
		}
		let from = 0;
		if (this.#open.length > 0) {
			const first = Buffer.concat([...this.#open, bytes.subarray(0, end)]);
			this.#open = [];
			this.#addLine(first, 0, first.length, new Steering(first), lines);
			from = end + 1;
			end = bytes.indexOf(newline, from);
		}
		const steering = new Steering(bytes);
		for (; end >= 0; end = bytes.indexOf(newline, from)) {
			this.#addLine(bytes, from, end, steering, lines);
			from = end + 1;
		}
		// Each line keeps all of the chunk.
		if (bytes.length > lines.length * keptBytes) for (const line of lines) line.mayWait = false;
		// A copy, lest it keep the chunk too.
		if (from < bytes.length) this.#open.push(Buffer.from(bytes.subarray(from)));
		return lines;
	}

	/** The line that has no end: when no more comes. */
	end(): Array<RawLine<Origin>> {
		const last = Buffer.concat(this.#open);
		const lines: Array<RawLine<Origin>> = [];
		this.#open = [];
		this.#addLine(last, 0, last.length, new Steering(last), lines);
		return lines;
	}

	/** Empty lines are heartbeats. */
	#addLine(bytes: Buffer, from: number, to: number, steering: Steering, into: Array<RawLine<Origin>>): void {
		if (from === to) return;
		const middle = bytes[from] === brace && bytes[to - 1] === endBrace ? bytes.indexOf(beforeTime, from) : -1;
		const isUsual = middle >= 0 && middle < to;
		const time = {at: middle + beforeTime.length, value: 0};
		if (isUsual && readNumber(bytes, time) && bytes[time.at] === comma) {
			const origin = this.#known(bytes, from, middle);
			if (origin !== undefined) {
				into.push(new RawLine(origin, time.value, steering.isSettled(from, to), bytes, from, to));
				return;
			}
		}
		// Written in another way: then it is read as a whole.
		const line: unknown = JSON.parse(bytes.toString('utf8', from, to));
		if (!isLine(line)) throw new SyntaxError('it is no line of output');
		into.push(new RawLine(this.#originOf(line), line.at, false, bytes, from, to));
	}

	/** Whose a line is, by what stands in it up to the name of its stream. */
	#known(bytes: Buffer, from: number, middle: number): Origin | undefined {
		const cursor = {at: from, value: 0};
		if (!readText(bytes, cursor, beforeRun)) return undefined;
		const tasks = this.#tasksOf(bytes, cursor, middle);
		if (tasks === undefined || !readNumber(bytes, cursor)) return undefined;
		const task = cursor.value;
		if (!readText(bytes, cursor, beforeAttempt) || !readNumber(bytes, cursor)) return undefined;
		const attempt = cursor.value;
		const isStderr = bytes[middle - 1] === lastOfStderr;
		const streams = tasks.get(task) ?? [];
		for (const known of streams) if (known.attempt === attempt && known.isStderr === isStderr) return known.origin;
		const about: unknown = JSON.parse(`${bytes.toString('utf8', from, middle)}"}`);
		if (!isOrigin(about) || about.stream !== (isStderr ? 'stderr' : 'stdout')) return undefined;
		const origin = this.#originOf(about);
		tasks.set(task, [...streams, {attempt, isStderr, origin}]);
		return origin;
	}

	/** The tasks of the run whose id stands here; goes past it, up to the task. */
	#tasksOf(bytes: Buffer, cursor: Cursor, limit: number): Tasks<Origin> | undefined {
		if (this.#run !== undefined && readText(bytes, cursor, this.#run.bytes)) return this.#run.tasks;
		const end = bytes.indexOf(beforeTask, cursor.at);
		if (end < 0 || end > limit) return undefined;
		const run = bytes.toString('utf8', cursor.at, end);
		if (this.#runs.size >= rememberedRuns) this.#runs.clear();
		const tasks: Tasks<Origin> = this.#runs.get(run) ?? new Map();
		this.#runs.set(run, tasks);
		// With what comes after it, lest one id be the beginning of another.
		const past = end + beforeTask.length;
		this.#run = {bytes: Buffer.from(bytes.subarray(cursor.at, past)), tasks};
		cursor.at = past;
		return tasks;
	}
}

/** Goes past a text; whether it was there. */
function readText(bytes: Buffer, cursor: Cursor, text: Buffer): boolean {
	for (let index = 0; index < text.length; index++) if (bytes[cursor.at + index] !== text[index]) return false;
	cursor.at += text.length;
	return true;
}

/** Goes past a whole number; whether there was one. */
function readNumber(bytes: Buffer, cursor: Cursor): boolean {
	const from = cursor.at;
	let value = 0;
	for (let byte = bytes[from] ?? 0; byte >= zero && byte <= nine && cursor.at - from < 16; byte = bytes[++cursor.at] ?? 0) {
		value = value * 10 + byte - zero;
	}
	cursor.value = value;
	return cursor.at > from;
}

function isOrigin(value: unknown): value is LineOrigin {
	return typeof value === 'object' && value !== null && 'run' in value && 'task' in value && 'attempt' in value && 'stream' in value;
}

function isLine(value: unknown): value is LogLine {
	return isOrigin(value) && 'at' in value && 'text' in value;
}
