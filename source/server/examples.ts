import type {AgentRow, RunDetail, RunRow, TaskDetail, WholeTask, WorkflowRow} from '../protocol/views.ts';

/** What the API's description shows; the tests hold these against the schemas. */

const id = 'r06czqv4m1k0';
const counts = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 1, failed: 0, cancelled: 0, skipped: 0};
const facts = {
	id,
	workflow: 'hello',
	file: 'hello.yml',
	status: 'succeeded',
	createdAt: 1_795_600_000_000,
	endedAt: 1_795_600_002_400,
	counts,
} as const;

export const exampleWorkflow = 'tasks:\n  - name: build\n    command: make\n  - name: test\n    command: make test\n';

export const exampleRun: RunRow = {...facts, version: 7};

const exampleTask: TaskDetail = {
	task: 0,
	name: 'build',
	status: 'succeeded',
	attempt: 1,
	agent: 'local-agent',
	assignedAt: 1_795_600_000_010,
	endedAt: 1_795_600_002_390,
	dependsOn: [],
	attempts: [
		{
			number: 1,
			agent: 'local-agent',
			status: 'succeeded',
			assignedAt: 1_795_600_000_010,
			endedAt: 1_795_600_002_390,
			outcome: {status: 'succeeded', exitCode: 0, durationMs: 2310},
			logBytes: 18,
		},
	],
};

export const exampleRunDetail: RunDetail = {
	...facts,
	params: {},
	directory: '/home/ada/project',
	tasks: [exampleTask],
};

export const exampleWholeTask: WholeTask = {
	...exampleTask,
	run: id,
	spec: {
		command: 'make',
		agent: {name: 'local-agent'},
		dependsOn: [],
		env: ['CC'],
		retry: {limit: 2, delayMs: 1000, backoff: 2, maxDelayMs: 60_000, lost: 2},
		continueOnError: false,
		volumes: [],
		labels: {},
	},
};

export const exampleAgent: AgentRow = {
	id: 'agent1',
	version: 3,
	type: 'docker',
	status: 'online',
	slots: 2,
	used: 1,
	labels: {zone: 'a'},
};

export const exampleWorkflowRow: WorkflowRow = {
	file: 'hello.yml',
	name: 'hello',
	description: 'Builds and tests.',
	params: [{name: 'version', type: 'string', required: false, default: '1.0'}],
	tasks: 2,
	problems: [],
};
