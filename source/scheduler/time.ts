import type {Run} from '../model/run.ts';
import type {Draft, RunDraft} from './draft.ts';
import {failSilentStarts} from './instances.ts';
import {onlineDueAt} from './pools.ts';
import {ReadyTasks} from './ready-tasks.ts';
import {failFast, stopRun} from './runs.ts';
import type {State} from './state.ts';
import {endTask, makeReady, specOf} from './tasks.ts';
import type {Unserved} from './unserved.ts';
import {agentDueAt, unserved, unservedLanes} from './unserved.ts';

/** What the passing of time alone brings about. */
export function tick(draft: Draft): void {
	failSilentStarts(draft);
	for (const id of draft.state.runs.keys()) {
		const run = draft.run(id);
		if (run === undefined) continue;
		endOverdueRun(draft, run);
		for (const index of run.run.waiting) {
			const {status, retryAt} = run.task(index);
			if (status === 'waiting' && retryAt !== undefined && retryAt <= draft.state.now) makeReady(run, index, draft.state.now);
		}
		failUnserved(draft, run);
	}
}

function endOverdueRun(draft: Draft, run: RunDraft): void {
	const {workflow} = run.run;
	const overdueAt = overdueAtOf(run.run);
	if (workflow.timeoutMs === undefined || overdueAt === undefined || draft.state.now < overdueAt) return;
	const reason = `the workflow's timeout of ${workflow.timeoutMs / 1000} s is over`;
	stopRun(draft, run, {cause: 'timeout', at: draft.state.now, reason});
}

/** When the workflow's timeout stops this run; undefined: never, or all of it is to stop already. */
function overdueAtOf({createdAt, workflow, stop}: Run): number | undefined {
	if (workflow.timeoutMs === undefined || stop?.cause === 'timeout' || stop?.cause === 'cancelled') return undefined;
	return createdAt + workflow.timeoutMs;
}

/** Ready tasks whose agent is not there for too long, or cannot be started. */
export function failUnserved(draft: Draft, run: RunDraft): void {
	const {state} = draft;
	const causes = unservedLanes(state, run.run);
	if (causes.size === 0) return;
	const isOver = (index: number, cause: Unserved['cause']) => {
		return cause === 'start_failed' || state.now >= (agentDueAt(state, run.run, index) ?? Number.POSITIVE_INFINITY);
	};
	const lanes = [...causes].flatMap(([lane, cause]) => {
		const first = run.firstReady(lane);
		return first !== undefined && isOver(first, cause) ? [lane] : [];
	});
	const verdicts = new Map<number, Unserved | undefined>();
	// The list grows while it is read: what fails makes others ready, which may fail with the same pool.
	for (const index of run.ready(lanes)) {
		const lane = run.lanes.ofTask[index] ?? -1;
		const cause = causes.get(lane);
		if (cause === undefined || run.task(index).status !== 'ready' || !isOver(index, cause)) continue;
		const verdict = verdicts.get(lane) ?? unserved(state, run.run, specOf(run, index).agent);
		verdicts.set(lane, verdict);
		endTask(run, index, {status: 'failed', ...verdict}, state.now);
		failFast(draft, run, index);
	}
}

/** When something happens by itself: the engine then sends `ticked`. Undefined: never. */
export function wakeAt(state: State): number | undefined {
	let next = Number.POSITIVE_INFINITY;
	for (const run of state.runs.values()) next = Math.min(next, wakeRunAt(state, run));
	for (const pool of Object.values(state.pools)) {
		if (pool.nextStartAt !== undefined) next = Math.min(next, pool.nextStartAt);
		// Once all are being stopped, their ends say when it is over.
		if (pool.idleSince !== undefined && (pool.instances.length === 0 || pool.instances.some(({status}) => status !== 'stopping'))) {
			next = Math.min(next, pool.idleSince + pool.idleMs);
		}
		for (const instance of pool.instances) next = Math.min(next, onlineDueAt(pool, instance) ?? next);
	}
	return next === Number.POSITIVE_INFINITY ? undefined : next;
}

function wakeRunAt(state: State, run: Run): number {
	let next = overdueAtOf(run) ?? Number.POSITIVE_INFINITY;
	next = Math.min(next, firstRetryAt(run));
	if (run.agentTimeoutMs === undefined || run.ready.length === 0) return next;
	const ready = ReadyTasks.of(run);
	for (const [lane, cause] of unservedLanes(state, run)) {
		// Those of a lane became ready one after the other: the first is due first.
		const first = ready.lane(lane).first;
		if (cause === 'no_agent' && first !== undefined) next = Math.min(next, agentDueAt(state, run, first.task) ?? next);
	}
	return next;
}

/** By list: a task that is on it keeps its time. */
const firstRetries = new WeakMap<Run['waiting'], number>();

/** When the first of the tasks that wait is tried again. */
function firstRetryAt(run: Run): number {
	const known = firstRetries.get(run.waiting);
	if (known !== undefined) return known;
	let next = Number.POSITIVE_INFINITY;
	for (const index of run.waiting) next = Math.min(next, run.tasks.at(index)?.retryAt ?? next);
	firstRetries.set(run.waiting, next);
	return next;
}
