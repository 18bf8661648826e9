import type {Outcome, Task} from '../model/run.ts';
import type {RetryPolicy} from '../model/workflow.ts';

export type Verdict =
	/** Tried again once `delayMs` have passed; 0: at once. */
	| {readonly again: true; readonly delayMs: number; readonly failures: number; readonly losses: number}
	| {readonly again: false; readonly failures: number; readonly losses: number};

/** Whether a task is tried again after an attempt that did not succeed: failures and losses have budgets of their own. */
export function verdict(policy: RetryPolicy, task: Task, outcome: Outcome): Verdict {
	if (outcome.status === 'lost' || outcome.status === 'cancelled') {
		const losses = task.losses + 1;
		const counts = {failures: task.failures, losses};
		return losses <= policy.lost ? {again: true, delayMs: 0, ...counts} : {again: false, ...counts};
	}
	const failures = task.failures + 1;
	const counts = {failures, losses: task.losses};
	if (failures > policy.limit || !isRetried(policy, outcome)) return {again: false, ...counts};
	const delayMs = Math.min(policy.delayMs * policy.backoff ** (failures - 1), policy.maxDelayMs);
	return {again: true, delayMs, ...counts};
}

function isRetried({exitCodes}: RetryPolicy, outcome: Outcome): boolean {
	if (exitCodes === undefined) return true;
	return outcome.exitCode !== undefined && exitCodes.includes(outcome.exitCode);
}
