import type {AgentSpec, Dependency, TaskSpec, Workflow} from '../../../source/model/workflow.ts';

/** An agent that tasks name for being of a cluster; it is never started. */
const podMould = 'pods';

/** A workflow as a file would have it, for the API: what a random one is told as. */
export function workflowFile(workflow: Workflow): Readonly<Record<string, unknown>> {
	const {name, tasks, failFast, timeoutMs, maxParallel, agentTimeoutMs} = workflow;
	const agents = [...workflow.agents.map(agentKeys), ...(tasks.some(isPod) ? [{name: podMould, type: 'kubernetes'}] : [])];
	return {
		name,
		fail_fast: failFast,
		...(timeoutMs !== undefined && {timeout: duration(timeoutMs)}),
		...(maxParallel !== undefined && {max_parallel: maxParallel}),
		...(agentTimeoutMs !== undefined && {agent_timeout: duration(agentTimeoutMs)}),
		...(agents.length > 0 && {agents}),
		tasks: tasks.map(task => taskKeys(task, tasks)),
	};
}

/** An agent in the keys of a file, or of a deployment. */
export function agentKeys({name, type, replicas, slots, labels, startTimeoutMs, lifetime}: AgentSpec): Readonly<Record<string, unknown>> {
	return {name, type, replicas, slots, labels, start_timeout: duration(startTimeoutMs), lifetime};
}

function taskKeys(task: TaskSpec, tasks: readonly TaskSpec[]): Readonly<Record<string, unknown>> {
	const {name, command, dependsOn, retry, continueOnError, timeoutMs} = task;
	const {limit, delayMs, backoff, maxDelayMs, lost, exitCodes} = retry;
	return {
		name,
		command,
		...placeKeys(task),
		...(dependsOn.some(({condition}) => condition !== 'ordered') && {depends_on: dependencyKeys(dependsOn, tasks)}),
		retry: {limit, delay: duration(delayMs), backoff, max_delay: duration(maxDelayMs), lost, ...(exitCodes && {exit_codes: exitCodes})},
		continue_on_error: continueOnError,
		...(timeoutMs !== undefined && {timeout: duration(timeoutMs)}),
	};
}

/** Who runs it, or the image of which containers are made, or pods. */
function placeKeys(task: TaskSpec): Readonly<Record<string, unknown>> {
	const {agent, image} = task;
	if (image !== undefined) return {image, ...(isPod(task) && {agent: podMould})};
	return {agent: 'name' in agent ? agent.name : {labels: agent.labels}};
}

function isPod({mould}: TaskSpec): boolean {
	return mould?.type === 'kubernetes';
}

function dependencyKeys(dependsOn: readonly Dependency[], tasks: readonly TaskSpec[]): Readonly<Record<string, unknown>> {
	return Object.fromEntries(dependsOn.map(({task, condition, optional}) => [tasks[task]?.name ?? '', {condition, optional}]));
}

function duration(ms: number): string {
	return `${ms}ms`;
}
