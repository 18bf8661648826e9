import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import type {InstanceSpec} from '../../source/model/instance.ts';
import type {RunDetail, TaskDetail} from '../../source/protocol/views.ts';
import type {Orchestra, OrchestraOptions} from './orchestra.ts';
import {openOrchestra} from './orchestra.ts';

/** A task with an image; in a test of the orchestrator's side its command says nothing, for its instance is scripted. */
export function imageTask(name: string, more: object = {}): object {
	return {name, image: 'some', command: 'x', depends_on: [], ...more};
}

/** Starts a run; resolves with its id. */
export async function submit(orchestra: Orchestra, tasks: readonly object[], more: object = {}): Promise<string> {
	const reply = await orchestra.call('POST', '/v1/runs', {workflow: {...more, tasks}});
	if (reply.status !== 201) throw new Error(await reply.text());
	return ((await reply.json()) as RunDetail).id;
}

export async function detailOf(orchestra: Orchestra, run: string): Promise<RunDetail> {
	return (await (await orchestra.call('GET', `/v1/runs/${run}`)).json()) as RunDetail;
}

/** How it is with a run's first task, or another one. */
export async function taskOf(orchestra: Orchestra, run: string, index = 0): Promise<TaskDetail> {
	const task = (await detailOf(orchestra, run)).tasks[index];
	if (task === undefined) throw new Error(`no task ${index} in run ${run}`);
	return task;
}

/** The run's first task, or another one, once the run has ended. */
export async function endedTask(orchestra: Orchestra, run: string, index = 0): Promise<TaskDetail> {
	await orchestra.ended(run);
	return taskOf(orchestra, run, index);
}

/** The output of an attempt as it is on disk. */
export function logOf({directory}: Orchestra, run: string, task = 0, attempt = 1): Buffer {
	return readFileSync(join(directory, 'logs', run, `${task}.${attempt}.log`));
}

/** An orchestrator whose tasks with an image are as `script` says of each attempt's instance. */
export function openWithImages(script: (spec: InstanceSpec, attempt: number) => FakeScript, options: OrchestraOptions = {}): Orchestra {
	return openOrchestra({images: spec => script(spec, spec.command?.ref.attempt ?? 0), ...options});
}

/** Nothing is left: no instance, no agent, no session. */
export async function expectNothingLeft({world, services}: Orchestra): Promise<void> {
	await expect.poll(() => services.engine.state.pools).toEqual({});
	const left = [...world.machine.instances].filter(([, instance]) => instance.status() !== 'ended' || instance.remains());
	expect(left.map(([name]) => name)).toEqual([]);
	expect(services.engine.state.sessions.size).toBe(0);
}
