import type {AgentStatus, Instance, InstanceStatus, Pool, RegisteredAgent} from '../model/agent.ts';
import type {InstanceUsage} from '../model/instance.ts';
import type {Run, Task} from '../model/run.ts';
import {currentAttempt} from '../model/run.ts';
import type {AgentRow, AttemptDetail, RunDetail, RunRow, TaskDetail, TaskRow} from '../protocol/views.ts';

/** What an agent's row needs beside its registration or pool. */
export type AgentVitals = {
	/** Whether an agent was heard from lately. */
	readonly isHeard: (agent: string) => boolean;
	/** Slots of an agent that are in use. */
	readonly used: (agent: string) => number;
	/** What is known of the contact with an agent that is dialled. */
	readonly contact: (agent: string) => ContactVitals | undefined;
	/** What an instance uses, where that is measured: the same object for as long as it is the same. */
	readonly usage: (instance: string) => InstanceUsage | undefined;
};

/** What is seen of an agent that is dialled, beside its sessions. */
export type ContactVitals = {
	/** It has not answered yet, since the orchestrator started or it was registered. */
	readonly isStarting: boolean;
	/** How far its start is, in words, where it takes long. */
	readonly starting?: string;
	/** Why it cannot be used at the moment, in words. */
	readonly problem?: string;
	/** How many tasks it runs at once, as it says: who registered it may not have known. */
	readonly slots?: number;
};

/** An instance whose start takes long is not there yet, and its row says how far it is. */
export function startVitals(progress: string | undefined): ContactVitals | undefined {
	return progress === undefined ? undefined : {isStarting: true, starting: progress};
}

export function taskRow(run: Run, index: number, version: number): TaskRow {
	const task = taskAt(run, index);
	const last = task.attempts.at(-1);
	const before = task.attempts.at(-2)?.outcome;
	return {
		id: `${run.id}/${index}`,
		version,
		run: run.id,
		...taskFacts(run, index, task),
		...(last?.outcome && {outcome: last.outcome}),
		...(before && {before}),
	};
}

function taskAt(run: Run, index: number): Task {
	const task = run.tasks.at(index);
	if (task === undefined) throw new Error(`run ${run.id} has no task ${index}`);
	return task;
}

function taskFacts(run: Run, index: number, task: Task) {
	const last = task.attempts.at(-1);
	return {
		task: index,
		name: run.workflow.tasks[index]?.name ?? '',
		status: task.status,
		attempt: task.attempts.length,
		...(last && {agent: last.agent, assignedAt: last.assignedAt}),
		...(task.endedAt !== undefined && {endedAt: task.endedAt}),
		...(task.retryAt !== undefined && {retryAt: task.retryAt}),
		...(task.takenFrom !== undefined && {takenFrom: task.takenFrom}),
		...(task.reason !== undefined && {reason: task.reason}),
		...(task.cause !== undefined && {cause: task.cause}),
	};
}

/** `counts`: of its tasks by status. */
export function runRow(run: Run, counts: RunRow['counts'], version: number): RunRow {
	return {...runFacts(run, counts), version};
}

function runFacts(run: Run, counts: RunRow['counts']): Omit<RunRow, 'version'> {
	return {
		id: run.id,
		workflow: run.workflow.name,
		status: run.status,
		createdAt: run.createdAt,
		counts,
		...(run.workflow.file !== undefined && {file: run.workflow.file}),
		...(run.endedAt !== undefined && {endedAt: run.endedAt}),
		...(run.stop !== undefined && {reason: run.stop.reason}),
		...(run.retryOf !== undefined && {retryOf: run.retryOf}),
	};
}

export const noTasks = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0};

/** How many tasks of a run have each status. */
export function countTasks(run: Run): RunRow['counts'] {
	const counts = {...noTasks};
	for (const {status} of run.tasks) counts[status]++;
	return counts;
}

