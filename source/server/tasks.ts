import {ByoaiError} from '../model/error.ts';
import type {Run} from '../model/run.ts';
import {didYouMean} from '../workflow/suggest.ts';

/** Index of the task of this name, else of this index in file order; undefined: there is none. */
export function findTask({workflow}: Run, name: string): number | undefined {
	const named = workflow.tasks.findIndex(task => task.name === name);
	const index = named < 0 && /^\d{1,9}$/.test(name) ? Number(name) : named;
	return workflow.tasks[index] === undefined ? undefined : index;
}

/** More are not listed in a message. */
const listedTasks = 8;

/** What was probably meant, or what there is. */
function knownTasks({workflow}: Run, name: string): string {
	const names = workflow.tasks.map(task => task.name);
	const meant = didYouMean(name, names);
	return meant !== '' || names.length > listedTasks ? meant : `; its tasks are ${names.join(', ')}`;
}

/** The same; throws `not_found` when there is none. */
export function taskIndex(run: Run, name: string): number {
	const index = findTask(run, name);
	if (index === undefined) throw new ByoaiError('not_found', `run ${run.id} has no task ${name}${knownTasks(run, name)}`);
	return index;
}
