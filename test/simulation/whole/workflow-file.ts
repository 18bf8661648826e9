import type {AgentSpec, Dependency, TaskSpec, Workflow} from '../../../source/model/workflow.ts';

/** A workflow as a file would have it, for the API: what a random one is told as. */
export function workflowFile(workflow: Workflow): Readonly<Record<string, unknown>> {
	const {name, tasks, agents, failFast, timeoutMs, maxParallel, agentTimeoutMs} = workflow;
	return {
		name,
		fail_fast: failFast,
		...(timeoutMs !== undefined && {timeout: duration(timeoutMs)}),
		...(maxParallel !== undefined && {max_parallel: maxParallel}),
		...(agentTimeoutMs !== undefined && {agent_timeout: duration(agentTimeoutMs)}),
		...(agents.length > 0 && {agents: agents.map(agentKeys)}),
		tasks: tasks.map(task => taskKeys(task, tasks)),
	};
}

/** An agent in the keys of a file, or of a deployment. */
export function agentKeys({name, type, replicas, slots, labels, startTimeoutMs, lifetime}: AgentSpec): Readonly<Record<string, unknown>> {
	return {name, type, replicas, slots, labels, start_timeout: duration(startTimeoutMs), lifetime};
}

function taskKeys(task: TaskSpec, tasks: readonly TaskSpec[]): Readonly<Record<string, unknown>> {
	const {name, command, agent, dependsOn, retry, continueOnError, timeoutMs} = task;
	const {limit, delayMs, backoff, maxDelayMs, lost, exitCodes} = retry;
	return {
		name,
		command,
		agent: 'name' in agent ? agent.name : {labels: agent.labels},
		...(dependsOn.some(({condition}) => condition !== 'ordered') && {depends_on: dependencyKeys(dependsOn, tasks)}),
		retry: {limit, delay: duration(delayMs), backoff, max_delay: duration(maxDelayMs), lost, ...(exitCodes && {exit_codes: exitCodes})},
		continue_on_error: continueOnError,
		...(timeoutMs !== undefined && {timeout: duration(timeoutMs)}),
	};
}

function dependencyKeys(dependsOn: readonly Dependency[], tasks: readonly TaskSpec[]): Readonly<Record<string, unknown>> {
	return Object.fromEntries(dependsOn.map(({task, condition, optional}) => [tasks[task]?.name ?? '', {condition, optional}]));
}

function duration(ms: number): string {
	return `${ms}ms`;
}
