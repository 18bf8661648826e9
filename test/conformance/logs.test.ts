import {describe, expect, onTestFinished, test} from 'vitest';
import type {AttemptRef} from '../../source/model/ids.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import type {LogPiece, LogStore} from '../../source/store/logs.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const ref: AttemptRef = {run: 'r01', task: 3, attempt: 1};
const stores = [['in files', (attemptBytes: number) => openLogFiles(temporaryDirectory(), {attemptBytes})]] as const;

function piece(offset: number, text: string, at = 1000, stream: LogPiece['stream'] = 'stdout'): LogPiece {
	return {offset, stream, at, data: Buffer.from(text)};
}

/** Pieces with text in place of bytes, so that failures can be read. */
function shown(pieces: readonly LogPiece[]): unknown[] {
	return pieces.map(({data, ...rest}) => ({...rest, text: Buffer.from(data).toString()}));
}

describe.each(stores)('a log store %s', (_name, make) => {
	function open(attemptBytes = 1000): LogStore {
		const logs = make(attemptBytes);
		onTestFinished(() => logs.close());
		return logs;
	}

	test('knows nothing of an attempt without output', async () => {
		const logs = open();
		expect(await logs.end(ref)).toBe(0);
		expect(await logs.read(ref, 0, 100)).toEqual({pieces: [], next: 0, end: 0, dropped: 0});
		expect(await logs.append(ref, [])).toEqual({end: 0, added: []});
		await logs.release(ref);
		expect(await logs.end(ref)).toBe(0);
	});

	test('keeps bytes, streams and times', async () => {
		const logs = open();
		const pieces = [piece(0, 'one\n', 1), piece(4, 'oops\n', 2, 'stderr'), piece(9, 'two\n', 3)];
		expect(await logs.append(ref, pieces)).toEqual({end: 13, added: pieces});
		const slice = await logs.read(ref, 0, 100);
		expect(shown(slice.pieces)).toEqual(shown(pieces));
		expect(slice).toMatchObject({next: 13, end: 13, dropped: 0});
	});

	test('joins what one stream gave in one millisecond, and nothing else', async () => {
		const logs = open();
		await logs.append(ref, [piece(0, 'a', 1), piece(1, 'b', 1), piece(2, 'c', 2), piece(3, 'd', 2, 'stderr')]);
		const {pieces} = await logs.read(ref, 0, 100);
		expect(shown(pieces)).toEqual(shown([piece(0, 'ab', 1), piece(2, 'c', 2), piece(3, 'd', 2, 'stderr')]));
	});

	test('passes over what it has and takes nothing beyond a gap', async () => {
		const logs = open();
		await logs.append(ref, [piece(0, 'abcdef')]);
		expect(await logs.append(ref, [piece(0, 'abc'), piece(3, 'def')])).toEqual({end: 6, added: []});
		expect(await logs.append(ref, [piece(7, 'h')])).toEqual({end: 6, added: []});
		const {end, added} = await logs.append(ref, [piece(2, 'cdefgh', 5), piece(8, 'ij', 6), piece(11, 'l', 7)]);
		expect(end).toBe(10);
		expect(shown(added)).toEqual(shown([piece(6, 'gh', 5), piece(8, 'ij', 6)]));
		const {pieces} = await logs.read(ref, 0, 100);
		expect(Buffer.concat(pieces.map(one => one.data)).toString()).toBe('abcdefghij');
	});

	test('a gap at the very beginning leaves nothing behind', async () => {
		const logs = open();
		expect(await logs.append(ref, [piece(1, 'b')])).toEqual({end: 0, added: []});
		expect(await logs.read(ref, 0, 100)).toEqual({pieces: [], next: 0, end: 0, dropped: 0});
	});

	test('reads from anywhere, no more than asked for, at least something', async () => {
		const logs = open();
		await logs.append(ref, [piece(0, 'abcd', 1), piece(4, 'efgh', 2), piece(8, 'ij', 3)]);
		const middle = await logs.read(ref, 2, 4);
		expect(shown(middle.pieces)).toEqual(shown([piece(2, 'cd', 1), piece(4, 'ef', 2)]));
		expect(middle).toMatchObject({next: 6, end: 10});
		expect(shown((await logs.read(ref, 9, 0)).pieces)).toEqual(shown([piece(9, 'j', 3)]));
		expect(await logs.read(ref, 10, 5)).toEqual({pieces: [], next: 10, end: 10, dropped: 0});
		expect(await logs.read(ref, 99, 5)).toEqual({pieces: [], next: 10, end: 10, dropped: 0});
	});

	test('counts what goes beyond the limit of an attempt, after all that it kept', async () => {
		const logs = open(5);
		const {end, added} = await logs.append(ref, [piece(0, 'abc', 1), piece(3, 'defg', 2)]);
		expect(end).toBe(7);
		expect(shown(added)).toEqual(shown([piece(0, 'abc', 1), piece(3, 'de', 2)]));
		expect(await logs.append(ref, [piece(5, 'fghij', 3)])).toEqual({end: 10, added: []});
		const slice = await logs.read(ref, 4, 100);
		expect(shown(slice.pieces)).toEqual(shown([piece(4, 'e', 2)]));
		expect(slice).toMatchObject({next: 10, end: 10, dropped: 5});
		expect(await logs.read(ref, 5, 100)).toEqual({pieces: [], next: 10, end: 10, dropped: 5});
		await logs.release(ref);
		expect(await logs.end(ref)).toBe(10);
		expect(await logs.append(ref, [piece(10, 'k')])).toEqual({end: 11, added: []});
	});

	test('appends to one attempt are taken in the order in which they were called', async () => {
		const logs = open();
		const results = await Promise.all(Array.from('abcdefgh', (letter, offset) => logs.append(ref, [piece(offset, letter, offset)])));
		expect(results.map(result => result.end)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
	});

	test('attempts, tasks and runs are kept apart', async () => {
		const logs = open();
		const refs = ['r01', 'r02'].flatMap(run => [0, 1].flatMap(task => [1, 2].map(attempt => ({run, task, attempt}))));
		await Promise.all(refs.map((each, index) => logs.append(each, [piece(0, `log ${index}`)])));
		for (const [index, each] of refs.entries()) {
			expect(shown((await logs.read(each, 0, 100)).pieces)).toEqual(shown([piece(0, `log ${index}`)]));
		}
	});

	test('goes on after release', async () => {
		const logs = open();
		await logs.append(ref, [piece(0, 'ab')]);
		await logs.release(ref);
		expect(await logs.append(ref, [piece(2, 'cd', 2)])).toMatchObject({end: 4});
		await logs.release(ref);
		expect(shown((await logs.read(ref, 0, 10)).pieces)).toEqual(shown([piece(0, 'ab'), piece(2, 'cd', 2)]));
	});

	test('drops all output of a run, open or not, and nothing else', async () => {
		const logs = open();
		const refs = [ref, {...ref, task: 0}, {...ref, attempt: 2}, {...ref, run: 'r011'}];
		for (const one of refs) await logs.append(one, [piece(0, 'ab')]);
		await logs.release({...ref, task: 0});
		await logs.drop('r01');
		await logs.drop('r01');
		await logs.drop('r7');
		expect(await Promise.all(refs.map(one => logs.end(one)))).toEqual([0, 0, 0, 2]);
		expect(shown((await logs.read({...ref, run: 'r011'}, 0, 10)).pieces)).toEqual(shown([piece(0, 'ab')]));
		await expect(logs.drop('../r01')).rejects.toMatchObject({code: 'invalid'});
	});

	test('a clock that says anything does no harm', async () => {
		const logs = open();
		const times = [-5, Number.NaN, 1e300, 12.7];
		await logs.append(
			ref,
			times.map((at, offset) => piece(offset, 'x', at)),
		);
		const {pieces} = await logs.read(ref, 0, 10);
		expect(pieces.map(one => one.at)).toEqual([0, 0, 2 ** 48 - 1, 12]);
	});

	test.each(['../r01', 'R01', '', 'r01/..', 'r\0'])('refuses the run id %j', async run => {
		await expect(open().append({...ref, run}, [piece(0, 'x')])).rejects.toMatchObject({code: 'invalid'});
	});

	test.each([-1, 1.5, Number.NaN])('refuses the task %d and the attempt %d', async number => {
		const logs = open();
		await expect(logs.end({...ref, task: number})).rejects.toMatchObject({code: 'invalid'});
		await expect(logs.end({...ref, attempt: number})).rejects.toMatchObject({code: 'invalid'});
	});

	test('is of no use after close, which waits for what was begun', async () => {
		const logs = open();
		const appended = logs.append(ref, [piece(0, 'ab')]);
		await logs.close();
		expect(await appended).toMatchObject({end: 2});
		await expect(logs.end(ref)).rejects.toMatchObject({code: 'stopping'});
	});
});
