import {constants} from 'node:fs';
import {basename, dirname} from 'node:path';
import {crc32} from 'node:zlib';
import type {AttemptRef} from '../../../source/model/ids.ts';
import type {FileLayer, OpenFile} from '../../../source/store/file-layer.ts';
import type {LogFile} from '../disk.ts';
import {Disk} from '../disk.ts';
import type {Life} from '../life.ts';
import type {Random} from '../random.ts';
import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';

/** A disk writes so much at once, or nothing of it: less than real ones, as output is shorter here. */
const sectorBytes = 32;
const sectorOf = (position: number) => Math.floor(position / sectorBytes);
const recordBytes = 16;
/** Where logs lie on every virtual disk. */
export const logsDirectory = '/state/logs';

type Change = {readonly at: number; readonly data: Buffer} | {readonly length: number};

/** What programs read, and what of it a loss of power leaves for certain. */
class VirtualFile {
	content: Buffer = Buffer.alloc(0);
	#durable: Buffer = Buffer.alloc(0);
	/** What was changed since it was synced. */
	#pending: Change[] = [];

	get durable(): Buffer {
		return this.#durable;
	}

	change(change: Change): void {
		this.content = changed(this.content, change);
		this.#pending.push(change);
	}

	sync(): void {
		for (const change of this.#pending.splice(0)) this.#durable = changed(this.#durable, change);
	}

	/** A sync that fails takes what was to be written for written: nobody writes it again. */
	failSync(): void {
		this.#pending = [];
	}

	/** Of what was not synced, each sector may be on the disk or not, and each change of the length. */
	losePower(random: Random): void {
		for (const change of this.#pending.splice(0)) {
			if ('length' in change) {
				if (random.chance(0.5)) this.#durable = changed(this.#durable, change);
				continue;
			}
			for (let at = change.at; at < change.at + change.data.length; ) {
				const end = Math.min(change.at + change.data.length, at - (at % sectorBytes) + sectorBytes);
				const data = change.data.subarray(at - change.at, end - change.at);
				if (random.chance(0.5)) this.#durable = changed(this.#durable, {at, data});
				at = end;
			}
		}
		this.content = this.#durable;
	}
}

function changed(before: Buffer, change: Change): Buffer {
	const length = 'length' in change ? change.length : Math.max(before.length, change.at + change.data.length);
	const after = Buffer.alloc(length);
	before.copy(after);
	if ('data' in change) change.data.copy(after, change.at);
	return after;
}

/** A disk with files that tear, and names that vanish unless their directory is synced. */
export class VirtualDisk extends Disk {
	readonly #files = new Map<string, VirtualFile>();
	/** Files and directories whose names a loss of power may take. */
	readonly #fleeting = new Set<string>();
	readonly #directories = new Set([logsDirectory]);
	/** Directories that were removed, with their files, and whose names a loss of power may bring back. */
	readonly #removed = new Map<string, ReadonlyArray<readonly [string, VirtualFile]>>();

