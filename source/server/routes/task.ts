import type {Run} from '../../model/run.ts';
import type {TaskSpecView} from '../../protocol/views.ts';
import {exampleWholeTask} from '../examples.ts';
import {runParam, runRefusals, taskParam} from '../params.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {wholeTask} from '../schemas/task.ts';
import type {Services} from '../services.ts';
import {taskIndex} from '../tasks.ts';

/** One task: how it is, and what it is to do. */
export function taskRoute({history}: Services): Route {
	return route({
		method: 'GET',
		path: '/v1/runs/:id/tasks/:task',
		id: 'getTask',
		summary: 'Show a task of a run',
		tag: 'runs',
		access: 'token',
		params: {id: runParam, task: taskParam},
		replies: {
			200: {description: 'The task with its attempts, and what it is to do.', schema: wholeTask, example: exampleWholeTask},
			404: {description: 'There is no such run or task.'},
			409: runRefusals[409],
		},
		handle({params}) {
			const run = history.run(history.resolve(params.id));
			const task = taskIndex(run, params.task);
			return {...history.task(run, task), run: run.id, spec: specView(run, task)};
		},
	});
}

function specView({workflow: {tasks, env: shared}}: Run, index: number): TaskSpecView {
	const spec = tasks[index];
	if (spec === undefined) throw new Error(`there is no task ${index}`);
	const {name: _, mould: __, env, dependsOn, ...same} = spec;
	return {
		...same,
		env: [...new Set([...Object.keys(shared), ...Object.keys(env)])].sort(),
		dependsOn: dependsOn.map(({task, ...how}) => ({name: tasks[task]?.name ?? '', ...how})),
	};
}
