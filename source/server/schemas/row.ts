import * as z from 'zod';
import type {Outcome, TaskStatus} from '../../model/run.ts';
import type {AgentSpec} from '../../model/workflow.ts';
import type {
	AgentAttempt,
	AgentDetail,
	AgentRow,
	AttemptDetail,
	RunDetail,
	RunRow,
	Snapshot,
	TaskDetail,
	TaskRow,
	ViewChange,
} from '../../protocol/views.ts';
import {count, shapeOf, time} from '../shape.ts';
import {instanceUsage} from './usage.ts';

/** What the API answers, as schemas: for its description, and for the tests, which hold every reply against them. */

const version = count('Higher with each change of the row.');
export const runId = z.string().describe('`r` and 11 letters and digits, in the order of time.');
const labels = z.record(z.string(), z.string());
export const taskIndex = count('Index in file order, from 0.');

export const runStatus = z.enum(['pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled']);
const taskStatus = z
	.enum(['blocked', 'waiting', 'ready', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'])
	.describe('`blocked`: by a dependency. `waiting`: for a time. `ready`: only a slot is missing.');
const taskCause = z.enum(['no_agent', 'start_failed', 'dependency', 'fail_fast', 'timeout', 'cancelled']);

export const outcome = shapeOf<Outcome>()(
	'Outcome',
	z
		.object({
			status: z.enum(['succeeded', 'failed', 'timed_out', 'cancelled', 'lost']),
			exitCode: count('Of the command, when it exited.').exactOptional(),
			signal: z.string().describe('That ended the command.').exactOptional(),
			reason: z.string().describe('Why, where status, code and signal do not say it all.').exactOptional(),
			durationMs: z.number().min(0).describe("By the agent's clock. Absent: it never started.").exactOptional(),
		})
		.describe('How an attempt ended.'),
);

const taskCounts = shapeOf<Record<TaskStatus, number>>()(
	'TaskCounts',
	z
		.object({
			blocked: z.int().min(0),
			waiting: z.int().min(0),
			ready: z.int().min(0),
			running: z.int().min(0),
			succeeded: z.int().min(0),
			failed: z.int().min(0),
			cancelled: z.int().min(0),
			skipped: z.int().min(0),
		})
		.describe('How many tasks of a run have each status.'),
);

const runFacts = {
	id: runId,
	workflow: z.string().describe('Its name.'),
	file: z.string().describe('As the user named it; absent for inline text.').exactOptional(),
	status: runStatus,
	createdAt: time(),
	endedAt: time().exactOptional(),
	reason: z.string().describe('Why it is being, or was, stopped.').exactOptional(),
	retryOf: runId.describe('The run that it retries.').exactOptional(),
	counts: taskCounts,
};

export const runRow = shapeOf<RunRow>()('RunRow', z.object({...runFacts, version}).describe('One run.'));

const taskFacts = {
	task: taskIndex,
	name: z.string(),
	status: taskStatus,
	attempt: count('Number of the newest attempt; 0 before the first.'),
	agent: z.string().describe('Of the newest attempt.').exactOptional(),
	assignedAt: time('When the newest attempt was assigned.').exactOptional(),
	endedAt: time().exactOptional(),
	retryAt: time('When it is ready again.').exactOptional(),
	takenFrom: runId.describe('It succeeded in that run, and its result was taken over: its output is there.').exactOptional(),
	reason: z.string().describe('Why it ended as it did.').exactOptional(),
	cause: taskCause.describe('Of an end that no attempt had.').exactOptional(),
};

export const taskRow = shapeOf<TaskRow>()(
	'TaskRow',
	z
		.object({
			id: z.string().describe('`<run>/<index>`'),
			version,
			run: runId,
			...taskFacts,
			...{outcome: outcome.exactOptional(), before: outcome.describe('Of the attempt before.').exactOptional()},
			starting: z.string().describe('How far the start of its own instance is, where that takes long.').exactOptional(),
		})
		.describe('One task of a run.'),
);

export const agentRow = shapeOf<AgentRow>()(
	'AgentRow',
	z
		.object({
			id: z.string().describe('Its name.'),
			version,
			type: z.string(),
			status: z.enum(['starting', 'online', 'draining', 'lost', 'left']),
			slots: count('Tasks at once.'),
			used: count('Slots in use.'),
			labels,
			run: runId.describe('The run that it lives in.').exactOptional(),
			instance: z.enum(['pulling', 'starting', 'running', 'stopping', 'failed']).exactOptional(),
			usage: instanceUsage.exactOptional(),
			starting: z.string().describe('How far its start is, where that takes long: the pull of its image, for instance.').exactOptional(),
			problem: z.string().describe('Why it cannot be used.').exactOptional(),
		})
		.describe('One agent.'),
);

const volumes = z.array(z.string()).describe('`host:container[:ro]`');
export const quantities = z.record(z.string(), z.string());
const options = z.record(z.string(), z.unknown());

const agentSpec = shapeOf<AgentSpec>()(
	'AgentSpec',
	z
		.object({
			name: z.string(),
			type: z.enum(['local', 'docker', 'kubernetes']),
			image: z.string().exactOptional(),
			volumes,
			env: z.record(z.string(), z.string()),
			workflow: z.string().exactOptional(),
			replicas: z.int().min(1),
			slots: z.int().min(1),
			labels,
			resources: z.object({requests: quantities.exactOptional(), limits: quantities.exactOptional()}).exactOptional(),
			network: z.string().exactOptional(),
			ports: z.array(z.string()),
			user: z.string().exactOptional(),
			pullPolicy: z.enum(['always', 'missing', 'never']),
			readinessProbe: options.exactOptional(),
			startTimeoutMs: z.number(),
			lifetime: z.enum(['run', 'persistent', 'task']),
			driverOptions: options.exactOptional(),
		})
		.describe('What was asked for, with every default filled in; `***` for what its variables hold.'),
);

const agentAttempt = shapeOf<AgentAttempt>()(
	'AgentAttempt',
	z
		.object({run: runId, task: taskIndex, name: z.string().describe("The task's."), attempt: z.int().min(1), assignedAt: time()})
		.describe('An attempt that an agent has.'),
);

export const agentDetail = shapeOf<AgentDetail>()(
	'AgentDetail',
	z
		.object({
			...agentRow.shape,
			mode: z.enum(['pull', 'push']).describe('It dials, or is dialled. Of agents that registered.').exactOptional(),
			url: z.string().describe('Where it says that it is.').exactOptional(),
			registeredAt: time().exactOptional(),
			lastSeenAt: time('Absent: not since the orchestrator started.').exactOptional(),
			spec: agentSpec.exactOptional(),
			output: z.string().describe('The last lines that its instance has printed, while it is starting or lost.').exactOptional(),
			attempts: z.array(agentAttempt).describe('What it runs, oldest first.'),
		})
		.describe('One agent, and what it runs.'),
);

const attemptDetail = shapeOf<AttemptDetail>()(
	'AttemptDetail',
	z
		.object({
			number: z.int().min(1),
			agent: z.string(),
			status: z.enum(['assigned', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost']),
			assignedAt: time(),
			endedAt: time().exactOptional(),
			outcome: outcome.exactOptional(),
			logBytes: count('Of its log, known when it ended.').exactOptional(),
		})
		.describe('One try of a task.'),
);

export const taskDetail = shapeOf<TaskDetail>()(
	'TaskDetail',
	z
		.object({
			...taskFacts,
			dependsOn: z.array(z.string()).describe('Names of the tasks that it depends on.'),
			waiting: z.string().describe('Why it has not started yet.').exactOptional(),
			attempts: z.array(attemptDetail),
		})
		.describe('One task with its attempts.'),
);

export const runDetail = shapeOf<RunDetail>()(
	'RunDetail',
	z
		.object({
			...runFacts,
			params: z.record(z.string(), z.unknown()),
			directory: z.string().describe("Where its tasks run on the orchestrator's host."),
			tasks: z.array(taskDetail),
		})
		.describe('One run with its tasks and their attempts.'),
);

export const snapshot = shapeOf<Snapshot>()(
	'Snapshot',
	z.object({runs: z.array(runRow), tasks: z.array(taskRow), agents: z.array(agentRow)}).describe('All rows, as they are.'),
);

export const viewChange = shapeOf<ViewChange>()(
	'ViewChange',
	z
		.object({
			runs: z.array(runRow).exactOptional(),
			tasks: z.array(taskRow).exactOptional(),
			agents: z.array(agentRow).exactOptional(),
			gone: z.object({runs: z.array(z.string()).exactOptional(), agents: z.array(z.string()).exactOptional()}).exactOptional(),
		})
		.describe('Rows that are new or changed, and ids of those that are gone. Tasks go with their run, untold.'),
);
