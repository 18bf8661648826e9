/** A run's id: `r` and 11 characters of a time-ordered, lower-case alphabet; unique in a state directory. */
export type RunId = string;

/** Random for each start of an agent program. */
export type SessionId = string;

/**
 * One try of one task. `task` is the index of the task in its run's file order; `attempt` counts from 1 and is also
 * the fencing token: only the newest attempt's outcome counts.
 */
export type AttemptRef = {readonly run: RunId; readonly task: number; readonly attempt: number};

/** One string for an attempt, for maps and messages: `r01j….3#2` is the second attempt of the fourth task. */
export function attemptKey(ref: AttemptRef): string {
	return `${ref.run}.${ref.task}#${ref.attempt}`;
}

/** No run has as many tasks. */
const taskNumbers = 2 ** 24;

/** Tells the attempts of one run apart, for who asks for thousands a second: a text of the same would cost more than all the rest. */
export function attemptNumber({task, attempt}: Pick<AttemptRef, 'task' | 'attempt'>): number {
	return attempt * taskNumbers + task;
}
