import {expect, test} from 'vitest';
import type {WholeTask} from '../../source/protocol/views.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const flow = {
	name: 'flow',
	env: {SHARED: 'seen-by-nobody'},
	tasks: [
		{name: 'build', command: 'make', agent: 'builder'},
		{
			name: 'test',
			command: ['make test', 'make lint'],
			agent: {labels: {gpu: 'yes'}},
			depends_on: ['build'],
			env: {API_KEY: 'seen-by-nobody'},
			timeout: '5m',
			retry: {limit: 2},
		},
	],
};

test('one task with what it is to do, and without the values of its environment', async () => {
	const orchestra = openOrchestra();
	await orchestra.call('POST', '/v1/runs', {workflow: flow});
	const reply = await orchestra.call('GET', '/v1/runs/latest/tasks/test');
	const text = await reply.text();
	const task = JSON.parse(text) as WholeTask;
	expect(task).toMatchObject({
		name: 'test',
		status: 'blocked',
		waiting: 'waits for build (ready)',
		spec: {
			command: ['make test', 'make lint'],
			agent: {labels: {gpu: 'yes'}},
			dependsOn: [{name: 'build', condition: 'succeeded', optional: false}],
			env: ['API_KEY', 'SHARED'],
			timeoutMs: 300_000,
			retry: {limit: 2},
		},
	});
	expect(text).not.toContain('seen-by-nobody');
	expect(await (await orchestra.call('GET', '/v1/runs/latest/tasks/1')).json()).toEqual(task);
});

test('a task that there is not', async () => {
	const orchestra = openOrchestra();
	await orchestra.call('POST', '/v1/runs', {workflow: flow});
	expect(await problemOf(await orchestra.call('GET', '/v1/runs/latest/tasks/nobody'))).toMatchObject({status: 404});
});
