import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {Spool} from '../../agent/spool.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {Report} from '../../source/protocol/messages.ts';

const one: AttemptRef = {run: 'r', task: 0, attempt: 1};
const two: AttemptRef = {run: 'r', task: 1, attempt: 1};
const silent = {flow: () => undefined, failed: () => undefined};
let directory: string;

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), 'spool-'));
});
afterEach(() => rmSync(directory, {recursive: true, force: true}));

function create(limitBytes = 256 * 1024 * 1024): Spool {
	return new Spool({directory, limitBytes, onOutput: () => undefined});
}

function bytesOf(logs: Report['logs'], ref: AttemptRef): Buffer {
	const chunks = logs.filter(log => log.ref === ref).flatMap(log => log.chunks);
	return Buffer.concat(chunks.map(({data}) => Buffer.from(data, 'base64')));
}

/** Reads and acknowledges all of an attempt's output, in Reports of `most` bytes. */
function drain(spool: Spool, ref: AttemptRef, most: number): Buffer {
	const parts: Buffer[] = [];
	for (let offset = 0; spool.pending; ) {
		const part = bytesOf(spool.read(most), ref);
		expect(part.length).toBeGreaterThan(0);
		expect(part.length).toBeLessThanOrEqual(most);
		parts.push(part);
		offset += part.length;
		spool.acknowledge(ref, offset);
	}
	return Buffer.concat(parts);
}

test('keeps stream, time and order; what follows at once on the same stream is one piece', () => {
	const spool = create();
	const output = spool.open(one, silent);
	output.write('stdout', Buffer.from('a'), 1000);
	output.write('stdout', Buffer.from('b'), 1001);
	output.write('stderr', Buffer.from('c'), 1001);
	output.write('stdout', Buffer.from('d'), 1002);
	output.write('stdout', Buffer.from('e'), 2000);
	const [log] = spool.read(1000);
	expect(log?.offset).toBe(0);
	expect(log?.chunks.map(({stream, at, data}) => [stream, at, Buffer.from(data, 'base64').toString()])).toEqual([
		['stdout', 1000, 'ab'],
		['stderr', 1001, 'c'],
		['stdout', 1002, 'd'],
		['stdout', 2000, 'e'],
	]);
});

test('is read again from the acknowledged offset on, also in the midst of a piece', () => {
	const spool = create();
	spool.open(one, silent).write('stdout', Buffer.from('hello world'), 1);
	expect(bytesOf(spool.read(5), one).toString()).toBe('hello');
	expect(bytesOf(spool.read(100), one).toString()).toBe('hello world');
	spool.acknowledge(one, 6);
	spool.acknowledge(one, 3); // late, and of no effect
	expect(spool.read(100)).toMatchObject([{offset: 6}]);
	expect(bytesOf(spool.read(100), one).toString()).toBe('world');
	spool.acknowledge(one, 11);
	expect(spool.read(100)).toEqual([]);
	expect(spool.bytes).toBe(0);
});

test('goes through files unharmed, and leaves none', () => {
	const spool = create();
	const output = spool.open(one, silent);
	const written = Buffer.alloc(3_000_001, Buffer.from(Array.from({length: 251}, (_, index) => index)));
	for (let from = 0; from < written.length; from += 65_537) {
		output.write(from % 2 ? 'stdout' : 'stderr', written.subarray(from, from + 65_537), from);
	}
	expect(output.bytes).toBe(written.length);
	expect(readdirSync(directory).length).toBeGreaterThan(5);
	expect(drain(spool, one, 100_000).equals(written)).toBe(true);
	expect(readdirSync(directory)).toEqual([]);
	expect(spool.bytes).toBe(0);
});

test('single bytes on changing streams keep their streams, through files too', () => {
	const spool = create();
	const output = spool.open(one, silent);
	for (let index = 0; index < 10_000; index += 1) output.write(index % 2 ? 'stdout' : 'stderr', Buffer.from([index % 256]), index);
	expect(readdirSync(directory).length).toBeGreaterThan(0);
	const chunks = spool.read(20_000)[0]?.chunks ?? [];
	expect(chunks).toHaveLength(10_000);
	expect(chunks.every(({stream, at}, index) => stream === (index % 2 ? 'stdout' : 'stderr') && at === index)).toBe(true);
});

test('asks for silence when it is full, and for more once a quarter is free', () => {
	const flows: boolean[] = [];
	const spool = create(1000);
	const output = spool.open(one, {...silent, flow: on => flows.push(on)});
	output.write('stdout', Buffer.alloc(900), 1);
	expect(flows).toEqual([]);
	output.write('stdout', Buffer.alloc(200), 1);
	expect(flows).toEqual([false]);
	const late: boolean[] = [];
	spool.open(two, {...silent, flow: on => late.push(on)});
	expect(late).toEqual([false]);
	spool.acknowledge(one, 1100);
	expect(flows).toEqual([false, true]);
	expect(late).toEqual([false, true]);
});

test('attempts share a Report: one that says little is not behind one that says much', () => {
	const spool = create();
	spool.open(one, silent).write('stdout', Buffer.alloc(100_000), 1);
	spool.open(two, silent).write('stdout', Buffer.alloc(300), 1);
	const logs = spool.read(10_000);
	expect(bytesOf(logs, two).length).toBe(300);
	expect(bytesOf(logs, one).length).toBe(9700);
});

test('a disk that takes no more fails the attempt with its reason, and what was taken stays readable', () => {
	const failures: string[] = [];
	const spool = create();
	const output = spool.open(one, {...silent, failed: error => failures.push(error.message)});
	rmSync(directory, {recursive: true});
	output.write('stdout', Buffer.alloc(300_000, 'x'), 1);
	output.write('stdout', Buffer.alloc(300_000, 'y'), 2);
	expect(failures).toHaveLength(1);
	expect(failures[0]).toContain('ENOENT');
	expect(output.bytes).toBe(300_000);
	expect(drain(spool, one, 70_000).equals(Buffer.alloc(300_000, 'x'))).toBe(true);
});

test('what cannot be read back is replaced by a message of the same length', () => {
	const spool = create();
	const output = spool.open(one, silent);
	output.write('stdout', Buffer.alloc(300_000, 'x'), 1);
	output.write('stdout', Buffer.from('end'), 2);
	for (const file of readdirSync(directory)) writeFileSync(join(directory, file), 'ruined');
	const read = bytesOf(spool.read(1_000_000), one);
	expect(read.length).toBe(300_003);
	expect(read.toString()).toMatch(/300000 bytes of output were lost: .*end$/s);
});

test('a discarded attempt takes its files along, and writes to nowhere', () => {
	const spool = create();
	const output = spool.open(one, silent);
	output.write('stdout', Buffer.alloc(1_000_000), 1);
	spool.discard(one);
	output.write('stdout', Buffer.alloc(1_000_000), 1);
	expect(readdirSync(directory)).toEqual([]);
	expect(spool.bytes).toBe(0);
	expect(spool.pending).toBe(false);
});
