import {appendFileSync, readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {FileLayer} from '../../source/store/file-layer.ts';
import {systemFiles} from '../../source/store/file-layer.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import {recordBytes} from '../../source/store/log-index.ts';
import type {LogPiece, LogStore} from '../../source/store/logs.ts';
import {killAfter} from '../helpers/killed-child.ts';
import {seededRandom} from '../helpers/seeded-random.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const ref = {run: 'r01', task: 0, attempt: 1};
const attemptBytes = 4000;
const childProgram = join(import.meta.dirname, 'store-child.ts');

/** The output of the attempt: the byte at offset n is n modulo 251. */
function output(from: number, to: number): Uint8Array {
	return Uint8Array.from({length: to - from}, (_, index) => (from + index) % 251);
}

/** A log store and what it must hold: for each kept byte its stream and time, and how many were dropped. */
class Checked {
	readonly directory = temporaryDirectory();
	readonly log = join(this.directory, 'r01/0.1.log');
	readonly index = join(this.directory, 'r01/0.1.idx');
	readonly random: (limit: number) => number;
	logs: LogStore = openLogFiles(this.directory, {attemptBytes});
	marks: string[] = [];
	dropped = 0;

	constructor(seed: number) {
		this.random = seededRandom(seed);
		onTestFinished(() => this.logs.close());
	}

	get end(): number {
		return this.marks.length + this.dropped;
	}

	/** Pieces that follow one another from somewhere before, at, or sometimes beyond the end. */
	pieces(): readonly LogPiece[] {
		let offset = Math.max(0, this.end + 30 - this.random(this.random(3) === 0 ? 400 : 60));
		return Array.from({length: this.random(6)}, () => {
			const data = output(offset, offset + this.random(120));
			const piece = {offset, stream: this.random(2) === 0 ? ('stdout' as const) : ('stderr' as const), at: this.random(50), data};
			offset += data.length;
			return piece;
		});
	}

	async append(pieces = this.pieces()): Promise<void> {
		const before = this.end;
		for (const {offset, stream, at, data} of pieces) {
			if (offset > this.end) continue;
			while (this.end < offset + data.length) {
				if (this.dropped > 0 || this.marks.length === attemptBytes) this.dropped = offset + data.length - this.marks.length;
				else this.marks.push(`${stream} ${at}`);
			}
		}
		const {end, added} = await this.logs.append(ref, pieces);
		expect(end).toBe(this.end);
		expect(added.reduce((sum, piece) => sum + piece.data.length, 0)).toBe(
			Math.min(end, this.marks.length) - Math.min(before, this.marks.length),
		);
	}

	/** All that is there, read in steps of random size from a random offset on, is what it must be. */
	async check(): Promise<void> {
		expect(await this.logs.end(ref)).toBe(this.end);
		let offset = this.random(this.end + 1);
		for (let next = offset; ; offset = next) {
			const slice = await this.logs.read(ref, offset, this.random(500));
			expect(slice).toMatchObject({end: this.end, dropped: this.dropped});
			for (const piece of slice.pieces) {
				expect(piece.offset).toBe(Math.min(offset, this.marks.length));
				expect(this.isRight(piece)).toBe(true);
				offset += piece.data.length;
			}
			expect(slice.next).toBe(offset >= this.marks.length ? this.end : offset);
			next = slice.next;
			if (next === slice.end) return;
		}
	}

	/** Bytes, stream and times of a piece are those that were appended there. */
	isRight({offset, stream, at, data}: LogPiece): boolean {
		const mark = `${stream} ${at}`;
		return data.every((byte, index) => byte === (offset + index) % 251 && this.marks[offset + index] === mark);
	}

	/** What follows is the life after a restart. */
	async reopen(change: () => void = () => undefined): Promise<void> {
		await this.logs.close();
		if (this.end > 0) change();
		this.logs = openLogFiles(this.directory, {attemptBytes});
	}

	/** After the files lost something of their tails: what is left is a beginning of what was there. */
	async adopt(): Promise<void> {
		const end = await this.logs.end(ref);
		const {dropped} = await this.logs.read(ref, end, 1);
		const kept = end - dropped;
		expect(end).toBeLessThanOrEqual(this.end);
		if (dropped > 0) expect({kept, dropped}).toEqual({kept: this.marks.length, dropped: this.dropped});
		this.marks.length = kept;
		this.dropped = dropped;
	}

	/** One more byte: files that were cut, or hold more than they should, are repaired by it. */
	async grow(): Promise<void> {
		await this.append([{offset: this.end, stream: 'stdout', at: 1, data: output(this.end, this.end + 1)}]);
		expect(readFileSync(this.log)).toEqual(Buffer.from(output(0, this.marks.length)));
	}

	/**
	 * An append that was under way when power failed, in files that an earlier one had repaired: its bytes may be in the log, and some of
	 * its records, torn.
	 */
	leaveUnfinished(): void {
		if (this.random(2) === 0) appendFileSync(this.log, Buffer.alloc(this.random(300), this.random(256)));
		if (this.random(2) === 0) appendFileSync(this.index, Buffer.alloc(this.random(100), this.random(2) * 0xff));
	}

	cut(path: string): void {
		const {size} = statSync(path);
		truncateSync(path, Math.max(0, size - this.random(this.random(4) === 0 ? size + 1 : 80)));
	}
}

test.each(Array.from({length: 12}, (_, seed) => seed))('whatever happens, a log is a beginning of the output (seed %i)', async seed => {
	const checked = new Checked(seed);
	for (let round = 0; round < 120; round++) {
		const what = checked.random(12);
		if (what === 0) await checked.logs.release(ref);
		else if (what === 1) await checked.reopen();
		else if (what === 2) {
			await checked.grow();
			await checked.reopen(() => checked.leaveUnfinished());
		} else if (what === 3 && seed % 2 === 0) {
			await checked.reopen(() => checked.cut(checked.random(2) === 0 ? checked.log : checked.index));
			await checked.adopt();
		} else await checked.append();
		await checked.check();
	}
	expect(checked.end).toBeGreaterThan(0);
});

test('an append that loss of power interrupts anywhere is there in part or not at all, and what was before is whole', async () => {
	const directory = temporaryDirectory();
	const file = (ending: string) => join(directory, `r01/0.1.${ending}`);
	const logs = openLogFiles(directory, {attemptBytes});
	const piece = (at: number): LogPiece => ({offset: at * 10, stream: 'stdout', at, data: output(at * 10, at * 10 + 10)});
	await logs.append(ref, [piece(0), piece(1)]);
	await logs.append(ref, [piece(2), piece(3), piece(4)]);
	await logs.close();
	const [log, index] = [readFileSync(file('log')), readFileSync(file('idx'))];
	for (const [lost, from, to] of [2, 3, 4].flatMap(record => [[record, 0, recordBytes] as const, [record, 6, 12] as const])) {
		// The log comes first. Of the index, any part may be on the disk and another not: here all but one record, or its time.
		writeFileSync(file('log'), log);
		writeFileSync(file('idx'), Buffer.from(index).fill(0xee, lost * recordBytes + from, lost * recordBytes + to));
		const reopened = openLogFiles(directory, {attemptBytes});
		expect(await reopened.end(ref)).toBe(lost * 10);
		expect(await reopened.append(ref, [piece(2), piece(3), piece(4)])).toMatchObject({end: 50});
		await reopened.close();
		expect(readFileSync(file('log'))).toEqual(log);
		expect(readFileSync(file('idx'))).toEqual(index);
	}
});

test('what a process had been told is durable is there after kill -9', async () => {
	const directory = temporaryDirectory();
	const said = Number((await killAfter(childProgram, ['logs', directory], 200)).at(-1));
	const logs = openLogFiles(directory, {attemptBytes: 1e9});
	onTestFinished(() => logs.close());
	const end = await logs.end(ref);
	expect(said).toBeGreaterThan(0);
	expect(end).toBeGreaterThanOrEqual(said);
	let offset = 0;
	while (offset < end) {
		const slice = await logs.read(ref, offset, 100_000);
		for (const piece of slice.pieces) expect(Buffer.compare(piece.data, output(piece.offset, piece.offset + piece.data.length))).toBe(0);
		expect(slice.next).toBeGreaterThan(offset);
		offset = slice.next;
	}
});

/** The file system; `beforeSync` is called with the path of each file that is to be synced, `afterWrite` also with what was written. */
function watchedFiles(
	beforeSync: (path: string) => void,
	afterWrite: (path: string, from: number, to: number) => void = () => undefined,
): FileLayer {
	return {
		...systemFiles,
		async open(path, flags, mode) {
			const file = await systemFiles.open(path, flags, mode);
			const datasync = async () => {
				beforeSync(path);
				await file.datasync();
			};
			const write: typeof file.write = async (data, offset, length, position) => {
				const done = await file.write(data, offset, length, position);
				afterWrite(path, position, position + done.bytesWritten);
				return done;
			};
			return new Proxy(file, {
				get(target, key) {
					if (key === 'datasync') return datasync;
					if (key === 'write') return write;
					const value: unknown = Reflect.get(target, key);
					return typeof value === 'function' ? value.bind(target) : value;
				},
			});
		},
	};
}

test('what a dead process left in memory is on the disk before its end is told', async () => {
	const directory = temporaryDirectory();
	const first = openLogFiles(directory, {attemptBytes});
	await first.append(ref, [{offset: 0, stream: 'stdout', at: 1, data: output(0, 10)}]);
	await first.close();
	const synced: string[] = [];
	const second = openLogFiles(directory, {attemptBytes, layer: watchedFiles(path => synced.push(path))});
	onTestFinished(() => second.close());
	expect(await second.end(ref)).toBe(10);
	expect(synced.map(path => path.slice(-3))).toEqual(['log', 'idx']);
	expect(await second.end(ref)).toBe(10);
	expect(synced).toHaveLength(2);
});

test('what a failed sync left is written once more before whoever opens the files next tells of it', async () => {
	for (const limit of [attemptBytes, 12]) {
		const directory = temporaryDirectory();
		let fails = false;
		/** What was written since, by file: after a sync that failed, another one does nothing about what was written before. */
		const written: Array<{file: string; from: number; to: number}> = [];
		const layer = watchedFiles(
			path => {
				if (!fails || !path.endsWith('.idx')) return;
				fails = false;
				throw Object.assign(new Error('EIO'), {code: 'EIO'});
			},
			(path, from, to) => written.push({file: path.slice(-3), from, to}),
		);
		const logs = openLogFiles(directory, {attemptBytes: limit, layer});
		onTestFinished(() => logs.close());
		const piece = (from: number): LogPiece => ({offset: from, stream: 'stdout', at: from, data: output(from, from + 10)});
		for (const from of [0, 10]) await logs.append(ref, [piece(from)]);
		fails = true;
		await expect(logs.append(ref, [piece(20)])).rejects.toMatchObject({code: 'unavailable'});
		await logs.release(ref);
		written.length = 0;
		expect(await logs.end(ref), `limit ${limit}`).toBe(30);
		expect(written).toEqual([
			{file: 'log', from: 0, to: Math.min(limit, 30)},
			{file: 'idx', from: 0, to: 48},
		]);
		expect(await logs.append(ref, [piece(20)])).toMatchObject({end: 30});
	}
});