export function registeredRow(agent: RegisteredAgent, version: number, vitals: AgentVitals): AgentRow {
	const {isStarting = false, problem, slots = agent.slots} = vitals.contact(agent.name) ?? {};
	return {
		id: agent.name,
		version,
		type: agent.type,
		status: isStarting ? 'starting' : heardStatus(problem === undefined && vitals.isHeard(agent.name), agent.draining),
		slots,
		used: vitals.used(agent.name),
		labels: agent.labels,
		...(problem !== undefined && {problem}),
	};
}

function heardStatus(isHeard: boolean, isDraining: boolean): AgentStatus {
	if (!isHeard) return 'lost';
	return isDraining ? 'draining' : 'online';
}

/** A row for each instance; a persistent pool that has none just now has one that says why. */
export function instanceRows(pool: Pool, version: number, vitals: AgentVitals): AgentRow[] {
	const {spec, instances, run, broken} = pool;
	const common = {
		version,
		type: spec.type,
		slots: spec.slots,
		labels: spec.labels,
		...(run !== undefined && {run}),
		...withProblem(broken),
	};
	if (instances.length === 0 && spec.lifetime === 'persistent') {
		return [{...common, id: pool.name, status: broken === undefined ? 'starting' : 'lost', used: 0}];
	}
	const isDraining = (status: InstanceStatus) => status === 'stopping' || pool.draining === true;
	// One that is being stopped does not answer for long, which is as it should be.
	const contactOf = ({name, status, givenUp}: Instance): Partial<ContactVitals> =>
		status === 'stopping' ? {...(givenUp !== undefined && {problem: givenUp})} : (vitals.contact(name) ?? {});
	return instances.map(instance => {
		const {name, status, onlineAt} = instance;
		const usage = vitals.usage(name);
		const {problem, starting} = contactOf(instance);
		return {
			...common,
			...withProblem(broken ?? problem),
			...(starting !== undefined && broken === undefined && {starting}),
			id: name,
			status: onlineAt === undefined ? 'starting' : heardStatus(vitals.isHeard(name), isDraining(status)),
			used: vitals.used(name),
			instance: status,
			...(usage && {usage}),
		};
	});
}

function withProblem(problem: string | undefined): Pick<AgentRow, 'problem'> {
	return problem === undefined ? {} : {problem};
}

/** What of a task is not seen in its run: why it has not started, and whether an agent has taken its attempt. */
export type TaskSight = {readonly waiting: (index: number) => string | undefined; readonly isRunning: (index: number) => boolean};

/** A run, whole. */
export function runDetail(run: Run, sight: TaskSight): RunDetail {
	const tasks = [...run.tasks].map((_, index) => taskDetail(run, index, sight));
	return {...runFacts(run, countTasks(run)), params: run.params, directory: run.workflow.directory, tasks};
}

/** One of its tasks. */
export function taskDetail(run: Run, index: number, {waiting, isRunning}: TaskSight): TaskDetail {
	const task = taskAt(run, index);
	const why = waiting(index);
	return {
		...taskFacts(run, index, task),
		dependsOn: (run.workflow.tasks[index]?.dependsOn ?? []).map(({task: on}) => run.workflow.tasks[on]?.name ?? ''),
		attempts: task.attempts.map((attempt, at): AttemptDetail => {
			const isCurrent = currentAttempt(task)?.number === at + 1;
			const {agent, assignedAt, endedAt, outcome, logBytes} = attempt;
			return {
				number: at + 1,
				agent,
				status: isCurrent && isRunning(index) ? 'running' : attempt.status,
				assignedAt,
				...(endedAt !== undefined && {endedAt}),
				...(outcome && {outcome}),
				...(logBytes !== undefined && {logBytes}),
			};
		}),
		...(why !== undefined && {waiting: why}),
	};
}

/** Whether it has been given out, but the instance of its own in which it is to run has not started. */
export function isTaskStarting(run: Run, index: number): boolean {
	const current = currentAttempt(run.tasks.at(index));
	return current !== undefined && run.workflow.tasks[index]?.mould !== undefined && current.attempt.instance === undefined;
}
