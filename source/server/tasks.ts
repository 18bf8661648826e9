import {ByoaiError} from '../model/error.ts';
import type {Run} from '../model/run.ts';

/** Index of the task of this name, else of this index in file order; undefined: there is none. */
export function findTask({workflow}: Run, name: string): number | undefined {
	const named = workflow.tasks.findIndex(task => task.name === name);
	const index = named < 0 && /^\d{1,9}$/.test(name) ? Number(name) : named;
	return workflow.tasks[index] === undefined ? undefined : index;
}

/** The same; throws `not_found` when there is none. */
export function taskIndex(run: Run, name: string): number {
	const index = findTask(run, name);
	if (index === undefined) throw new ByoaiError('not_found', `run ${run.id} has no task ${name}`);
	return index;
}
