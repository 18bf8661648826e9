import {constants} from 'node:fs';
import {dirname} from 'node:path';
import {systemCode} from './file-error.ts';
import type {FileLayer, OpenFile} from './file-layer.ts';
import {readExactly, syncDirectory, writeDurably} from './log-bytes.ts';
import type {IndexTail} from './log-index.ts';
import {encodeRecords, findRecord, readRecords, recordBytes, recoverTail, windowBytes, windowRecords, windowsOf} from './log-index.ts';
import {endOf, freshPieces, piecesBefore, recordsOf} from './log-pieces.ts';
import type {LogPiece, LogSlice} from './logs.ts';

/** The most bytes of one read, whatever the caller asks for. */
const readBytes = 8 * 1024 * 1024;

/** What this process knows of a log that it wrote: that it need not be looked for, nor written again, when the files are opened again. */
export type KnownTail = IndexTail;

/**
 * The log of one attempt and its index, open. One call at a time. What the files hold beyond the fields here, after a crash or a
 * failed write, counts for nothing and is cut off before the next write; reading changes nothing.
 */
export class LogFile {
	readonly #path: string;
	readonly #layer: FileLayer;
	readonly #log: OpenFile;
	readonly #index: OpenFile;
	/** Records of kept bytes: the durable ones. */
	#records: number;
	#kept: number;
	#dropped: number;
	/** The files hold what the fields say and nothing more. */
	#exact: boolean;
	/** What the fields say is on the disk: a process that died may have left it in memory. */
	#lasting: boolean;

	private constructor({path, layer, log, index}: Parts, tail: IndexTail, {lasting}: {lasting: boolean}) {
		this.#path = path;
		this.#layer = layer;
		this.#log = log;
		this.#index = index;
		this.#records = tail.records;
		this.#kept = tail.kept;
		this.#dropped = tail.dropped;
		this.#exact = tail.exact && tail.records > 0;
		this.#lasting = lasting;
	}

	/**
	 * Opens `<path>.log` and `<path>.idx`. Undefined where one of them is not there and `create` is not set. `known`: what it said of itself when
	 * this process last closed it.
	 */
	static async open(path: string, {create, layer, known}: Opening): Promise<LogFile | undefined> {
		if (create) await layer.makeDirectory(dirname(path));
		const index = await openFile(layer, `${path}.idx`, create);
		if (index === undefined) return undefined;
		let log: OpenFile | undefined;
		try {
			log = await openFile(layer, `${path}.log`, create);
			if (log !== undefined) {
				const lasting = known !== undefined;
				return new LogFile({path, layer, log, index}, known ?? (await recoverTail(index, log)), {lasting});
			}
		} catch (error) {
			await Promise.all([index.close(), log?.close()]);
			throw error;
		}
		await index.close();
		return undefined;
	}

