import {expect, test} from 'vitest';
import type {LogLine, LogRecord, RunDetail} from '../../source/protocol/views.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';
import {testClock} from '../helpers/test-clock.ts';

const binary = Uint8Array.from({length: 700}, (_, index) => (index * 7) % 256);
const prints: Work = async ({task}, print) => {
	await print(`${task} out\n`);
	await print(binary);
	await print('\nwrong\n', 'stderr');
	await print('no end');
	return {status: 'succeeded', exitCode: 0};
};

async function submit(orchestra: Orchestra, ...names: string[]): Promise<string> {
	const workflow = {tasks: names.map(name => ({name, command: 'x'}))};
	return ((await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail).id;
}

async function bytes(reply: Response): Promise<Buffer> {
	expect(reply.status).toBe(200);
	return Buffer.from(await reply.arrayBuffer());
}

async function records<Item>(reply: Response): Promise<Item[]> {
	expect(reply.headers.get('content-type')).toBe('application/x-ndjson');
	const lines = (await reply.text()).split('\n').filter(line => line !== '');
	return lines.map(line => JSON.parse(line) as Item);
}

/** Reads until the text holds `expected`. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, expected: string): Promise<string> {
	let text = '';
	while (!text.includes(expected)) {
		const {done, value} = await reader.read();
		if (done) throw new Error(`ended with ${text}`);
		text += Buffer.from(value).toString();
	}
	return text;
}

test('a log as text is byte for byte what was printed, from an offset on and of one stream', async () => {
	const orchestra = openOrchestra({work: prints});
	const run = await submit(orchestra, 'a b/c');
	await orchestra.ended(run);
	const path = `/v1/runs/${run}/tasks/${encodeURIComponent('a b/c')}/logs`;
	const whole = Buffer.concat([Buffer.from('a b/c out\n'), binary, Buffer.from('\nwrong\nno end')]);
	const reply = await orchestra.call('GET', path);
	expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
	expect(await bytes(reply)).toEqual(whole);
	expect(await bytes(await orchestra.call('GET', `${path}?attempt=1&follow=true`))).toEqual(whole);
	expect(await bytes(await orchestra.call('GET', `${path}?offset=300`))).toEqual(whole.subarray(300));
	expect(await bytes(await orchestra.call('GET', `${path}?offset=${whole.length}`))).toHaveLength(0);
	expect(await bytes(await orchestra.call('GET', `${path}?offset=99999999999`))).toHaveLength(0);
	expect(`${await bytes(await orchestra.call('GET', `${path}?stream=stderr`))}`).toBe('\nwrong\n');
	expect(await bytes(await orchestra.call('GET', `/v1/runs/latest/tasks/0/logs`))).toEqual(whole);
});

test('a log as records says where each piece stands, and loses no byte', async () => {
	const orchestra = openOrchestra({work: prints});
	const run = await submit(orchestra, 'a');
	await orchestra.ended(run);
	const pieces = await records<LogRecord>(await orchestra.call('GET', `/v1/runs/${run}/tasks/a/logs?format=ndjson`));
	expect(pieces.map(piece => ('offset' in piece ? [piece.offset, piece.stream] : []))).toEqual([
		[0, 'stdout'],
		[6, 'stdout'],
		[706, 'stderr'],
		[713, 'stdout'],
	]);
	expect(pieces[0]).toMatchObject({text: 'a out\n', at: 1000});
	const data = pieces[1] !== undefined && 'base64' in pieces[1] ? Buffer.from(pieces[1].base64, 'base64') : undefined;
	expect(data).toEqual(Buffer.from(binary));
});

test('what was dropped is told once, at the end', async () => {
	const orchestra = openOrchestra({work: prints, limits: {attempt_log_bytes: 4}});
	const run = await submit(orchestra, 'a');
	await orchestra.ended(run);
	const path = `/v1/runs/${run}/tasks/a/logs`;
	const text = await (await orchestra.call('GET', path)).text();
	expect(text).toMatch(/^a ou\n\[byoai: 715 bytes more than the limit attempt_log_bytes permits were not kept\]\n$/);
	const pieces = await records<LogRecord>(await orchestra.call('GET', `${path}?format=ndjson`));
	expect(pieces).toEqual([{offset: 0, stream: 'stdout', at: 1000, text: 'a ou'}, {dropped: 715}]);
});

test('following a log waits for the first attempt and ends with it', async () => {
	const gate = Promise.withResolvers<void>();
	const work: Work = async ({task}, print) => {
		await print(`${task} begins\n`);
		await gate.promise;
		await print(`${task} ends\n`);
		return {status: 'succeeded', exitCode: 0};
	};
	const orchestra = openOrchestra({work});
	await submit(orchestra, 'first', 'second');
	const reader = (await orchestra.call('GET', '/v1/runs/latest/tasks/second/logs?follow=true')).body?.getReader();
	if (reader === undefined) throw new Error('no body');
	const first = (await orchestra.call('GET', '/v1/runs/latest/tasks/first/logs?follow=true')).body?.getReader();
	if (first === undefined) throw new Error('no body');
	expect(await readUntil(first, 'begins\n')).toBe('first begins\n');
	gate.resolve();
	expect(await readUntil(first, 'ends\n')).toBe('first ends\n');
	expect(await readUntil(reader, 'ends\n')).toBe('second begins\nsecond ends\n');
	expect((await reader.read()).done).toBe(true);
});

test('following a task that never gets an attempt ends with its run', async () => {
	const orchestra = openOrchestra({work: async () => ({status: 'failed', exitCode: 1})});
	await submit(orchestra, 'fails', 'skipped');
	expect(await (await orchestra.call('GET', '/v1/runs/latest/tasks/skipped/logs?follow=true')).text()).toBe('');
});

test('lines of a run are merged, filtered and followed to its end', async () => {
	const orchestra = openOrchestra({work: prints});
	const run = await submit(orchestra, 'a', 'b');
	const followed = await records<LogLine>(await orchestra.call('GET', `/v1/logs?run=${run}&follow=true`));
	const names = (lines: LogLine[]) => new Set(lines.map(({name}) => name));
	expect(names(followed)).toEqual(new Set(['a', 'b']));
	const kept = await records<LogLine>(await orchestra.call('GET', '/v1/logs?task=b'));
	expect(names(kept)).toEqual(new Set(['b']));
	expect(kept).toContainEqual(expect.objectContaining({run, task: 1, attempt: 1, agent: 'local-agent', stream: 'stderr', text: 'wrong'}));
	expect(await records(await orchestra.call('GET', '/v1/logs?agent=nobody'))).toEqual([]);
});

test('lines of many runs are merged by time, and chosen by agent, text and time', async () => {
	const orchestra = openOrchestra({work: prints});
	const runs = [await submit(orchestra, 'a'), await submit(orchestra, 'b'), await submit(orchestra, 'c')];
	for (const run of runs) await orchestra.ended(run);
	const lines = await records<LogLine>(await orchestra.call('GET', '/v1/logs'));
	expect(new Set(lines.map(({run}) => run))).toEqual(new Set(runs));
	const texts = async (query: string) => (await records<LogLine>(await orchestra.call('GET', `/v1/logs?${query}`))).map(({text}) => text);
	expect((await texts('grep=out')).sort()).toEqual(['a out', 'b out', 'c out']);
	expect(await texts('grep=out&task=b')).toEqual(['b out']);
	expect(await texts(`run=${runs[0]}&grep=wrong`)).toEqual(['wrong']);
	expect(await texts('grep=out&agent=nobody')).toEqual([]);
	// The agents of this world print in 1970.
	expect(await texts('grep=out&since=1970-01-01T00:00:01Z')).toHaveLength(3);
	expect(await texts('grep=out&since=1970-01-01T00:00:02Z')).toEqual([]);
	expect(await texts('grep=out&since=1h')).toEqual([]);
});

test('of more runs than the limit the newest are read, active ones first', async () => {
	const gate = Promise.withResolvers<void>();
	const work: Work = async ({task}, print) => {
		await print(`${task}\n`);
		if (task === 'first') await gate.promise;
		return {status: 'succeeded', exitCode: 0};
	};
	const orchestra = openOrchestra({work, limits: {log_runs: 2}});
	await submit(orchestra, 'first');
	for (const name of ['second', 'third']) await orchestra.ended(await submit(orchestra, name));
	const lines = await records<LogLine>(await orchestra.call('GET', '/v1/logs'));
	expect(lines.map(({text}) => text).sort()).toEqual(['first', 'third']);
	gate.resolve();
});

test('without a run, runs that begin later are followed as well, and each line comes once', async () => {
	const orchestra = openOrchestra({work: prints});
	await orchestra.ended(await submit(orchestra, 'early'));
	const reader = (await orchestra.call('GET', '/v1/logs?follow=true&grep=%20out')).body?.getReader();
	if (reader === undefined) throw new Error('no body');
	let text = await readUntil(reader, 'early out');
	for (const name of ['later', 'last']) {
		await orchestra.ended(await submit(orchestra, name));
		text += await readUntil(reader, `${name} out`);
	}
	const lines = text.split('\n').filter(line => line !== '');
	expect(lines.map(line => (JSON.parse(line) as LogLine).text)).toEqual(['early out', 'later out', 'last out']);
	await reader.cancel();
});

test('lines of a run that come within so long come together, also with its end', async () => {
	const gate = Promise.withResolvers<void>();
	const clock = testClock();
	const orchestra = openOrchestra({
		clock,
		work: async (_assignment, print) => {
			await print('first\n');
			await gate.promise;
			for (const line of ['second', 'third']) await print(`${line}\n`);
			return {status: 'succeeded', exitCode: 0};
		},
	});
	const run = await submit(orchestra, 'slow');
	await expect.poll(async () => (await orchestra.call('GET', '/v1/logs')).text()).toContain('first');
	const reader = (await orchestra.call('GET', `/v1/logs?run=${run}&follow=true&every=300ms`)).body?.getReader();
	if (reader === undefined) throw new Error('no body');
	await readUntil(reader, 'first');
	const rest = reader.read();
	await clock.pass(299);
	gate.resolve();
	await orchestra.ended(run);
	await clock.pass(1);
	const {value} = await rest;
	expect(Buffer.from(value ?? []).toString()).toMatch(/second.*\n.*third/);
	expect((await reader.read()).done).toBe(true);
});

test('a reader that goes away leaves nothing behind', async () => {
	const orchestra = openOrchestra({work: () => new Promise(() => undefined)});
	await submit(orchestra, 'a');
	const {logs, engine, views} = orchestra.services;
	const open = new Set<string>();
	for (const [name, source] of Object.entries({logs, engine, views})) countSubscriptions(name, source, open);
	for (const path of ['/v1/runs/latest/tasks/a/logs?follow=true', '/v1/logs?follow=true', '/v1/events']) {
		const reader = (await orchestra.call('GET', path)).body?.getReader();
		const waiting = reader?.read().then(() => reader.read());
		await expect.poll(() => open.size, {message: path}).toBeGreaterThan(0);
		await reader?.cancel();
		await waiting;
		await expect.poll(() => [...open], {message: path}).toEqual([]);
	}
	expect((await orchestra.call('GET', '/health')).status).toBe(200);
	expect(orchestra.warnings).toEqual([]);
});

/** Notes in `open` what has subscribed and not gone. */
function countSubscriptions(name: string, source: {subscribe: (listener: never) => () => void}, open: Set<string>): void {
	const subscribe = source.subscribe.bind(source);
	let count = 0;
	source.subscribe = listener => {
		const entry = `${name} ${++count}`;
		open.add(entry);
		const stop = subscribe(listener);
		return () => {
			open.delete(entry);
			stop();
		};
	};
}

test('runs, tasks and attempts that are not there are not found', async () => {
	const orchestra = openOrchestra({work: prints});
	expect((await problemOf(await orchestra.call('GET', '/v1/logs?run=latest'))).status).toBe(404);
	expect(await (await orchestra.call('GET', '/v1/logs')).text()).toBe('');
	await orchestra.ended(await submit(orchestra, 'a'));
	for (const path of ['rzz/tasks/a', 'latest/tasks/z', 'latest/tasks/1', 'latest/tasks/-1', 'latest/tasks/a/logs?attempt=2']) {
		const problem = await problemOf(await orchestra.call('GET', `/v1/runs/${path.includes('?') ? path : `${path}/logs`}`));
		expect(problem, path).toMatchObject({status: 404, code: 'not_found'});
	}
	expect((await orchestra.call('GET', '/v1/logs?run=latest&task=z')).status).toBe(404);
	expect(await (await orchestra.call('GET', '/v1/logs?task=z')).text()).toBe('');
});
