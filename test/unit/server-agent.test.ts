import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {AgentDetail, RunDetail} from '../../source/protocol/views.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const kept = {name: 'kept', type: 'local', slots: 2, labels: {zone: 'a'}};
/** Until it is told to stop. */
const endless: Work = (_assignment, _print, stop) =>
	new Promise(resolve => stop.addEventListener('abort', () => resolve({status: 'cancelled'})));

const detail = async (orchestra: Orchestra, name: string) =>
	(await (await orchestra.call('GET', `/v1/agents/${name}`)).json()) as AgentDetail;

async function deployed(orchestra: Orchestra): Promise<void> {
	expect((await orchestra.call('POST', '/deploy_agent', kept)).status).toBe(200);
	await expect.poll(() => detail(orchestra, 'kept')).toMatchObject({status: 'online'});
}

async function start(orchestra: Orchestra, agent: string): Promise<string> {
	const workflow = {tasks: [{name: 'a', command: 'x', agent, retry: {lost: 0}}]};
	return ((await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail).id;
}

test('the original call deploys an agent, and answers to the letter', async () => {
	const orchestra = openOrchestra();
	const body = '{"name": "agent2", "type": "local", "workflow": "workflow2.yaml", "volume": "./data:/app/data"}';
	const reply = await orchestra.call('POST', '/deploy_agent', body, {'content-type': 'application/json'});
	expect([reply.status, await reply.text()]).toEqual([200, '{"status":"Agent deployment initiated"}']);
	expect(reply.headers.get('location')).toBe('/v1/agents/agent2');
	expect(orchestra.services.engine.state.pools.agent2).toMatchObject({
		directory: orchestra.services.workflowDir,
		spec: {lifetime: 'persistent', workflow: 'workflow2.yaml', volumes: ['./data:/app/data']},
	});
});

test('an agent that was deployed comes online, runs tasks, is drained, and is removed', async () => {
	const orchestra = openOrchestra();
	await deployed(orchestra);
	expect(await detail(orchestra, 'kept')).toMatchObject({
		type: 'local',
		slots: 2,
		attempts: [],
		spec: {name: 'kept', slots: 2},
		lastSeenAt: expect.any(Number),
	});
	await orchestra.ended(await start(orchestra, 'kept'));
	const drained = await orchestra.call('POST', '/v1/agents/kept/drain');
	expect([drained.status, await drained.json()]).toMatchObject([200, {id: 'kept', status: 'draining'}]);
	expect((await orchestra.call('POST', '/deploy_agent', kept)).status).toBe(200);
	expect(await detail(orchestra, 'kept')).toMatchObject({status: 'online'});
	expect((await orchestra.call('DELETE', '/v1/agents/kept')).status).toBe(202);
	await expect.poll(async () => (await orchestra.call('GET', '/v1/agents/kept')).status).toBe(404);
	expect(orchestra.world.machine.instances.size).toBe(0);
});

test('what the instance of an agent has printed is told for as long as its agent does not serve', async () => {
	const asked: string[] = [];
	const orchestra = openOrchestra({
		lastOutput: async agent => {
			asked.push(agent);
			return 'getting ready';
		},
		faults: {driver: real => ({...real, start: spec => (spec.agent.name === 'late' ? new Promise(() => undefined) : real.start(spec))})},
	});
	await deployed(orchestra);
	asked.length = 0;
	expect(await detail(orchestra, 'kept')).not.toHaveProperty('output');
	expect(asked).toEqual([]);
	await orchestra.call('POST', '/deploy_agent', {...kept, name: 'late'});
	expect(await detail(orchestra, 'late')).toMatchObject({status: 'starting', output: 'getting ready'});
	expect(asked).toEqual(['late']);
});

test('what the variables of an agent hold is not told, and asked for again it is the same agent', async () => {
	const orchestra = openOrchestra();
	const secret = {name: 'kept', type: 'local', env: {KEY: 'hush', EMPTY: ''}};
	await orchestra.call('POST', '/deploy_agent', secret);
	const told = await orchestra.call('GET', '/v1/agents/kept');
	expect(((await told.json()) as AgentDetail).spec?.env).toEqual({KEY: '***', EMPTY: '***'});
	expect((await orchestra.call('POST', '/deploy_agent', secret)).status).toBe(200);
});

test('another specification under a name that is there is refused, and so is what no agent can be', async () => {
	const orchestra = openOrchestra();
	await deployed(orchestra);
	const refused = async (body: unknown) => problemOf(await orchestra.call('POST', '/deploy_agent', body));
	expect(await refused({...kept, slots: 3})).toMatchObject({status: 409, detail: expect.stringContaining('another specification')});
	expect(await refused({...kept, name: 'other', type: 'docker'})).toMatchObject({
		status: 422,
		code: 'unsupported',
		errors: [{path: 'type'}],
	});
	expect(await refused({...kept, lifetime: 'run', slot: 1})).toMatchObject({
		status: 422,
		errors: [
			{path: 'slot', message: expect.stringContaining('did you mean `slots`')},
			{path: 'lifetime', message: expect.stringContaining('persistent')},
		],
	});
	expect(await refused({...kept, name: 'a~b'})).toMatchObject({status: 422, errors: [{path: 'name'}]});
	expect(await refused([kept])).toMatchObject({status: 422});
	expect(await refused({...kept, name: 'other', env: {REFUSED: 'not on this machine'}})).toMatchObject({
		status: 422,
		detail: 'not on this machine',
	});
	expect(Object.keys(orchestra.services.engine.state.pools)).toEqual(['kept']);
});

test('an agent that runs tasks is removed by force only; they count as lost', async () => {
	const orchestra = openOrchestra({work: endless});
	await deployed(orchestra);
	const run = await start(orchestra, 'kept');
	await expect.poll(() => detail(orchestra, 'kept')).toMatchObject({used: 1, attempts: [{run, task: 0, name: 'a', attempt: 1}]});
	expect(await problemOf(await orchestra.call('DELETE', '/v1/agents/kept'))).toMatchObject({
		status: 409,
		detail: expect.stringContaining('by force'),
	});
	expect((await orchestra.call('DELETE', '/v1/agents/kept?force=true')).status).toBe(202);
	await orchestra.ended(run);
	expect(await (await orchestra.call('GET', `/v1/runs/${run}`)).json()).toMatchObject({
		status: 'failed',
		tasks: [{attempts: [{status: 'lost'}]}],
	});
});

test('one that registered is shown, drained, and forgotten; registering again begins anew', async () => {
	const orchestra = openOrchestra();
	await orchestra.play('east', 1, {zone: 'east'});
	await expect.poll(() => detail(orchestra, 'east')).toMatchObject({status: 'online', mode: 'pull', registeredAt: expect.any(Number)});
	await orchestra.call('POST', '/v1/agents/east/drain');
	expect(await detail(orchestra, 'east')).toMatchObject({status: 'draining'});
	await orchestra.call('POST', '/register', {name: 'east', type: 'test', mode: 'pull'});
	expect(await detail(orchestra, 'east')).toMatchObject({status: 'online'});
	expect((await orchestra.call('DELETE', '/v1/agents/east')).status).toBe(204);
	for (const [method, path] of [
		['GET', '/v1/agents/east'],
		['DELETE', '/v1/agents/east'],
		['POST', '/v1/agents/east/drain'],
	] as const) {
		expect(await problemOf(await orchestra.call(method, path))).toMatchObject({status: 404, detail: 'no agent east'});
	}
});

test("the orchestrator's own agent is not for people to remove", async () => {
	const orchestra = openOrchestra({work: endless});
	await start(orchestra, 'local-agent');
	const problem = await problemOf(await orchestra.call('DELETE', '/v1/agents/local-agent?force=true'));
	expect(problem).toMatchObject({status: 409, detail: expect.stringContaining('belongs to the orchestrator')});
});

test('an agent hands over its own workflow: once for each start, all of it on that agent, nothing of ours read', async () => {
	const orchestra = openOrchestra();
	const {directory} = orchestra;
	mkdirSync(join(directory, 'private'), {recursive: true});
	writeFileSync(join(directory, 'private/secret.env'), 'SECRET=1\n');
	await orchestra.play('east');
	const text = 'tasks:\n  - {name: a, command: x}\n  - {name: b, command: x, agent: other}\nagents:\n  - {name: other, type: local}\n';
	const hand = (session: string, more = {}) =>
		orchestra.call('POST', '/v1/agents/east/workflow', {session, text, file: 'own.yml', ...more});
	const first = await hand('s1');
	const {id} = (await first.json()) as RunDetail;
	expect(first.status).toBe(201);
	await orchestra.ended(id);
	expect(await (await orchestra.call('GET', `/v1/runs/${id}`)).json()).toMatchObject({
		file: 'own.yml',
		status: 'succeeded',
		tasks: [{agent: 'east'}, {agent: 'east'}],
	});
	const again = await hand('s1');
	expect([again.status, ((await again.json()) as RunDetail).id]).toEqual([200, id]);
	const next = await hand('s2');
	expect([next.status, ((await next.json()) as RunDetail).id === id]).toEqual([201, false]);
	const spying = await problemOf(await hand('s3', {text: `env_file: ${directory}/private/secret.env\n${text}`}));
	expect(spying).toMatchObject({status: 422, errors: [{line: 1}]});
	expect(await problemOf(await hand('s4', {text: 'tasks:\n  - {command: x, image: alpine}\n'}))).toMatchObject({
		status: 422,
		errors: [{path: 'tasks[0].image'}],
	});
	expect((await orchestra.call('POST', '/v1/agents/nobody/workflow', {session: 's', text})).status).toBe(404);
});

test('an instance may hand over its own workflow, and nothing else', async () => {
	const orchestra = openOrchestra({token: 'whole'});
	const admin = {authorization: 'Bearer whole'};
	for (const name of ['one', 'two']) await orchestra.call('POST', '/deploy_agent', {...kept, name}, admin);
	const own = {authorization: 'Bearer token-of-one'};
	const body = {session: 's', text: 'tasks:\n  - {command: x}\n'};
	expect((await orchestra.call('POST', '/v1/agents/one/workflow', body, own)).status).toBe(201);
	for (const [method, path] of [
		['POST', '/v1/agents/two/workflow'],
		['POST', '/v1/runs'],
		['GET', '/v1/agents/one'],
		['POST', '/v1/agents/one/drain'],
		['DELETE', '/v1/agents/one'],
		['POST', '/deploy_agent'],
	] as const) {
		const reply = await orchestra.call(method, path, method === 'POST' ? body : undefined, own);
		expect([path, reply.status]).toEqual([path, 401]);
	}
});