	/** What is kept of an attempt's output, as its files say, read apart from the product's code. */
	override log({run, task, attempt}: AttemptRef): LogFile {
		const path = `${logsDirectory}/${run}/${task}.${attempt}`;
		const [log, index] = [this.#files.get(`${path}.log`), this.#files.get(`${path}.idx`)];
		if (log === undefined || index === undefined) return {bytes: Buffer.alloc(0), synced: 0};
		const isLasting = ![dirname(path), `${path}.log`, `${path}.idx`].some(name => this.#fleeting.has(name));
		const durable = coverage(index.durable, log.durable);
		return {bytes: log.content.subarray(0, coverage(index.content, log.content).kept), synced: isLasting ? durable.end : 0};
	}

	/** Runs that have a directory. */
	get runDirectories(): string[] {
		return [...this.#directories].filter(path => path !== logsDirectory).map(path => basename(path));
	}

	override losePower(random: Random): void {
		for (const name of [...this.#fleeting]) {
			if (random.chance(0.5)) continue;
			this.#directories.delete(name);
			for (const path of this.#files.keys()) if (path === name || dirname(path) === name) this.#files.delete(path);
		}
		this.#fleeting.clear();
		// That a directory was removed is as little certain as that one was made.
		for (const [path, files] of this.#removed) {
			if (this.#directories.has(path) || random.chance(0.5)) continue;
			this.#directories.add(path);
			for (const [name, file] of files) this.#files.set(name, file);
		}
		this.#removed.clear();
		for (const file of this.#files.values()) file.losePower(random);
	}

	/** The files as one life of the orchestrator has them. */
	layerOf(world: World, faults: WholeFaults, life: Life): FileLayer {
		const {random} = world;
		const fails = (chance: number) => !world.healed && random.chance(chance);
		/** What is done by a dead process is not done, and nobody hears of it. */
		const live = async <Result>(work: () => Result): Promise<Result> => (life.alive ? work() : new Promise<never>(() => undefined));
		const failing = (code: string, chance = faults.fileFails) => {
			if (fails(chance)) throw Object.assign(new Error(`${code}: simulated`), {code});
		};
		const syncMs = () => 1 + random.below(world.healed ? 20 : world.faults.syncMs);
		const handleOf = (file: VirtualFile): OpenFile => ({
			read: (buffer, offset, length, position) =>
				live(() => ({bytesRead: file.content.copy(buffer, offset, position, Math.min(position + length, file.content.length))})),
			write: (data, offset, length, position) =>
				live(() => {
					failing('ENOSPC');
					const some = length > 1 && fails(faults.shortWrite) ? 1 + random.below(length - 1) : length;
					// Bytes that are there already, of one sector, are written over in one go, or not at all: no room has to be found for them.
					const isInPlace = position + length <= file.content.length && sectorOf(position) === sectorOf(position + length - 1);
					const bytesWritten = isInPlace ? length : some;
					file.change({at: position, data: Buffer.from(data.subarray(offset, offset + bytesWritten))});
					return {bytesWritten};
				}),
			truncate: length => live(() => file.change({length})),
			stat: () => live(() => ({size: file.content.length})),
			datasync: () =>
				life.eventually(syncMs(), () => {
					if (fails(faults.syncFails)) {
						file.failSync();
						failing('EIO', 1);
					}
					file.sync();
				}),
			sync: () => Promise.reject(new Error('a file of logs is synced by its data')),
			close: () => live(() => undefined),
		});
		return {
			open: (path, flags) =>
				live(() => {
					failing('EIO');
					if (this.#directories.has(path)) return this.#directoryHandle(path, life);
					const file = this.#files.get(path) ?? ((flags & constants.O_CREAT) > 0 ? this.#create(path) : undefined);
					if (file === undefined) throw Object.assign(new Error('ENOENT: simulated'), {code: 'ENOENT'});
					return handleOf(file);
				}),
			makeDirectory: path =>
				live(() => {
					failing('EIO');
					if (this.#directories.has(path)) return;
					this.#directories.add(path);
					this.#fleeting.add(path);
				}),
			removeDirectory: path =>
				life.eventually(syncMs(), () => {
					failing('EIO');
					this.#remove(path);
				}),
		};
	}

	#remove(path: string): void {
		if (!this.#directories.delete(path)) return;
		const files = [...this.#files].filter(([name]) => dirname(name) === path);
		for (const [name] of files) this.#files.delete(name);
		if (!this.#fleeting.has(path)) this.#removed.set(path, files);
		for (const name of [path, ...files.map(([name]) => name)]) this.#fleeting.delete(name);
	}

	#create(path: string): VirtualFile {
		const file = new VirtualFile();
		this.#files.set(path, file);
		this.#fleeting.add(path);
		return file;
	}

	#directoryHandle(path: string, life: Life): OpenFile {
		const none = () => Promise.reject(new Error(`${path} is a directory`));
		const sync = () =>
			life.eventually(1, () => {
				for (const name of this.#fleeting) if (dirname(name) === path) this.#fleeting.delete(name);
				for (const name of this.#removed.keys()) if (dirname(name) === path) this.#removed.delete(name);
			});
		return {read: none, write: none, truncate: none, stat: none, datasync: none, sync, close: () => Promise.resolve()};
	}
}

/** What an index says of its log: bytes that are kept, and those with the ones that were dropped. */
function coverage(index: Buffer, log: Buffer): {kept: number; end: number} {
	let end = 0;
	for (let at = 0; at + recordBytes <= index.length; at += recordBytes) {
		const record = index.subarray(at, at + recordBytes);
		const next = record.readUIntBE(0, 6);
		const isValid = record.readUIntBE(13, 3) === (crc32(record.subarray(0, 13)) & 0xffffff) && next > end;
		if (!isValid) break;
		if (record[12] === 3) return log.length < end ? {kept: log.length, end: log.length} : {kept: end, end: next};
		end = next;
	}
	const kept = Math.min(end, log.length);
	return {kept, end: kept};
}
