import {expect, onTestFinished, test} from 'vitest';
import {Views} from '../../source/engine/views.ts';
import type {RunDetail} from '../../source/protocol/views.ts';
import type {OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const open = (options: OrchestraOptions = {}) => openOrchestra({images: () => ({type: 'exits', afterMs: 0, exitCode: 0}), ...options});
const withImage = (more: object) => ({tasks: [{name: 'a', image: 'some', command: 'x', ...more}]});
const how =
	'task a: with an `image`, `agent` names what its container is made after: an agent of type docker or kubernetes of this file, or one that was deployed';

test('a task can be made after an agent that was deployed, which need not run for that', async () => {
	const orchestra = open();
	const env = {FROM: 'box'};
	const box = {name: 'box', type: 'docker', env, volumes: ['./data:/data'], workflow: undefined};
	expect((await orchestra.call('POST', '/deploy_agent', box)).ok).toBe(true);
	const reply = await orchestra.call('POST', '/v1/runs', {workflow: withImage({agent: 'box', volumes: ['./other:/data']})});
	expect(reply.status).toBe(201);
	const {id} = (await reply.json()) as RunDetail;
	const [task] = orchestra.services.engine.state.runs.get(id)?.workflow.tasks ?? [];
	expect(task?.agent).toEqual({name: 'docker~images'});
	expect(task?.mould).toMatchObject({name: 'box', type: 'docker', image: 'some', env, volumes: ['./other:/data'], lifetime: 'task'});
	await orchestra.ended(id);
	const ended = (await (await orchestra.call('GET', `/v1/runs/${id}`)).json()) as RunDetail;
	expect(ended).toMatchObject({status: 'succeeded', tasks: [{attempts: [{agent: 'docker~images'}]}]});
});

test.each([
	['an agent that registered', async (orchestra: ReturnType<typeof open>) => void (await orchestra.play('box')), `${how}; box is neither`],
	['nobody', async () => undefined, `${how}; box is neither`],
	[
		'an agent of type local that was deployed',
		async (orchestra: ReturnType<typeof open>) => void (await orchestra.call('POST', '/deploy_agent', {name: 'box', type: 'local'})),
		`${how}; box is of type local, which starts no containers`,
	],
])('after %s it cannot be made', async (_, prepare, message) => {
	const orchestra = open();
	await prepare(orchestra);
	const problem = await problemOf(await orchestra.call('POST', '/v1/runs', {workflow: withImage({agent: 'box'})}));
	expect(problem).toMatchObject({status: 422, code: 'invalid', detail: message, errors: [{path: 'tasks[0].agent', message}]});
	expect(orchestra.services.engine.state.runs.size).toBe(0);
});

test('what its driver cannot do is told where the image stands', async () => {
	const workflow = {agents: [{name: 'box', type: 'docker', env: {REFUSED: 'no such thing'}}], ...withImage({agent: 'box'})};
	const problem = await problemOf(await open().call('POST', '/v1/runs', {workflow}));
	expect(problem).toMatchObject({status: 422, errors: [{path: 'tasks[0].image', message: 'task a: no such thing'}]});
});

test('where there are no such instances it is refused as unsupported', async () => {
	const orchestra = openOrchestra();
	const problem = await problemOf(await orchestra.call('POST', '/v1/runs', {workflow: withImage({})}));
	expect(problem).toMatchObject({code: 'unsupported', detail: 'tasks with an image of type docker are not in this version (task a)'});
});

test('the driver of its instance is asked whether it can work here before the run begins, and no agent of the file is started for it', async () => {
	const probed: string[][] = [];
	const orchestra = open({probe: async agents => void probed.push(agents.map(({type}) => type))});
	const workflow = {agents: [{name: 'box', type: 'docker'}], ...withImage({agent: 'box'})};
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail;
	expect(probed).toEqual([['docker']]);
	expect(Object.keys(orchestra.services.engine.state.pools)).toEqual(['docker~images']);
	await orchestra.ended(id);
});

test('how far the start of its instance is stands in its row, until it runs', async () => {
	const orchestra = openOrchestra({images: () => ({type: 'exits', startMs: 300, afterMs: 0, exitCode: 0})});
	let progress = 'pulling some: 12 %';
	const views = new Views(
		orchestra.services.engine,
		() => true,
		() => undefined,
		() => undefined,
		instance => `${progress} of ${instance}`,
	);
	onTestFinished(() => views.close());
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow: withImage({})})).json()) as RunDetail;
	const row = () => views.snapshot().tasks.find(({run}) => run === id);
	await expect.poll(() => row()?.status).toBe('running');
	const seen: Array<string | undefined> = [];
	views.subscribe((_, {tasks = []}) => seen.push(...tasks.map(({starting}) => starting)));
	for (const next of [progress, progress, 'pulling some: 80 %']) {
		progress = next;
		views.refresh();
	}
	expect(seen).toEqual([`pulling some: 12 % of ${id}.0#1`, `pulling some: 80 % of ${id}.0#1`]);
	await orchestra.ended(id);
	expect(seen.at(-1)).toBeUndefined();
});
