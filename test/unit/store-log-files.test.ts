import {existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {openLogFiles} from '../../source/store/log-files.ts';
import {recordBytes, windowRecords} from '../../source/store/log-index.ts';
import type {LogPiece, LogStore} from '../../source/store/logs.ts';
import {fillDisk, mountSmallDisk} from '../helpers/small-disk.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const ref = {run: 'r01', task: 0, attempt: 1};

function open(directory: string, options: {attemptBytes?: number; openAttempts?: number} = {}): LogStore {
	const logs = openLogFiles(directory, {attemptBytes: 1e9, ...options});
	onTestFinished(() => logs.close());
	return logs;
}

function piece(offset: number, text: string, at = 1000): LogPiece {
	return {offset, stream: 'stdout', at, data: Buffer.from(text)};
}

function text(pieces: readonly LogPiece[]): string {
	return Buffer.concat(pieces.map(one => one.data)).toString();
}

test('the log is the output as it came, and only its owner reads it', async () => {
	const directory = temporaryDirectory();
	await open(directory).append(ref, [piece(0, 'one\n'), {...piece(4, 'two\n'), stream: 'stderr'}]);
	expect(readdirSync(join(directory, 'r01'))).toEqual(['0.1.idx', '0.1.log']);
	expect(readFileSync(join(directory, 'r01/0.1.log'), 'utf8')).toBe('one\ntwo\n');
	expect(statSync(join(directory, 'r01/0.1.log')).mode & 0o777).toBe(0o600);
	expect(statSync(join(directory, 'r01')).mode & 0o777).toBe(0o700);
});

test('an attempt without output has no files', async () => {
	const directory = temporaryDirectory();
	const logs = open(directory);
	await logs.append(ref, []);
	await logs.append(ref, [piece(5, 'beyond a gap')]);
	await logs.read(ref, 0, 10);
	await logs.release(ref);
	expect(readdirSync(directory)).toEqual([]);
});

test('an index of many windows is read from anywhere', async () => {
	const logs = open(temporaryDirectory());
	const count = 2 * windowRecords + 100;
	const pieces = Array.from({length: count}, (_, line) => piece(8 * line, `${String(line).padStart(7)}\n`, line));
	expect(await logs.append(ref, pieces)).toMatchObject({end: 8 * count});
	await logs.release(ref);
	for (const line of [0, 1, windowRecords - 1, windowRecords, windowRecords + 1, 2 * windowRecords, count - 1]) {
		const slice = await logs.read(ref, 8 * line + 3, 10);
		expect(slice.pieces.map(({offset, at}) => ({offset, at}))).toEqual([
			{offset: 8 * line + 3, at: line},
			...(line + 1 < count ? [{offset: 8 * line + 8, at: line + 1}] : []),
		]);
	}
	let whole = '';
	for (let next = 0, end = 1; next < end; ) {
		const slice = await logs.read(ref, next, Number.POSITIVE_INFINITY);
		whole += text(slice.pieces);
		({next, end} = slice);
	}
	expect(whole).toBe(text(pieces));
});

test.skipIf(!existsSync('/proc/self/fd'))('open files stay few, however many attempts are in use', async () => {
	const directory = temporaryDirectory();
	const logs = open(directory, {openAttempts: 3});
	const refs = Array.from({length: 40}, (_, task) => ({...ref, task}));
	const counts: number[] = [];
	for (let round = 0; round < 3; round++) {
		await Promise.all(
			refs.map(async each => {
				await logs.append(each, [piece(round, String(round))]);
				counts.push(openFiles(directory));
			}),
		);
	}
	for (const each of refs) expect(text((await logs.read(each, 0, 10)).pieces)).toBe('012');
	expect(Math.max(...counts)).toBeLessThanOrEqual(2 * 3);
	await Promise.all(refs.map(each => logs.release(each)));
	expect(openFiles(directory)).toBe(0);
});

/** Log and index files that this process has open. */
function openFiles(directory: string): number {
	return readdirSync('/proc/self/fd').filter(descriptor => {
		try {
			return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(`${directory}/`) && statSync(`/proc/self/fd/${descriptor}`).isFile();
		} catch {
			// The descriptor through which the directory was listed is closed by now.
			return false;
		}
	}).length;
}

describe('files that somebody changed', () => {
	test('a log without its index is empty to read, and reading leaves it alone', async () => {
		const directory = temporaryDirectory();
		const before = open(directory);
		await before.append(ref, [piece(0, 'precious')]);
		await before.close();
		rmSync(join(directory, 'r01/0.1.idx'));
		expect(await open(directory).read(ref, 0, 100)).toMatchObject({pieces: [], end: 0});
		expect(readFileSync(join(directory, 'r01/0.1.log'), 'utf8')).toBe('precious');
	});

	test('a damaged index is named, not guessed at', async () => {
		const directory = temporaryDirectory();
		const before = open(directory);
		await before.append(
			ref,
			Array.from({length: windowRecords + 10}, (_, offset) => piece(offset, 'x', offset)),
		);
		await before.close();
		const path = join(directory, 'r01/0.1.idx');
		writeFileSync(path, readFileSync(path).fill(0xff, 2 * recordBytes, 3 * recordBytes));
		const logs = open(directory);
		expect(await logs.end(ref)).toBe(windowRecords + 10);
		const named = {
			code: 'unavailable',
			message: expect.stringContaining(`${join(directory, 'r01/0.1.log')}: record 2 of the index is damaged`),
		};
		await expect(logs.read(ref, 0, 10)).rejects.toMatchObject(named);
	});

	test('a log that is cut while it is open is an error to read, and whole again for the next owner', async () => {
		const directory = temporaryDirectory();
		const logs = open(directory);
		await logs.append(ref, [piece(0, 'abcdef')]);
		writeFileSync(join(directory, 'r01/0.1.log'), 'abc');
		await expect(logs.read(ref, 0, 10)).rejects.toMatchObject({code: 'unavailable', message: expect.stringContaining('somebody cut it')});
		await logs.release(ref);
		expect(await logs.append(ref, [piece(3, 'DEF', 7)])).toMatchObject({end: 6});
		expect(text((await logs.read(ref, 0, 10)).pieces)).toBe('abcDEF');
	});
});

test('a file in the place of the directory is explained', async () => {
	const directory = temporaryDirectory();
	writeFileSync(join(directory, 'r01'), '');
	const explained = {code: 'unavailable', message: expect.stringContaining(`${join(directory, 'r01/0.1.log')} (E`)};
	await expect(open(directory).append(ref, [piece(0, 'x')])).rejects.toMatchObject(explained);
});

test('a full disk refuses an append; with space again, it is taken', async context => {
	const directory = temporaryDirectory();
	if (!mountSmallDisk(directory)) return context.skip('no right to mount a small file system');
	const logs = open(directory);
	await logs.append(ref, [piece(0, 'before')]);
	const ballast = join(directory, 'ballast');
	fillDisk(ballast);
	await expect(logs.append(ref, [piece(6, 'x'.repeat(100_000), 2)])).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('The disk is full'),
	});
	expect(await logs.read(ref, 0, 100)).toMatchObject({next: 6, end: 6});
	rmSync(ballast);
	expect(await logs.append(ref, [piece(6, ' after', 3)])).toMatchObject({end: 12});
	expect(readFileSync(join(directory, 'r01/0.1.log'), 'utf8')).toBe('before after');
	await logs.close();
});
