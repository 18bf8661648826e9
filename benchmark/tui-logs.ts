import type {AttemptRef} from '../source/model/ids.ts';
import type {LogPiece, LogSlice, LogStore} from '../source/store/logs.ts';

export type BusyLogsOptions = {
	readonly tasks: number;
	readonly linesPerSecond: number;
	readonly beganAt: number;
	readonly isColoured: boolean;
};

/** Of every line. */
const lineBytes = 64;

/**
 * Output without end that is worked out and not stored: all lines are of the same length, and the tasks take turns, so that each can
 * be said again. The disk is left out of the measurement; what the server does beside it is not.
 */
export class BusyLogs implements LogStore {
	readonly #options: BusyLogsOptions;
	readonly #lines: number[];

	constructor(options: BusyLogsOptions) {
		this.#options = options;
		this.#lines = Array.from({length: options.tasks}, () => 0);
	}

	/** The next line of a task, as an agent would send it. */
	next(task: number): LogPiece {
		return this.#line(task, this.#lines[task] ?? 0);
	}

	async end({task}: AttemptRef): Promise<number> {
		return (this.#lines[task] ?? 0) * lineBytes;
	}

	async append({task}: AttemptRef, pieces: readonly LogPiece[]): Promise<{readonly end: number; readonly added: readonly LogPiece[]}> {
		const lines = (this.#lines[task] ?? 0) + pieces.length;
		this.#lines[task] = lines;
		return {end: lines * lineBytes, added: pieces};
	}

	async read({task}: AttemptRef, offset: number, maxBytes: number): Promise<LogSlice> {
		const lines = this.#lines[task] ?? 0;
		const pieces: LogPiece[] = [];
		let line = Math.floor(offset / lineBytes);
		for (; line < lines && pieces.length * lineBytes < maxBytes; line++) pieces.push(this.#line(task, line));
		return {pieces, next: Math.max(offset, line * lineBytes), end: lines * lineBytes, dropped: 0};
	}

	async release(): Promise<void> {
		// nothing is open
	}

	async drop(): Promise<void> {
		// nothing is kept
	}

	async close(): Promise<void> {
		// the same
	}

	#line(task: number, line: number): LogPiece {
		const {tasks, linesPerSecond, beganAt, isColoured} = this.#options;
		const number = line * tasks + task;
		const isError = number % 97 === 0;
		const plain = isError ? 'ERROR something broke' : 'info all is well';
		const coloured = isError ? '\u001b[1;31mERROR\u001b[0m broke' : '\u001b[32minfo\u001b[0m well';
		const level = isColoured ? coloured : plain;
		const text = `${level}: step ${number} of the work took ${number % 1000} ms`;
		const data = Buffer.from(`${text.padEnd(lineBytes - 1, '.')}\n`, 'latin1');
		return {offset: line * lineBytes, stream: 'stdout', at: beganAt + Math.round((number / linesPerSecond) * 1000), data};
	}
}
