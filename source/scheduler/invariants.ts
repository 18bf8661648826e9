import type {Session} from '../model/agent.ts';
import type {AttemptRef} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Run, Task, TaskStatus} from '../model/run.ts';
import {currentAttempt, taskEnded} from '../model/run.ts';
import type {State} from './state.ts';
import {taskOf} from './state.ts';

/**
 * What must be true after every step, whatever the events: the state says some things twice (counts, lists, who holds what),
 * and here they are held together. Undefined: all is well; else the first thing that is not, in words.
 */
export function findViolation(state: State): string | undefined {
	const held = new Set(state.sessions.values().flatMap(({id, assigned}) => assigned.map(ref => holding(id, ref))));
	for (const run of state.runs.values()) {
		const violation = findInRun(held, run);
		if (violation !== undefined) return `run ${run.id}: ${violation}`;
	}
	for (const session of state.sessions.values()) {
		const violation = findInSession(state, session);
		if (violation !== undefined) return `session ${session.id}: ${violation}`;
	}
	return findInPools(state);
}

function findInRun(held: ReadonlySet<string>, run: Run): string | undefined {
	const tasks = [...run.tasks];
	const open = tasks.filter(({status}) => !taskEnded(status)).length;
	const active = tasks.filter(({status}) => status === 'running').length;
	if (run.open !== open) return `open is ${run.open}, but ${open} tasks have not ended`;
	if (open === 0) return 'nothing is left to do, and it is still there';
	if (run.active !== active) return `active is ${run.active}, but ${active} tasks are running`;
	const most = run.workflow.maxParallel;
	if (most !== undefined && active > most) return `${active} tasks are running, with max_parallel ${most}`;
	return findInLists(tasks, run) ?? findInTasks(held, run);
}

function findInLists(tasks: readonly Task[], {ready, waiting}: Run): string | undefined {
	const lists: Array<[TaskStatus, readonly number[]]> = [
		['ready', [...ready]],
		['waiting', [...waiting]],
	];
	for (const [status, list] of lists) {
		if (new Set(list).size !== list.length) return `a task is listed twice as ${status}: ${list.join(' ')}`;
		const count = tasks.filter(task => task.status === status).length;
		const listed = list.filter(index => tasks[index]?.status === status).length;
		if (listed !== count || list.length !== count) return `${count} tasks are ${status}, listed are ${list.join(' ')}`;
	}
	return undefined;
}

function findInTasks(held: ReadonlySet<string>, run: Run): string | undefined {
	for (const [index, task] of run.tasks.entries()) {
		const violation = findInTask(held, run, index, task);
		if (violation !== undefined) return `task ${index}, ${task.status}: ${violation}`;
	}
	return undefined;
}

function findInTask(held: ReadonlySet<string>, run: Run, index: number, task: Task): string | undefined {
	const {status, attempts, undecided} = task;
	if ((task.readyAt !== undefined) !== (status === 'ready')) return `readyAt is ${task.readyAt}`;
	if ((task.retryAt !== undefined) !== (status === 'waiting')) return `retryAt is ${task.retryAt}`;
	if ((task.endedAt !== undefined) !== taskEnded(status)) return `endedAt is ${task.endedAt}`;
	if (task.stopping && status !== 'running') return 'it is to be stopped, but does not run';
	if (task.stopping && run.stop === undefined) return 'it is to be stopped, but the run is not';
	const open = (run.workflow.tasks[index]?.dependsOn ?? []).filter(({task}) => !taskEnded(run.tasks.at(task)?.status ?? 'blocked')).length;
	if (status === 'blocked' && undecided !== open) return `undecided is ${undecided}, but ${open} dependencies are open`;
	if (status === 'blocked' && open === 0) return 'nothing blocks it';
	if (!taskEnded(status) && status !== 'blocked' && open > 0) return `${open} dependencies are open`;
	const unfinished = attempts.filter(attempt => attempt.status === 'assigned').length;
	if (unfinished !== (status === 'running' ? 1 : 0)) return `${unfinished} of its attempts have not ended`;
	const {retry} = run.workflow.tasks[index] ?? {};
	if (retry && !taskEnded(status) && (task.failures > retry.limit || task.losses > retry.lost)) return 'its budget is spent';
	const holder = currentAttempt(task);
	if (holder === undefined) return undefined;
	const ref: AttemptRef = {run: run.id, task: index, attempt: holder.number};
	return held.has(holding(holder.attempt.session, ref)) ? undefined : `session ${holder.attempt.session} does not have it`;
}

/** That a session has an attempt, as one word. */
function holding(session: string, ref: AttemptRef): string {
	return `${attemptKey(ref)} ${session}`;
}

function findInSession(state: State, {id, assigned}: Session): string | undefined {
	const keys = assigned.map(attemptKey);
	if (new Set(keys).size !== keys.length) return `an attempt is assigned twice: ${keys.join(' ')}`;
	for (const ref of assigned) {
		const current = currentAttempt(taskOf(state, ref));
		if (current?.number !== ref.attempt || current.attempt.session !== id) return `${attemptKey(ref)} is not its own`;
	}
	return undefined;
}

function findInPools({pools, runs}: State): string | undefined {
	const names = new Set<string>();
	for (const pool of Object.values(pools)) {
		for (const {name} of pool.instances) {
			if (names.has(name)) return `two instances are named ${name}`;
			names.add(name);
		}
		const serving = pool.instances.filter(({status}) => status !== 'stopping').length;
		if (pool.run !== undefined && !runs.has(pool.run) && pool.idleSince === undefined) return `pool ${pool.name} outlives its run`;
		const most = pool.spec.lifetime === 'task' ? pool.spec.replicas * pool.spec.slots : pool.spec.replicas;
		if (serving > most) return `pool ${pool.name} has ${serving} instances, ${most} at most`;
	}
	return undefined;
}
