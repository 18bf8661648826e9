import type {AttemptRef} from '../model/ids.ts';

const mostTasks = 2 ** 24;

/** Tells the attempts of one run apart, for who asks for thousands a second: a text of the same would cost more than all the rest. */
export function attemptNumber({task, attempt}: Pick<AttemptRef, 'task' | 'attempt'>): number {
	return attempt * mostTasks + task;
}
