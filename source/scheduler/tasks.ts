import type {Outcome, Task, TaskCause, TaskStatus} from '../model/run.ts';
import {taskEnded} from '../model/run.ts';
import type {Dependency, TaskSpec} from '../model/workflow.ts';
import type {RunDraft} from './draft.ts';
import {verdict} from './retry.ts';

export type EndStatus = Extract<TaskStatus, 'succeeded' | 'failed' | 'cancelled' | 'skipped'>;
type End = {readonly status: EndStatus; readonly reason?: string; readonly cause?: TaskCause};

/** What a task is to do. */
export function specOf(draft: RunDraft, index: number): TaskSpec {
	const spec = draft.run.workflow.tasks[index];
	if (spec === undefined) throw new Error(`run ${draft.run.id} has no task ${index}`);
	return spec;
}

/** A task whose dependencies hold: only a slot is missing. */
export function makeReady(draft: RunDraft, index: number, at: number): void {
	const task = draft.task(index);
	if (task.status === 'waiting') draft.sift('waiting');
	const {retryAt: _, ...rest} = task;
	draft.setTask(index, {...rest, status: 'ready', readyAt: at});
	draft.addReady(index);
}

/** A task that is tried again at `retryAt`. */
function makeWaiting(draft: RunDraft, index: number, retryAt: number): void {
	draft.setTask(index, {...draft.task(index), status: 'waiting', retryAt});
	draft.addWaiting(index);
}

/**
 * Ends a task for good and tells those that depend on it: they come a step nearer to being ready, or are skipped,
 * and so on along the graph.
 */
export function endTask(draft: RunDraft, index: number, end: End, at: number): void {
	endTasks(draft, [index], end, at);
}

/** The same for many that end alike: none of them is skipped because another one ended. */
export function endTasks(draft: RunDraft, indices: readonly number[], end: End, at: number): void {
	const ending: Array<{index: number; end: End}> = indices.map(index => ({index, end}));
	for (const next of ending) {
		const task = draft.task(next.index);
		if (taskEnded(task.status)) continue;
		endOne(draft, next.index, task, next.end, at);
		for (const dependent of draft.run.dependents[next.index] ?? []) {
			const skip = decideDependency(draft, dependent, next.index, at);
			if (skip !== undefined) ending.push({index: dependent, end: skip});
		}
	}
}

function endOne(draft: RunDraft, index: number, task: Task, end: End, at: number): void {
	const {run} = draft;
	const {readyAt: _, retryAt: __, stopping: ___, ...rest} = task;
	draft.setTask(index, {...rest, ...end, endedAt: at});
	if (task.status === 'ready' || task.status === 'waiting') draft.sift(task.status);
	draft.change({open: run.open - 1, active: task.status === 'running' ? run.active - 1 : run.active});
}

/** `dependent` hears that `ended` is over. Returns how it ends itself, if that makes it impossible to run. */
function decideDependency(draft: RunDraft, dependent: number, ended: number, at: number): End | undefined {
	const task = draft.task(dependent);
	if (task.status !== 'blocked') return undefined;
	const spec = specOf(draft, dependent);
	for (const dependency of spec.dependsOn) {
		if (dependency.task === ended && !holds(draft, dependency)) return skippedBy(draft, dependency);
	}
	const undecided = task.undecided - 1;
	draft.setTask(dependent, {...task, undecided});
	if (undecided === 0) makeReady(draft, dependent, at);
	return undefined;
}

function holds(draft: RunDraft, dependency: Dependency): boolean {
	const {status} = draft.task(dependency.task);
	if (status === 'skipped' && dependency.optional) return true;
	switch (dependency.condition) {
		case 'succeeded':
			return status === 'succeeded' || (status === 'failed' && specOf(draft, dependency.task).continueOnError);
		case 'failed':
			return status === 'failed';
		case 'completed':
		case 'ordered':
			return true;
	}
}

function skippedBy(draft: RunDraft, dependency: Dependency): End {
	const {name} = specOf(draft, dependency.task);
	const {status} = draft.task(dependency.task);
	const how = status === 'succeeded' || status === 'failed' ? status : `was ${status}`;
	return {status: 'skipped', cause: 'dependency', reason: `needs ${name} ${dependency.condition}, but it ${how}`};
}

/** What becomes of a task when its attempt has ended: over, or tried again. */
export function concludeAttempt(draft: RunDraft, index: number, outcome: Outcome, at: number): void {
	const task = draft.task(index);
	if (outcome.status === 'succeeded') return endTask(draft, index, {status: 'succeeded'}, at);
	if (task.stopping) return endStopped(draft, index, outcome, at);
	const decision = verdict(specOf(draft, index).retry, task, outcome);
	const {failures, losses} = decision;
	draft.setTask(index, {...task, failures, losses});
	if (!decision.again) return endTask(draft, index, {status: 'failed'}, at);
	draft.change({active: draft.run.active - 1});
	if (decision.delayMs > 0) makeWaiting(draft, index, at + decision.delayMs);
	else makeReady(draft, index, at);
}

function endStopped(draft: RunDraft, index: number, outcome: Outcome, at: number): void {
	if (outcome.status === 'failed' || outcome.status === 'timed_out') return endTask(draft, index, {status: 'failed'}, at);
	const {stop} = draft.run;
	endTask(draft, index, {status: 'cancelled', ...(stop && {cause: stop.cause, reason: stop.reason})}, at);
}
