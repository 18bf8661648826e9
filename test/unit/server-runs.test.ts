import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import type {RunDetail, RunRow} from '../../source/protocol/views.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const yaml = {'content-type': 'application/yaml'};
const oneTask = 'name: hello\ntasks:\n  - name: one\n    command: echo one\n';
/** Until it is told to stop. */
const endless: Work = (_assignment, _print, stop) =>
	new Promise(resolve => stop.addEventListener('abort', () => resolve({status: 'cancelled'})));

async function started(reply: Response): Promise<RunDetail> {
	expect(reply.status).toBe(201);
	return (await reply.json()) as RunDetail;
}

test('a run is started from YAML, runs and is shown', async () => {
	const orchestra = openOrchestra();
	const reply = await orchestra.call('POST', '/v1/runs', oneTask, yaml);
	const run = await started(reply);
	expect(reply.headers.get('location')).toBe(`/v1/runs/${run.id}`);
	expect(run).toMatchObject({workflow: 'hello', directory: process.cwd(), tasks: [{name: 'one'}]});
	await orchestra.ended(run.id);
	const detail = {
		id: run.id,
		status: 'succeeded',
		tasks: [{name: 'one', status: 'succeeded', attempts: [{number: 1, status: 'succeeded'}]}],
	};
	for (const name of [run.id, run.id.slice(0, 5), 'latest']) {
		expect(await (await orchestra.call('GET', `/v1/runs/${name}`)).json()).toMatchObject(detail);
	}
	expect(orchestra.warnings).toEqual([]);
});

test('a workflow may come as an object, with params, and as text with its directory', async () => {
	const orchestra = openOrchestra();
	const workflow = {name: 'inline', params: [{name: 'who'}], tasks: [{name: 'greet', command: 'echo ${{ params.who }}'}]};
	const inline = await started(await orchestra.call('POST', '/v1/runs', {workflow, params: {who: 'me'}}));
	expect(inline).toMatchObject({workflow: 'inline', params: {who: 'me'}});
	const text = await started(await orchestra.call('POST', '/v1/runs', {text: oneTask, file: 'a.yml', directory: orchestra.directory}));
	expect(text).toMatchObject({file: 'a.yml', directory: orchestra.directory});
});

test('the original call starts a file of the workflow directory and answers to the letter', async () => {
	const orchestra = openOrchestra();
	writeFileSync(join(orchestra.services.workflowDir, 'hello.yml'), oneTask);
	const reply = await orchestra.call('POST', '/workflow', '{"workflow": "hello.yml"}', {'content-type': 'application/json'});
	expect(reply.status).toBe(200);
	expect(await reply.text()).toBe('{"status":"workflow execution started"}');
	const location = reply.headers.get('location') ?? '';
	expect(location).toMatch(/^\/v1\/runs\/r\w{11}$/);
	const run = await (await orchestra.call('GET', location)).json();
	expect(run).toMatchObject({workflow: 'hello', file: 'hello.yml', directory: orchestra.services.workflowDir});
});

test('no path leads out of the workflow directory', async () => {
	const orchestra = openOrchestra();
	const {directory} = orchestra;
	const {workflowDir} = orchestra.services;
	writeFileSync(join(directory, 'secret.yml'), oneTask);
	mkdirSync(join(directory, 'workflows-2'));
	writeFileSync(join(directory, 'workflows-2', 'near.yml'), oneTask);
	symlinkSync(join(directory, 'secret.yml'), join(workflowDir, 'link.yml'));
	symlinkSync(directory, join(workflowDir, 'up'));
	mkdirSync(join(workflowDir, 'folder.yml'));
	const outside = ['../secret.yml', join(directory, 'secret.yml'), 'link.yml', 'up/secret.yml', '../workflows-2/near.yml'];
	const none = ['missing.yml', 'folder.yml', '.', '..', '/', '/dev/zero', 'a\0b', 'x'.repeat(4096), `${'a/'.repeat(1000)}b`];
	for (const workflow of [...outside, ...none]) {
		const problem = await problemOf(await orchestra.call('POST', '/workflow', {workflow}));
		expect(problem, workflow).toMatchObject({status: 404, code: 'not_found'});
	}
	writeFileSync(join(workflowDir, 'real.yml'), oneTask);
	symlinkSync('real.yml', join(workflowDir, 'inside.yml'));
	expect((await orchestra.call('POST', '/workflow', {workflow: 'inside.yml'})).status).toBe(200);
	expect((await orchestra.call('POST', '/workflow', {workflow: join(workflowDir, 'real.yml')})).status).toBe(200);
});

