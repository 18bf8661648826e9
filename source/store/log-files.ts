import {join} from 'node:path';
import {ByoaiError} from '../model/error.ts';
import type {AttemptRef, RunId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import {fromFileSystem} from './file-error.ts';
import type {FileLayer} from './file-layer.ts';
import {systemFiles} from './file-layer.ts';
import {syncDirectory} from './log-bytes.ts';
import type {KnownTail} from './log-file.ts';
import {LogFile} from './log-file.ts';
import {freshPieces} from './log-pieces.ts';
import {KeyedQueue} from './log-queue.ts';
import type {LogPiece, LogSlice, LogStore} from './logs.ts';

export type LogFilesOptions = {
	/** Kept output of one attempt; the rest is counted. */
	readonly attemptBytes: number;
	/** Attempts whose two files are open at once; the longest unused are closed first. */
	readonly openAttempts?: number;
	/** By default the file system. */
	readonly layer?: FileLayer;
};

/** Attempts that are read or written at once. */
const parallelAttempts = 64;

/**
 * Logs as files in `directory`: `<run>/<task>.<attempt>.log` is the merged output as it came, to be read with any tool, and
 * `.idx` beside it says which bytes came when from which stream (see log-index.ts). An attempt without output has no files.
 */
export function openLogFiles(directory: string, {attemptBytes, openAttempts = 256, layer = systemFiles}: LogFilesOptions): LogStore {
	return new LogFiles(directory, {attemptBytes, openAttempts, layer});
}

class LogFiles implements LogStore {
	readonly #directory: string;
	readonly #attemptBytes: number;
	readonly #openAttempts: number;
	readonly #layer: FileLayer;
	readonly #queue: KeyedQueue;
	/** Open logs by attempt, the longest unused first. */
	readonly #open = new Map<string, LogFile>();
	/** Of logs that were written and are closed, until their attempts have ended. */
	readonly #known = new Map<string, KnownTail>();
	/** Places taken for logs that are being opened. */
	#opening = 0;
	#closed = false;

	constructor(directory: string, {attemptBytes, openAttempts, layer}: Required<LogFilesOptions>) {
		this.#directory = directory;
		this.#attemptBytes = attemptBytes;
		this.#openAttempts = openAttempts;
		this.#layer = layer;
		// Never more than may be open: so there is always one to close for another.
		this.#queue = new KeyedQueue(Math.min(parallelAttempts, openAttempts));
	}

	end(ref: AttemptRef): Promise<number> {
		return this.#use(ref, 'read', async () => {
			const file = await this.#file(ref);
			await file?.settle();
			return file?.end ?? 0;
		});
	}

	append(ref: AttemptRef, pieces: readonly LogPiece[]): Promise<{readonly end: number; readonly added: readonly LogPiece[]}> {
		return this.#use(ref, 'write', async () => {
			let file = await this.#file(ref);
			if (file === undefined && freshPieces(pieces, 0).length > 0) file = await this.#file(ref, {create: true});
			if (file === undefined) return {end: 0, added: []};
			await file.settle();
			const added = await file.append(pieces, this.#attemptBytes);
			return {end: file.end, added};
		});
	}

	read(ref: AttemptRef, offset: number, maxBytes: number): Promise<LogSlice> {
		return this.#use(ref, 'read', async () => {
			const file = await this.#file(ref);
			return file === undefined ? {pieces: [], next: 0, end: 0, dropped: 0} : file.read(offset, maxBytes);
		});
	}

	release(ref: AttemptRef): Promise<void> {
		return this.#use(ref, 'close', async () => {
			await this.#close(attemptKey(ref));
			this.#known.delete(attemptKey(ref));
		});
	}

	async drop(run: RunId): Promise<void> {
		if (this.#closed) throw closed();
		const directory = this.#runDirectory(run);
		const open = [...this.#open.keys()].filter(key => key.startsWith(`${run}.`));
		await Promise.all(open.map(key => this.#queue.run(key, () => this.#close(key))));
		for (const key of this.#known.keys()) if (key.startsWith(`${run}.`)) this.#known.delete(key);
		try {
			await this.#layer.removeDirectory(directory);
			// With the name back after a loss of power, nobody would know any more whose logs they are.
			await syncDirectory(this.#layer, this.#directory).catch((error: NodeJS.ErrnoException) => {
				if (error.code !== 'ENOENT') throw error; // there never were any logs
			});
		} catch (error) {
			throw fromFileSystem(error, `remove the logs in ${directory}`);
		}
	}

	async close(): Promise<void> {
		this.#closed = true;
		await this.#queue.idle();
		await Promise.all([...this.#open.keys()].map(key => this.#close(key)));
	}

	/** Runs `work` when it is this attempt's turn, and explains what goes wrong. */
	async #use<T>(ref: AttemptRef, verb: string, work: () => Promise<T>): Promise<T> {
		if (this.#closed) throw closed();
		const path = this.#path(ref);
		try {
			return await this.#queue.run(attemptKey(ref), work);
		} catch (error) {
			throw fromFileSystem(error, `${verb} the log ${path}.log`);
		}
	}

	/** The attempt's log, opened if it is not; undefined where there is none and `create` is not set. */
	async #file(ref: AttemptRef, {create = false} = {}): Promise<LogFile | undefined> {
		const key = attemptKey(ref);
		const file = this.#open.get(key) ?? (await this.#openFile(this.#path(ref), {create, known: this.#known.get(key)}));
		// Entered anew, it is the one used last.
		this.#open.delete(key);
		if (file !== undefined) this.#open.set(key, file);
		return file;
	}

	async #openFile(path: string, opening: {create: boolean; known: KnownTail | undefined}): Promise<LogFile | undefined> {
		const unused = this.#open.size + this.#opening < this.#openAttempts ? undefined : this.#longestUnused();
		this.#opening++;
		try {
			if (unused !== undefined) await this.#close(unused);
			return await LogFile.open(path, {...opening, layer: this.#layer});
		} finally {
			this.#opening--;
		}
	}

	#longestUnused(): string | undefined {
		return [...this.#open.keys()].find(key => !this.#queue.running.has(key));
	}

	async #close(key: string): Promise<void> {
		const file = this.#open.get(key);
		this.#open.delete(key);
		if (file?.known !== undefined) this.#known.set(key, file.known);
		await file?.close();
	}

	/** Without the ending. Nothing but these letters and numbers gets into a path. */
	#path({run, task, attempt}: AttemptRef): string {
		if (!Number.isSafeInteger(task) || task < 0 || !Number.isSafeInteger(attempt) || attempt < 1) {
			throw new ByoaiError('invalid', `${JSON.stringify({run, task, attempt})} names no attempt`);
		}
		return join(this.#runDirectory(run), `${task}.${attempt}`);
	}

	#runDirectory(run: RunId): string {
		if (!/^[a-z0-9]+$/.test(run)) throw new ByoaiError('invalid', `${JSON.stringify(run)} names no run`);
		return join(this.#directory, run);
	}
}

function closed(): ByoaiError {
	return new ByoaiError('stopping', 'the orchestrator is shutting down: its logs are closed');
}
