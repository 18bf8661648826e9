import {ByoaiError} from '../model/error.ts';
import type {Run} from '../model/run.ts';

/** Index of the task of this name, else of this index in file order. */
export function taskIndex({id, workflow}: Run, name: string): number {
	const named = workflow.tasks.findIndex(task => task.name === name);
	const index = named < 0 && /^\d{1,9}$/.test(name) ? Number(name) : named;
	if (workflow.tasks[index] === undefined) throw new ByoaiError('not_found', `run ${id} has no task ${name}`);
	return index;
}