test('a faulty workflow is refused with all its problems and their places', async () => {
	const orchestra = openOrchestra();
	const text = 'tasks:\n  - name: a\n    comand: x\n  - name: b\n    command: y\n    depends_on: [c]\n';
	const problem = await problemOf(await orchestra.call('POST', '/v1/runs', {text, file: 'bad.yml', directory: orchestra.directory}));
	expect(problem).toMatchObject({status: 422, code: 'invalid'});
	expect(problem.errors?.length).toBeGreaterThanOrEqual(2);
	expect(problem.errors).toContainEqual(expect.objectContaining({file: 'bad.yml', line: 3, column: 5}));
	expect([...orchestra.services.engine.state.runs.keys()]).toEqual([]);
});

test('an env file is read beside the workflow, and a device or directory is none', async () => {
	const orchestra = openOrchestra();
	writeFileSync(join(orchestra.directory, 'a.env'), 'WHO=me\n');
	const submit = (file: string) =>
		orchestra.call('POST', '/v1/runs', {text: `env_file: ${file}\n${oneTask}`, directory: orchestra.directory});
	const run = await started(await submit('a.env'));
	expect(orchestra.services.history.run(run.id).workflow.env).toEqual({WHO: 'me'});
	for (const file of ['missing.env', '/dev/zero', '.']) expect((await submit(file)).status, file).toBe(422);
});

test('what the driver of an agent cannot do refuses the run, and names the agent', async () => {
	const {call} = openOrchestra();
	const agents = [{name: 'a', type: 'local', env: {REFUSED: 'not like that'}}];
	const reply = await call('POST', '/v1/runs', {workflow: {tasks: [{name: 't', command: 'true', agent: 'a'}], agents}});
	expect(await problemOf(reply)).toMatchObject({
		status: 422,
		code: 'invalid',
		errors: [{path: 'agents[0]', message: 'agent a: not like that'}],
	});
});

test('it is told where in the file the key stands that it cannot take', async () => {
	const {call, directory} = openOrchestra();
	const text =
		'agents:\n  - {name: a}\n  - name: b\n    env: {REFUSED: "`slots`: none here"}\n    slots: 3\ntasks: [{command: x, agent: b}]\n';
	const reply = await call('POST', '/v1/runs', {text, file: 'flow.yml', directory});
	const problem = {path: 'agents[1].slots', message: 'agent b: `slots`: none here', file: 'flow.yml', line: 5, column: 12};
	expect(await problemOf(reply)).toMatchObject({detail: problem.message, errors: [problem]});
});

test('what this version cannot run is unsupported, unless it is not needed', async () => {
	const orchestra = openOrchestra();
	const submit = (text: string) => orchestra.call('POST', '/v1/runs', text, yaml);
	const agents = 'agents:\n  - {name: builder, type: docker, image: alpine}\n';
	const used = await problemOf(await submit(`${agents}tasks:\n  - {name: a, command: x, agent: builder}\n`));
	expect(used).toMatchObject({status: 422, code: 'unsupported', errors: [{path: 'agents[0].type'}]});
	expect(used.detail).toContain('agents of type docker are not in this version');
	const image = await problemOf(await submit('tasks:\n  - {name: a, command: x, image: alpine}\n'));
	expect(image).toMatchObject({status: 422, code: 'unsupported', errors: [{path: 'tasks[0].image'}]});
	expect((await submit(`${agents}tasks:\n  - {name: a, command: x}\n`)).status).toBe(201);
	await orchestra.play('builder');
	expect((await submit(`${agents}tasks:\n  - {name: a, command: x, agent: builder}\n`)).status).toBe(201);
});

