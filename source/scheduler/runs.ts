import type {RunSubmitted} from '../model/event.ts';
import type {Run, RunStatus, RunStop, Task} from '../model/run.ts';
import {taskEnded} from '../model/run.ts';
import type {Workflow} from '../model/workflow.ts';
import {imageAgentName, localAgentName} from '../model/workflow.ts';
import type {Draft, RunDraft} from './draft.ts';
import {lanesOf} from './lanes.ts';
import {LongList} from './long-list.ts';
import {Queue} from './queue.ts';
import {ReadyTasks} from './ready-tasks.ts';
import {tasksToRun} from './rerun.ts';
import {endTasks, specOf} from './tasks.ts';

/** A run as it begins: what has no dependencies is ready. */
export function createRun(event: RunSubmitted, adoptedAgents: readonly string[]): Run {
	const {workflow, at} = event;
	const agentTimeoutMs = workflow.agentTimeoutMs ?? event.agentTimeoutMs;
	const toRun = tasksToRun(workflow, event.retry);
	const imageAgents = [...new Set(toRun.flatMap(({mould}) => (mould === undefined ? [] : [imageAgentName(mould.type)])))];
	const tasks = workflow.tasks.map((spec): Task => {
		const undecided = spec.dependsOn.length;
		const begun = undecided === 0 ? {status: 'ready' as const, readyAt: at} : {status: 'blocked' as const};
		return {...begun, undecided, failures: 0, losses: 0, attempts: []};
	});
	return {
		id: event.run,
		workflow,
		status: 'pending',
		params: event.params,
		createdAt: at,
		tasks: LongList.from(tasks),
		ready: ReadyTasks.from(
			tasks.flatMap(({status}, index) => (status === 'ready' ? [index] : [])),
			lanesOf(workflow),
		),
		waiting: Queue.from<number>([]),
		open: tasks.length,
		active: 0,
		dependents: dependentsOf(workflow),
		usesLocalAgent: toRun.some(({agent}) => 'name' in agent && agent.name === localAgentName),
		...(imageAgents.length > 0 && {imageAgents}),
		adoptedAgents,
		...(event.startKey !== undefined && {startKey: event.startKey}),
		...(event.requestKey !== undefined && {requestKey: event.requestKey}),
		...(event.retry !== undefined && {retryOf: event.retry.of}),
		...(agentTimeoutMs !== undefined && {agentTimeoutMs}),
	};
}

function dependentsOf(workflow: Workflow): number[][] {
	const dependents: number[][] = workflow.tasks.map(() => []);
	workflow.tasks.forEach((spec, index) => {
		for (const dependency of spec.dependsOn) dependents[dependency.task]?.push(index);
	});
	return dependents;
}

/**
 * Nothing new is started in this run, what runs is to be stopped, and what waits ends now: as `skipped` where a
 * failure is the cause, else as `cancelled`. `spared` tasks go on as if nothing had happened.
 */
export function stopRun(draft: Draft, run: RunDraft, stop: RunStop, spared: ReadonlySet<number> = new Set()): void {
	run.change({stop, ...(stop.cause === 'cancelled' && {status: 'cancelling'})});
	const status = stop.cause === 'fail_fast' ? 'skipped' : 'cancelled';
	const ending: number[] = [];
	for (const index of run.run.workflow.tasks.keys()) {
		const task = run.task(index);
		if (taskEnded(task.status) || spared.has(index)) continue;
		if (task.status !== 'running') {
			ending.push(index);
			continue;
		}
		run.setTask(index, {...task, stopping: true});
		const session = task.attempts.at(-1)?.session;
		if (session !== undefined) draft.commands.push({type: 'send-orders', session});
	}
	endTasks(run, ending, {status, cause: stop.cause, reason: stop.reason}, stop.at);
}

/** What follows from the failure of a task for the rest of its run. */
export function failFast(draft: Draft, run: RunDraft, failed: number): void {
	const {workflow, stop} = run.run;
	if (stop !== undefined || !workflow.failFast || specOf(run, failed).continueOnError) return;
	if (run.task(failed).status !== 'failed') return;
	const reason = `task ${specOf(run, failed).name} failed`;
	stopRun(draft, run, {cause: 'fail_fast', at: draft.state.now, reason}, sparedBy(run, failed));
}

/** Tasks that wait, directly or through others, for the failed one to have failed or to be over. */
function sparedBy(run: RunDraft, failed: number): Set<number> {
	const reached = new Map<number, boolean>([[failed, false]]);
	const queue = [failed];
	for (const index of queue) {
		for (const dependent of run.run.dependents[index] ?? []) {
			const spared = reached.get(index) === true || awaitsEnd(run, dependent, index);
			const before = reached.get(dependent);
			if (before === true || before === spared) continue;
			reached.set(dependent, spared);
			queue.push(dependent);
		}
	}
	return new Set([...reached].flatMap(([index, spared]) => (spared ? [index] : [])));
}

function awaitsEnd(run: RunDraft, dependent: number, on: number): boolean {
	return specOf(run, dependent).dependsOn.some(({task, condition}) => task === on && (condition === 'failed' || condition === 'completed'));
}

/** A run of which nothing is left to do, as it goes into the history. */
export function endedRun(run: Run, at: number): Run {
	return {...run, status: finalStatus(run), endedAt: at};
}

function finalStatus({stop, tasks, workflow}: Run): RunStatus {
	if (stop?.cause === 'cancelled') return 'cancelled';
	if (stop?.cause === 'timeout') return 'failed';
	const failed = [...tasks].some(({status}, index) => status === 'failed' && workflow.tasks[index]?.continueOnError !== true);
	return failed ? 'failed' : 'succeeded';
}
