import {copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {expect, onTestFinished, test} from 'vitest';
import type {Event} from '../../source/model/event.ts';
import {openStore} from '../../source/store/sqlite.ts';
import {killAfter} from '../helpers/killed-child.ts';
import {seededRandom} from '../helpers/seeded-random.ts';
import {fillDisk, mountSmallDisk} from '../helpers/small-disk.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const childProgram = join(import.meta.dirname, 'store-child.ts');
const ticked = (at: number): Event => ({type: 'ticked', at});

/** What a loss of power would leave: the files of a store that is still open, with `entries` entries, each its own commit. */
function interruptedStore(entries: number): string {
	const directory = temporaryDirectory();
	const path = join(directory, 'open.db');
	const store = openStore(path);
	onTestFinished(() => store.close());
	for (let at = 1; at <= entries; at++) store.append({events: [ticked(at)], endedRuns: []});
	const left = join(directory, 'left.db');
	for (const suffix of ['', '-wal']) copyFileSync(path + suffix, left + suffix);
	return left;
}

/** Entry n is `ticked` at n: their numbers, from the first to the last without a hole. */
function readNumbers(path: string): readonly number[] {
	const store = openStore(path);
	try {
		return [...store.read(0)].map(({sequence, event}) => {
			expect(event).toEqual(ticked(sequence));
			return sequence;
		});
	} finally {
		store.close();
	}
}

test('what a process had been told is durable is there after kill -9', async () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	const said = Number((await killAfter(childProgram, ['store', path], 450)).at(-1));
	const store = openStore(path);
	onTestFinished(() => store.close());
	const covered = store.loadSnapshot()?.sequence ?? 0;
	const sequences = [...store.read(0)].map(entry => entry.sequence);
	const last = sequences.at(-1) ?? covered;
	expect(covered).toBeGreaterThanOrEqual(400);
	expect(sequences).toEqual(Array.from({length: last - covered}, (_, index) => covered + 1 + index));
	expect(last).toBeGreaterThanOrEqual(said);
	expect(store.append({events: [ticked(1)], endedRuns: []})).toBe(last + 1);
});

test('a WAL with a torn or damaged tail gives the commits before it, and goes on from there', () => {
	const entries = 40;
	const left = interruptedStore(entries);
	const wal = readFileSync(`${left}-wal`);
	const random = seededRandom(7);
	for (let round = 0; round < 40; round++) {
		const path = join(temporaryDirectory(), 'byoai.db');
		copyFileSync(left, path);
		const at = 1 + random(wal.length - 1);
		const tail = Buffer.from(wal.subarray(0, round % 2 === 0 ? at : wal.length));
		tail.writeUInt8((tail.readUInt8(at - 1) + 1) % 256, at - 1);
		writeFileSync(`${path}-wal`, tail);
		const numbers = readNumbers(path);
		expect(numbers).toEqual(Array.from({length: numbers.length}, (_, index) => index + 1));
		// Frames before the damage are whole; the first two or so of them only touch the schema.
		expect(numbers.length).toBeGreaterThanOrEqual(Math.floor((entries * at) / wal.length) - 2);
		const store = openStore(path);
		expect(store.append({events: [ticked(numbers.length + 1)], endedRuns: []})).toBe(numbers.length + 1);
		store.close();
	}
});

test('a database that was cut off, or overwritten in the middle, is refused as damaged', () => {
	const directory = temporaryDirectory();
	const path = join(directory, 'byoai.db');
	const store = openStore(path);
	store.append({events: Array.from({length: 2000}, (_, index) => ticked(index + 1)), endedRuns: []});
	store.close();
	const size = statSync(path).size;

	const cut = join(directory, 'cut.db');
	copyFileSync(path, cut);
	truncateSync(cut, size - 8192);
	expect(() => openStore(cut)).toThrow(
		expect.objectContaining({code: 'unavailable', message: expect.stringContaining(`${cut} is damaged`)}),
	);

	const overwritten = join(directory, 'overwritten.db');
	const bytes = readFileSync(path).fill(0xff, size - 8192, size - 4096);
	writeFileSync(overwritten, bytes);
	// As after loss of power: the pages are looked at only then.
	writeFileSync(`${overwritten}-wal`, '');
	expect(() => openStore(overwritten)).toThrow(
		expect.objectContaining({code: 'unavailable', message: expect.stringContaining('is damaged')}),
	);
});

/** A database and its rollback journal as a loss of power leaves them in the first transaction after `setup`. */
function interruptedTransaction(setup: string): string {
	const directory = temporaryDirectory();
	const path = join(directory, 'half.db');
	const half = new DatabaseSync(path);
	onTestFinished(() => half.close());
	half.exec(setup);
	// The cache is too small for the transaction, so that some of it gets into the file before the commit.
	half.exec('PRAGMA cache_size = 1; BEGIN; CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(1000000))');
	const left = join(directory, 'left.db');
	for (const suffix of ['', '-journal']) copyFileSync(path + suffix, left + suffix);
	expect(statSync(left).size).toBeGreaterThan(4096);
	return left;
}

test('a database whose making was interrupted is made anew', () => {
	expect(readNumbers(interruptedTransaction(''))).toEqual([]);
});

test('a database of another program is refused also when it was interrupted', () => {
	const path = interruptedTransaction('PRAGMA application_id = 7; CREATE TABLE theirs (x)');
	expect(() => openStore(path)).toThrow(
		expect.objectContaining({code: 'unavailable', message: expect.stringContaining('another program')}),
	);
});

test('a full disk refuses the commit whole; with space again, and after a restart, the store goes on where it was', context => {
	const directory = temporaryDirectory();
	if (!mountSmallDisk(directory)) return context.skip('no right to mount a small file system');
	const path = join(directory, 'byoai.db');
	const store = openStore(path);
	store.append({events: [ticked(1)], endedRuns: []});
	const ballast = join(directory, 'ballast');
	fillDisk(ballast);
	const full = {events: Array.from({length: 3000}, (_, index) => ticked(index)), endedRuns: []};
	expect(() => store.append(full)).toThrow(
		expect.objectContaining({code: 'unavailable', message: expect.stringContaining('disk is full')}),
	);
	expect([...store.read(0)].map(entry => entry.sequence)).toEqual([1]);
	rmSync(ballast);
	expect(store.append({events: [ticked(2)], endedRuns: []})).toBe(2);
	fillDisk(ballast);
	expect(() => store.append(full)).toThrow(expect.objectContaining({code: 'unavailable'}));
	store.close();
	rmSync(ballast);
	expect(readNumbers(path)).toEqual([1, 2]);
});