test('with resume an active run of the same file, text and params is taken, also one on its way', async () => {
	const orchestra = openOrchestra({work: endless});
	const request = {text: oneTask, file: 'dir/a.yml', directory: orchestra.directory, params: {}, resume: true};
	const submit = (more = {}) => orchestra.call('POST', '/v1/runs', {...request, ...more});
	const [first, second] = await Promise.all([submit(), submit()]);
	const run = await started(first);
	expect(second.status).toBe(200);
	expect(await second.json()).toMatchObject({id: run.id});
	const again = await submit({file: 'a.yml'});
	expect([again.status, again.headers.get('location')]).toEqual([200, `/v1/runs/${run.id}`]);
	for (const other of [{text: `${oneTask}\n`}, {file: 'b.yml'}, {directory: '/'}]) {
		expect((await submit(other)).status, JSON.stringify(other)).toBe(201);
	}
	await orchestra.call('POST', `/v1/runs/${run.id}/cancel`);
	await orchestra.ended(run.id);
	const fresh = await submit({file: 'a.yml', resume: true});
	const {id} = await started(fresh);
	expect(id).not.toBe(run.id);
	expect((await started(await submit({resume: false}))).id).not.toBe(id);
});

test('a run is cancelled once, with its reason', async () => {
	const orchestra = openOrchestra({work: endless});
	const {id} = await started(await orchestra.call('POST', '/v1/runs', oneTask, yaml));
	const reply = await orchestra.call('POST', '/v1/runs/latest/cancel', {reason: 'no longer needed'});
	expect(reply.status).toBe(202);
	expect(await reply.json()).toMatchObject({id, reason: 'no longer needed'});
	await orchestra.ended(id);
	expect(await (await orchestra.call('GET', `/v1/runs/${id}`)).json()).toMatchObject({status: 'cancelled', reason: 'no longer needed'});
	const problem = await problemOf(await orchestra.call('POST', `/v1/runs/${id}/cancel`));
	expect(problem).toMatchObject({status: 409, code: 'conflict', detail: `run ${id} has ended already`});
	expect((await orchestra.call('POST', '/v1/runs/rnone/cancel')).status).toBe(404);
});

test('the limit of active runs holds for submissions at once too', async () => {
	const orchestra = openOrchestra({work: endless, limits: {active_runs: 2}});
	const replies = await Promise.all([1, 2, 3, 4].map(() => orchestra.call('POST', '/v1/runs', oneTask, yaml)));
	expect(replies.map(({status}) => status).sort()).toEqual([201, 201, 429, 429]);
	const refused = replies.find(({status}) => status === 429) ?? Response.error();
	expect((await problemOf(refused)).detail).toContain('active_runs');
});

test('runs are listed newest first, by status and in pages', async () => {
	const orchestra = openOrchestra();
	const ids: string[] = [];
	for (let count = 0; count < 3; count++) {
		const {id} = await started(await orchestra.call('POST', '/v1/runs', oneTask, yaml));
		await orchestra.ended(id);
		ids.unshift(id);
	}
	expect(await listed(orchestra, '')).toEqual(ids);
	expect(await listed(orchestra, '?limit=2')).toEqual(ids.slice(0, 2));
	expect(await listed(orchestra, `?before=${ids[1]}`)).toEqual(ids.slice(2));
	expect(await listed(orchestra, '?status=succeeded&limit=1')).toEqual(ids.slice(0, 1));
	expect(await listed(orchestra, '?status=failed')).toEqual([]);
});

async function listed(orchestra: Orchestra, query: string): Promise<string[]> {
	const {runs} = (await (await orchestra.call('GET', `/v1/runs${query}`)).json()) as {runs: RunRow[]};
	return runs.map(({id}) => id);
}