	/**
	 * Has what was found on the disk, where it is to be relied on; `end` may then be told to those who keep no copy any more. Its end is written
	 * again: of what the sync of a dead process failed for, a sync now would find nothing to do.
	 */
	async settle(): Promise<void> {
		if (this.#lasting) return;
		if (this.#records > 0 || this.#dropped > 0) await this.#writeEndAgain();
		this.#lasting = true;
	}

	/** For `open`, once the files are closed; undefined: the files know as much. */
	get known(): KnownTail | undefined {
		if (!this.#lasting) return undefined;
		return {records: this.#records, kept: this.#kept, dropped: this.#dropped, exact: this.#exact};
	}

	/** Bytes received: kept and dropped. */
	get end(): number {
		return this.#kept + this.#dropped;
	}

	/**
	 * Takes what is new, keeps the first `limit` bytes of the attempt, counts the rest. Resolves with what was new and kept, when
	 * that is durable.
	 */
	async append(pieces: readonly LogPiece[], limit: number): Promise<readonly LogPiece[]> {
		const fresh = freshPieces(pieces, this.end);
		const last = fresh.at(-1);
		if (last === undefined) return [];
		if (!this.#exact) await this.#repair();
		// Nothing is kept any more once something was dropped, also where the limit was raised since.
		const added = this.#dropped > 0 ? [] : piecesBefore(fresh, limit);
		await this.#keep(added);
		if (endOf(last) > this.end) await this.#drop(endOf(last));
		return added;
	}

	async read(offset: number, maxBytes: number): Promise<LogSlice> {
		const rest = {end: this.end, dropped: this.#dropped};
		const from = Math.max(0, offset);
		if (from >= this.#kept) return {pieces: [], next: this.end, ...rest};
		const first = await findRecord(this.#index, this.#records, from);
		const records = await readRecords(this.#index, first, Math.min(windowRecords, this.#records - first));
		const limit = Math.min(this.#kept, from + Math.min(Math.max(1, maxBytes), readBytes), records.at(-1)?.end ?? from);
		const data = await readExactly(this.#log, from, limit - from);
		const pieces: LogPiece[] = [];
		let position = from;
		for (const {end, at, kind} of records) {
			if (position >= limit || kind === 'dropped') break;
			const pieceEnd = Math.min(end, limit);
			pieces.push({offset: position, stream: kind, at, data: data.subarray(position - from, pieceEnd - from)});
			position = pieceEnd;
		}
		return {pieces, next: position === this.#kept ? this.end : position, ...rest};
	}

	async close(): Promise<void> {
		await Promise.all([this.#log.close(), this.#index.close()]);
	}

	/** Appends to the log, then to the index: a record is there only when its bytes are on the disk. */
	async #keep(pieces: readonly LogPiece[]): Promise<void> {
		const records = recordsOf(pieces);
		const data = Buffer.concat(pieces.map(piece => piece.data));
		const start = this.#kept;
		for (const window of windowsOf(records, start)) {
			const end = window.at(-1)?.end ?? this.#kept;
			this.#exact = false;
			await writeDurably(this.#log, this.#kept, data.subarray(this.#kept - start, end - start));
			await writeDurably(this.#index, this.#records * recordBytes, encodeRecords(window));
			this.#records += window.length;
			this.#kept = end;
			this.#exact = true;
		}
	}

	/** The last records and their bytes, in place: what is there stays the same, whatever of it is torn. */
	async #writeEndAgain(): Promise<void> {
		const [first, from] = await this.#endToRewrite();
		await writeDurably(this.#log, from, await readExactly(this.#log, from, this.#kept - from));
		const records = this.#records - first + (this.#dropped > 0 ? 1 : 0);
		await writeDurably(this.#index, first * recordBytes, await readExactly(this.#index, first * recordBytes, records * recordBytes));
	}

	/** The first record of what can have been written since the last sync, and where its bytes begin. */
	async #endToRewrite(): Promise<readonly [first: number, from: number]> {
		const begin = Math.max(0, this.#records - windowRecords - 1);
		const window = await readRecords(this.#index, begin, this.#records - begin);
		const startOf = (number: number) => window[number - 1]?.end ?? 0;
		const least = startOf(window.length - 1) - windowBytes;
		// Where the first of them begins is known only of the very first.
		const first = Math.max(
			begin === 0 ? 0 : 1,
			window.findIndex(({end}) => end > least),
		);
		return [begin + first, startOf(first)];
	}

	/** Counts all after the kept bytes as dropped, up to `end`, in the one record that says so: the last, rewritten in place. */
	async #drop(end: number): Promise<void> {
		this.#exact = false;
		await this.#writeDropped(end);
		this.#dropped = end - this.#kept;
		this.#exact = true;
	}

	/** Brings the files to what the fields say. The index comes first, so that it never covers other bytes than it was written for. */
	async #repair(): Promise<void> {
		if (this.#records > 0) await this.#shortenLast();
		await this.#cutBack();
		if (this.#records === 0) await this.#syncNames();
		this.#exact = true;
	}

	async #cutBack(): Promise<void> {
		await this.#index.truncate((this.#records + (this.#dropped > 0 ? 1 : 0)) * recordBytes);
		if (this.#dropped > 0) await this.#writeDropped(this.end);
		else await this.#index.datasync();
		await this.#log.truncate(this.#kept);
	}

	#writeDropped(end: number): Promise<void> {
		return writeDurably(this.#index, this.#records * recordBytes, encodeRecords([{end, at: 0, kind: 'dropped'}]));
	}

	/** The last record may reach beyond a log that somebody cut. */
	async #shortenLast(): Promise<void> {
		const number = this.#records - 1;
		const [last] = await readRecords(this.#index, number, 1);
		if (last === undefined || last.end === this.#kept) return;
		await writeDurably(this.#index, number * recordBytes, encodeRecords([{...last, end: this.#kept}]));
	}

	/** The files may be new, and their directory too. */
	async #syncNames(): Promise<void> {
		const directory = dirname(this.#path);
		await syncDirectory(this.#layer, directory);
		await syncDirectory(this.#layer, dirname(directory));
	}
}

type Parts = {readonly path: string; readonly layer: FileLayer; readonly log: OpenFile; readonly index: OpenFile};
type Opening = {readonly create: boolean; readonly layer: FileLayer; readonly known?: KnownTail | undefined};

async function openFile(layer: FileLayer, path: string, create: boolean): Promise<OpenFile | undefined> {
	try {
		return await layer.open(path, constants.O_RDWR | (create ? constants.O_CREAT : 0), 0o600);
	} catch (error) {
		if (!create && systemCode(error) === 'ENOENT') return undefined;
		throw error;
	}
}
