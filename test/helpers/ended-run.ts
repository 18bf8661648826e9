import type {Attempt, Run, RunStatus, Task} from '../../source/model/run.ts';
import type {TaskSpec} from '../../source/model/workflow.ts';

/** A run that ended, of two tasks: `build` with a failed and a succeeded attempt, and `ship`, skipped. */
export function endedRun(id: string, status: RunStatus = 'succeeded'): Run {
	const attempt: Attempt = {agent: 'local-agent', session: 's1', status: 'succeeded', assignedAt: 1000};
	const task: Task = {status: 'succeeded', undecided: 0, failures: 0, losses: 0, attempts: []};
	const failed: Attempt = {
		...attempt,
		status: 'failed',
		endedAt: 1500,
		outcome: {status: 'failed', exitCode: 7, durationMs: 412.5},
		logBytes: 90,
	};
	return {
		id,
		workflow: {
			name: 'release',
			file: 'release.yml',
			directory: '/srv',
			labels: {},
			env: {},
			tasks: [taskSpec('build'), taskSpec('ship')],
			agents: [],
			failFast: false,
		},
		status,
		params: {},
		createdAt: 1000,
		endedAt: 9000,
		...(status === 'cancelled' ? {stop: {cause: 'cancelled', at: 8000, reason: 'cancelled by SIGINT'}} : {}),
		tasks: [
			{
				...task,
				failures: 1,
				attempts: [failed, {...attempt, agent: 'builder', endedAt: 9000, outcome: {status: 'succeeded', exitCode: 0}}],
			},
			{...task, status: 'skipped'},
		],
		ready: [],
		waiting: [],
		open: 0,
		active: 0,
		dependents: [[1], []],
		adoptedAgents: [],
		usesLocalAgent: true,
	};
}

function taskSpec(name: string): TaskSpec {
	return {
		name,
		command: 'true',
		agent: {name: 'local-agent'},
		dependsOn: [],
		env: {},
		retry: {limit: 1, delayMs: 0, backoff: 1, maxDelayMs: 0, lost: 0},
		continueOnError: false,
		volumes: [],
		labels: {},
	};
}
