import {expect, test} from 'vitest';
import type {Client, ViewEvent} from '../../source/client/client.ts';
import {createClient} from '../../source/client/client.ts';
import type {MirrorNews} from '../../source/client/mirror.ts';
import {Mirror} from '../../source/client/mirror.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {AgentRow, RunRow, TaskRow} from '../../source/protocol/views.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

const counts = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0};
const run = (id: string, version: number): RunRow => ({id, version, workflow: 'w', status: 'running', createdAt: 0, counts});
const task = (of: string, index: number, version: number): TaskRow => ({
	id: `${of}/${index}`,
	version,
	run: of,
	task: index,
	name: 'a',
	status: 'ready',
	attempt: 0,
});
const agent = (id: string, version: number): AgentRow => ({id, version, type: 'x', status: 'online', slots: 1, used: 0, labels: {}});
const none = {runs: [], tasks: [], agents: []};
const broken = new ByoaiError('unavailable', 'gone', {retryable: true});

/** One connection: its events, and the error that it ends with. */
type Connection = {readonly events: readonly ViewEvent[]; readonly error?: Error};

/** Follows these connections, one after the other; resolves once they are over. */
async function follow(connections: readonly Connection[]) {
	const abort = new AbortController();
	const lastIds: Array<string | undefined> = [];
	const waits: number[] = [];
	const news: MirrorNews[] = [];
	const client: Pick<Client, 'events'> = {
		async *events(_signal, lastId) {
			const connection = connections[lastIds.length];
			lastIds.push(lastId);
			yield* connection?.events ?? [];
			if (connection?.error !== undefined) throw connection.error;
			if (connection === undefined) abort.abort();
		},
	};
	const mirror = new Mirror(client, {wait: async ms => void waits.push(ms)});
	mirror.subscribe(of => news.push(of));
	await mirror.follow(abort.signal);
	return {mirror, lastIds, waits, news};
}

test('a mirror holds the snapshot, and what changed since', async () => {
	const {mirror, news} = await follow([
		{
			events: [
				{id: 'e-4', snapshot: {runs: [run('r1', 4)], tasks: [task('r1', 0, 3), task('r1', 1, 4)], agents: [agent('a', 1)]}},
				{id: 'e-5', change: {tasks: [task('r1', 0, 5), task('r1', 1, 2)], agents: [agent('b', 5)]}},
				{id: 'e-6', change: {gone: {agents: ['a']}}},
			],
		},
	]);
	expect([...mirror.tasks.values()].map(({id, version}) => [id, version])).toEqual([
		['r1/0', 5],
		['r1/1', 4],
	]);
	expect([...mirror.agents.keys()]).toEqual(['b']);
	expect(news.slice(0, 3)).toEqual([
		{type: 'snapshot'},
		{type: 'change', change: {tasks: [task('r1', 0, 5)], agents: [agent('b', 5)]}},
		{type: 'change', change: {gone: {agents: ['a']}}},
	]);
});

test('a run that is gone takes its tasks along', async () => {
	const snapshot = {runs: [run('r1', 1), run('r2', 1)], tasks: [task('r1', 0, 1), task('r1', 1, 1), task('r2', 0, 1)], agents: []};
	const {mirror} = await follow([
		{
			events: [
				{id: 'e-1', snapshot},
				{id: 'e-2', change: {gone: {runs: ['r1']}}},
			],
		},
	]);
	expect([[...mirror.runs.keys()], [...mirror.tasks.keys()]]).toEqual([['r2'], ['r2/0']]);
});

test('a new snapshot replaces everything, lower versions too', async () => {
	const {mirror} = await follow([
		{events: [{id: 'e-90', snapshot: {...none, runs: [run('r1', 90)], agents: [agent('a', 80)]}}]},
		{events: [{id: 'f-2', snapshot: {...none, runs: [run('r1', 2)]}}]},
	]);
	expect([...mirror.runs.values()].map(({version}) => version)).toEqual([2]);
	expect(mirror.agents.size).toBe(0);
});

test('after a break it goes on where it was, later and later while nobody answers', async () => {
	const {lastIds, waits, news, mirror} = await follow([
		{events: [{id: 'e-1', snapshot: none}], error: broken},
		{events: [], error: broken},
		{events: [], error: broken},
		{events: [{id: 'e-2', change: {}}]},
	]);
	expect(lastIds).toEqual([undefined, 'e-1', 'e-1', 'e-1', 'e-2']);
	const least = [200, 400, 800, 200];
	expect(waits).toHaveLength(4);
	waits.forEach((ms, index) => {
		expect(ms).toBeGreaterThanOrEqual(least[index] ?? 0);
		expect(ms).toBeLessThanOrEqual((least[index] ?? 0) * 1.5);
	});
	expect(news.map(({type}) => type)).toEqual(['snapshot', 'broken', 'broken', 'broken', 'change', 'broken']);
	expect(news[1]).toMatchObject({error: broken});
	expect(mirror.live).toBe(false);
});

test('what trying again does not help ends it', async () => {
	const denied = new ByoaiError('unauthorized', 'no');
	await expect(follow([{events: [], error: denied}])).rejects.toBe(denied);
	const bug = new TypeError('a bug');
	await expect(follow([{events: [], error: bug}])).rejects.toBe(bug);
});

test('a mirror of a real server is in step with it', async () => {
	const orchestra = openOrchestra();
	const mirror = new Mirror(createClient({fetch: orchestra.server.fetch, url: 'http://127.0.0.1:5001'}));
	const abort = new AbortController();
	const following = mirror.follow(abort.signal);
	await expect.poll(() => mirror.live).toBe(true);
	const workflow = {
		name: 'w',
		tasks: [
			{name: 'a', command: 'x'},
			{name: 'b', command: 'x'},
		],
	};
	await orchestra.call('POST', '/v1/runs', {workflow});
	await expect.poll(() => [...mirror.runs.values()].map(({status}) => status)).toEqual(['succeeded']);
	expect([...mirror.tasks.values()].map(({name, status}) => [name, status])).toEqual([
		['a', 'succeeded'],
		['b', 'succeeded'],
	]);
	abort.abort();
	await following;
});
