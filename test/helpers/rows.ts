import type {TaskStatus} from '../../source/model/run.ts';
import type {AgentRow, LogLine, RunDetail, RunRow, TaskDetail, TaskRow} from '../../source/protocol/views.ts';

export const runId = 'r0000000000a';

const noTasks: Record<TaskStatus, number> = {
	blocked: 0,
	waiting: 0,
	ready: 0,
	running: 0,
	succeeded: 0,
	failed: 0,
	cancelled: 0,
	skipped: 0,
};

export function runRow(row: Partial<RunRow> = {}): RunRow {
	return {id: runId, version: 1, workflow: 'flow', status: 'running', createdAt: 0, counts: noTasks, ...row};
}

/** A row of task 0 of the run, `build`, unless told otherwise. */
export function taskRow(row: Partial<TaskRow> = {}): TaskRow {
	const task = row.task ?? 0;
	const run = row.run ?? runId;
	return {id: `${run}/${task}`, version: 1, run, task, name: `task-${task}`, status: 'blocked', attempt: 0, ...row};
}

export function agentRow(row: Partial<AgentRow> & Pick<AgentRow, 'id'>): AgentRow {
	return {version: 1, type: 'local', status: 'online', slots: 1, used: 0, labels: {}, ...row};
}

export function logLine(line: Partial<LogLine> = {}): LogLine {
	const task = line.task ?? 0;
	return {run: runId, task, name: `task-${task}`, attempt: 1, agent: 'local-agent', stream: 'stdout', at: 0, text: 'text', ...line};
}

export function taskDetail(task: Partial<TaskDetail> = {}): TaskDetail {
	return {task: 0, name: `task-${task.task ?? 0}`, status: 'succeeded', attempt: 1, dependsOn: [], attempts: [], ...task};
}

export function runDetail(detail: Partial<RunDetail> = {}): RunDetail {
	const {version: _, ...row} = runRow();
	const tasks = detail.tasks ?? [taskDetail()];
	const counts = {...noTasks};
	for (const {status} of tasks) counts[status]++;
	return {...row, params: {}, directory: '/', tasks, counts, ...detail};
}
