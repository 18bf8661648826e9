import {expect, test} from 'vitest';
import type {RunDetail} from '../../source/protocol/views.ts';
import type {Work} from '../helpers/fake-agent.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const yaml = {'content-type': 'application/yaml'};
const flow = `
name: flow
tasks:
  - {name: fetch, command: x}
  - {name: build, command: x, depends_on: [fetch]}
  - {name: ship, command: x, depends_on: [build]}
`;

/** `build` fails as long as it is told to. */
function flaky() {
	const state = {fails: true};
	const work: Work = async ({task}, print) => {
		await print(`${task} ran\n`);
		return task === 'build' && state.fails ? {status: 'failed', exitCode: 1} : {status: 'succeeded', exitCode: 0};
	};
	return {state, work};
}

async function failedRun() {
	const {state, work} = flaky();
	const orchestra = openOrchestra({work});
	const {id} = (await (await orchestra.call('POST', '/v1/runs', flow, yaml)).json()) as RunDetail;
	await orchestra.ended(id);
	return {orchestra, state, id};
}

test('a retry is a new run that takes over what succeeded, and leaves the old one as it is', async () => {
	const {orchestra, state, id} = await failedRun();
	state.fails = false;
	const reply = await orchestra.call('POST', `/v1/runs/${id}/retry`);
	expect(reply.status).toBe(201);
	const {id: again} = (await reply.json()) as RunDetail;
	expect(again).not.toBe(id);
	expect(reply.headers.get('location')).toBe(`/v1/runs/${again}`);
	await orchestra.ended(again);
	const run = await (await orchestra.call('GET', `/v1/runs/${again}`)).json();
	expect(run).toMatchObject({
		retryOf: id,
		status: 'succeeded',
		tasks: [
			{name: 'fetch', status: 'succeeded', takenFrom: id, attempt: 0, attempts: []},
			{name: 'build', status: 'succeeded', attempt: 1},
			{name: 'ship', status: 'succeeded', attempt: 1},
		],
	});
	expect(await (await orchestra.call('GET', `/v1/runs/${id}`)).json()).toMatchObject({id, status: 'failed'});
	const {runs} = (await (await orchestra.call('GET', '/v1/runs')).json()) as {runs: unknown[]};
	expect(runs).toMatchObject([{id: again, retryOf: id}, {id}]);
	const logs = await orchestra.call('GET', `/v1/runs/${again}/tasks/fetch/logs`);
	expect([logs.status, await logs.text()]).toEqual([200, 'fetch ran\n']);
});

test('a dry run tells what would run, and begins nothing', async () => {
	const {orchestra, id} = await failedRun();
	const plan = async (body?: unknown) =>
		(await (await orchestra.call('POST', `/v1/runs/${id}/retry?dry_run=true`, body)).json()) as unknown;
	const tasks = (...actions: string[]) => ['fetch', 'build', 'ship'].map((name, index) => ({name, action: actions[index]}));
	expect(await plan()).toEqual({retryOf: id, tasks: tasks('keep', 'run', 'run')});
	expect(await plan({from: 'fetch'})).toEqual({retryOf: id, tasks: tasks('run', 'run', 'run')});
	expect(await plan({only: 'ship'})).toEqual({retryOf: id, tasks: tasks('keep', 'skip', 'run')});
	expect([...orchestra.services.engine.state.runs.keys()]).toEqual([]);
});

test('what cannot be retried is refused in words', async () => {
	const {orchestra, state, id} = await failedRun();
	const refused = async (run: string, body?: unknown, query = '') =>
		problemOf(await orchestra.call('POST', `/v1/runs/${run}/retry${query}`, body));
	expect(await refused(id, {from: 'nothing'})).toMatchObject({
		status: 404,
		detail: expect.stringContaining(`run ${id} has no task nothing; its tasks are `),
	});
	expect(await refused(id, {from: 'build', only: 'ship'})).toMatchObject({status: 422, detail: expect.stringContaining('not both')});
	expect(await refused('r0none')).toMatchObject({status: 404});
	state.fails = false;
	const {id: again} = (await (await orchestra.call('POST', `/v1/runs/${id}/retry`)).json()) as RunDetail;
	await orchestra.ended(again);
	expect(await refused(again)).toMatchObject({status: 409, detail: expect.stringContaining('every task of run')});
});

test('a run that has not ended is not retried, not even dry', async () => {
	const orchestra = openOrchestra();
	const waiting = 'tasks:\n  - {command: x, agent: nobody}\n';
	const {id} = (await (await orchestra.call('POST', '/v1/runs', waiting, yaml)).json()) as RunDetail;
	for (const query of ['', '?dry_run=true']) {
		const problem = await problemOf(await orchestra.call('POST', `/v1/runs/${id}/retry${query}`));
		expect(problem).toMatchObject({status: 409, detail: expect.stringContaining('has not ended')});
	}
});

test('the same request sent again gets the same run: at once, after its end, and after a restart', async () => {
	const first = openOrchestra();
	const key = {...yaml, 'idempotency-key': 'release 7'};
	const post = (orchestra: typeof first, headers: Record<string, string>, body = flow) => orchestra.call('POST', '/v1/runs', body, headers);
	const replies = await Promise.all([post(first, key), post(first, key)]);
	expect(replies.map(({status}) => status)).toEqual([201, 200]);
	const [one, two] = await Promise.all(replies.map(async reply => ((await reply.json()) as RunDetail).id));
	expect(two).toBe(one);
	await first.ended(one ?? '');
	await first.close();
	const second = openOrchestra({world: first.world});
	const later = await post(second, key);
	expect([later.status, ((await later.json()) as RunDetail).id]).toEqual([200, one]);
	const other = await problemOf(await post(second, key, flow.replace('ship', 'send')));
	expect(other).toMatchObject({status: 422, detail: expect.stringContaining(`which began run ${one}: use a new key`)});
	expect((await post(second, {...yaml, 'idempotency-key': 'x'.repeat(256)})).status).toBe(400);
});
