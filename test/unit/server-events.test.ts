import {expect, test} from 'vitest';
import type {ServerEvent} from '../../source/client/sse.ts';
import {readServerEvents} from '../../source/client/sse.ts';
import type {Snapshot, ViewChange} from '../../source/protocol/views.ts';
import {Backlog} from '../../source/server/backlog.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {testClock} from '../helpers/test-clock.ts';

const workflow = {name: 'w', tasks: [{name: 'a', command: 'x'}]};

type Reader = {next(): Promise<ServerEvent>; close(): Promise<unknown>};

async function listen(orchestra: Orchestra, lastId?: string): Promise<Reader> {
	const reply = await orchestra.call('GET', '/v1/events', undefined, lastId === undefined ? {} : {'last-event-id': lastId});
	expect(reply.headers.get('content-type')).toBe('text/event-stream');
	if (reply.body === null) throw new Error('no body');
	const events = readServerEvents(reply.body);
	return {
		async next() {
			const {value, done} = await events.next();
			if (done === true) throw new Error('the stream ended');
			return value;
		},
		close: () => events.return(undefined),
	};
}

function register(orchestra: Orchestra, name: string, slots = 1): Promise<void> {
	const agent = {name, type: 'test', mode: 'pull' as const, slots, labels: {}};
	return orchestra.services.engine.submit({type: 'agent-registered', at: 0, agent});
}

/** Reads on until a run has this status. */
async function untilStatus(reader: Reader, status: string): Promise<ServerEvent> {
	for (;;) {
		const event = await reader.next();
		const {runs = []} = JSON.parse(event.data) as ViewChange;
		if (runs.some(run => run.status === status)) return event;
	}
}

test('a reader gets everything, then what changes', async () => {
	const orchestra = openOrchestra();
	const reader = await listen(orchestra);
	const first = await reader.next();
	expect(first).toMatchObject({type: 'snapshot', id: 'life-one-0'});
	expect(JSON.parse(first.data)).toEqual({runs: [], tasks: [], agents: []});
	await orchestra.call('POST', '/v1/runs', {workflow});
	const last = await untilStatus(reader, 'succeeded');
	expect(last.type).toBe('change');
	expect(last.id).toMatch(/^life-one-\d+$/);
	const later = await (await listen(orchestra)).next();
	const {runs} = JSON.parse(later.data) as Snapshot;
	expect(runs).toEqual([expect.objectContaining({workflow: 'w', status: 'succeeded'})]);
});

test('a reader goes on after the event that it had last', async () => {
	const orchestra = openOrchestra();
	await register(orchestra, 'one');
	const {id} = await (await listen(orchestra)).next();
	await register(orchestra, 'two');
	const missed = await (await listen(orchestra, id)).next();
	expect(missed.type).toBe('change');
	expect((JSON.parse(missed.data) as ViewChange).agents?.map(agent => agent.id)).toEqual(['two']);
	const nothing = await (await listen(orchestra, missed.id)).next();
	expect(nothing).toMatchObject({type: 'change', id: missed.id, data: '{}'});
});

test('who cannot go on gets everything anew', async () => {
	const orchestra = openOrchestra();
	await register(orchestra, 'one');
	for (const id of ['life-two-1', 'life-one-99', 'life-one-', 'life-one--1', 'life-one-1e3', `life-one-${'9'.repeat(400)}`, 'x', '']) {
		expect((await (await listen(orchestra, id)).next()).type, id).toBe('snapshot');
	}
});

test('what a slow reader has not taken is merged; when it is too much, it gets everything anew', async () => {
	const orchestra = openOrchestra({limits: {event_rows: 2}});
	const reader = await listen(orchestra);
	await reader.next();
	for (const slots of [1, 2, 3, 4]) await register(orchestra, 'a', slots);
	// The first was on its way already; the others became one.
	expect([(await reader.next()).id, (await reader.next()).id]).toEqual(['life-one-1', 'life-one-4']);
	for (const name of ['b', 'c', 'd', 'e']) await register(orchestra, name);
	expect((await reader.next()).id).toBe('life-one-5');
	const anew = await reader.next();
	expect(anew).toMatchObject({type: 'snapshot', id: 'life-one-8'});
	expect((JSON.parse(anew.data) as Snapshot).agents.map(({id}) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('who looks only now and then gets at once what changed meanwhile', async () => {
	const clock = testClock();
	const orchestra = openOrchestra({clock});
	const reader = readServerEvents((await orchestra.call('GET', '/v1/events?every=200ms')).body ?? new ReadableStream());
	const next = async () => (await reader.next()).value as ServerEvent;
	expect((await next()).type).toBe('snapshot');
	await register(orchestra, 'a', 1);
	// After a while in which nothing changed, there is nothing to wait for.
	expect((await next()).id).toBe('life-one-1');
	const rest = next();
	for (const slots of [2, 3, 4]) await register(orchestra, 'a', slots);
	await clock.pass(100);
	await register(orchestra, 'b');
	await clock.pass(100);
	const {id, data} = await rest;
	expect(id).toBe('life-one-5');
	expect((JSON.parse(data) as ViewChange).agents?.map(agent => [agent.id, agent.slots])).toEqual([
		['a', 4],
		['b', 1],
	]);
	await reader.return(undefined);
});

test.each(['11s', 'soon', '-1'])('%s is not how often a stream can say what is new', async every => {
	const orchestra = openOrchestra();
	for (const path of ['/v1/events', '/v1/logs']) {
		const reply = await orchestra.call('GET', `${path}?every=${every}`);
		expect(reply.status).toBe(400);
		expect(JSON.stringify(await reply.json())).toContain('must be a duration up to 10 s, such as `200ms`');
	}
});

test('a backlog keeps the newest of each row, and knows what came back and what went', () => {
	const backlog = new Backlog(10);
	const agent = (id: string, version: number) => ({id, version}) as NonNullable<ViewChange['agents']>[number];
	expect(backlog.take()).toBeUndefined();
	backlog.add(1, {agents: [agent('a', 1), agent('b', 1)]});
	backlog.add(2, {agents: [agent('a', 2)], gone: {agents: ['b']}});
	backlog.add(3, {gone: {agents: ['c'], runs: ['r']}});
	backlog.add(4, {agents: [agent('c', 4)]});
	expect(backlog.take()).toEqual({sequence: 4, change: {agents: [agent('a', 2), agent('c', 4)], gone: {agents: ['b'], runs: ['r']}}});
	expect(backlog.take()).toBeUndefined();
});

test('a quiet stream has a heartbeat', async () => {
	const clock = testClock();
	const orchestra = openOrchestra({clock});
	const reader = (await orchestra.call('GET', '/v1/events')).body?.getReader();
	const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
	expect(await read()).toBe('');
	expect(await read()).toContain('event: snapshot');
	const quiet = read();
	await clock.pass(15_000);
	expect(await quiet).toBe(':\n\n');
});
