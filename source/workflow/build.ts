import {shellArgv} from '../model/shell.ts';
import type {AgentSpec, Environment, RetryPolicy, TaskSpec, Workflow} from '../model/workflow.ts';
import {agentDefaults, localAgentName} from '../model/workflow.ts';
import type {TaskGraph} from './graph.ts';
import {mergeResources, withMould} from './mould.ts';
import type {WorkflowInput} from './schema.ts';
import type {AgentInput} from './schema-agent.ts';
import type {DefaultsInput, TaskInput} from './schema-task.ts';

type Source = {readonly file?: string; readonly directory: string; readonly fileEnv: Environment; readonly graph: TaskGraph};

/** Fills in every default. */
export function buildWorkflow(input: WorkflowInput, {file, directory, fileEnv, graph}: Source): Workflow {
	const defaults = input.defaults ?? {};
	const agents = (input.agents ?? []).map(buildAgent);
	return defined({
		name: input.name ?? nameFromFile(file),
		description: input.description,
		file,
		directory,
		labels: input.labels ?? {},
		env: {...fileEnv, ...input.env},
		tasks: input.tasks.map((task, index) => moulded(buildTask(task, defaults, graph, index), agents)),
		agents,
		timeoutMs: input.timeout,
		agentTimeoutMs: input.agent_timeout,
		maxParallel: input.max_parallel,
		failFast: input.fail_fast ?? true,
	});
}

function buildTask(task: TaskInput, defaults: DefaultsInput, graph: TaskGraph, index: number): TaskSpec {
	const agent = task.agent ?? defaults.agent ?? localAgentName;
	const shell = task.shell ?? defaults.shell;
	return defined({
		name: graph.names[index] ?? '',
		command: task.command,
		agent: typeof agent === 'string' ? {name: agent} : agent,
		dependsOn: graph.dependencies[index] ?? [],
		env: {...defaults.env, ...task.env},
		workingDir: task.working_dir ?? defaults.working_dir,
		shell: shell === undefined ? undefined : shellArgv(shell, task.command),
		timeoutMs: task.timeout ?? defaults.timeout,
		retry: buildRetry({...defaults.retry, ...task.retry}),
		continueOnError: task.continue_on_error ?? defaults.continue_on_error ?? false,
		image: task.image ?? defaults.image,
		volumes: task.volumes ?? defaults.volumes ?? [],
		resources: mergeResources(defaults.resources, task.resources),
		labels: {...defaults.labels, ...task.labels},
	});
}

/** Its mould, where the file says after what: one that names an agent of elsewhere gets it when that is known. */
function moulded(task: TaskSpec, agents: readonly AgentSpec[]): TaskSpec {
	const {image, agent: selector} = task;
	if (image === undefined || 'labels' in selector) return task;
	if (selector.name === localAgentName) return withMould(task, undefined);
	const agent = agents.find(({name}) => name === selector.name);
	return agent === undefined ? task : withMould(task, agent);
}

/** Without a `limit`, whoever says how to retry wants it: three further attempts. */
function buildRetry(retry: NonNullable<TaskInput['retry']>): RetryPolicy {
	const saysHow = [retry.delay, retry.backoff, retry.max_delay, retry.exit_codes].some(value => value !== undefined);
	return defined({
		limit: retry.limit ?? (saysHow ? 3 : 0),
		delayMs: retry.delay ?? 1000,
		backoff: retry.backoff ?? 2,
		maxDelayMs: retry.max_delay ?? 300_000,
		exitCodes: retry.exit_codes,
		lost: retry.lost ?? 2,
	});
}

/** The spec of an agent whose keys have been checked; also for one that is deployed through the API. */
export function buildAgent(agent: AgentInput): AgentSpec {
	return defined({
		name: agent.name,
		type: agent.type ?? (agent.image === undefined ? 'local' : 'docker'),
		image: agent.image,
		volumes: agent.volumes ?? agentDefaults.volumes,
		env: agent.env ?? agentDefaults.env,
		workflow: agent.workflow,
		replicas: agent.replicas ?? agentDefaults.replicas,
		slots: agent.slots ?? agentDefaults.slots,
		labels: agent.labels ?? agentDefaults.labels,
		resources: mergeResources(undefined, agent.resources),
		network: agent.network,
		ports: agent.ports ?? agentDefaults.ports,
		user: agent.user,
		pullPolicy: agent.pull_policy ?? agentDefaults.pullPolicy,
		readinessProbe: agent.readiness_probe,
		startTimeoutMs: agent.start_timeout ?? agentDefaults.startTimeoutMs,
		lifetime: agent.lifetime ?? agentDefaults.lifetime,
		driverOptions: agent.driver_options,
	});
}

function nameFromFile(file: string | undefined): string {
	const base = file
		?.split(/[\\/]/)
		.at(-1)
		?.replace(/\.(?:ya?ml|json)$/i, '');
	return base || 'workflow';
}

type Defined<T> = {[K in keyof T as undefined extends T[K] ? never : K]: T[K]} & {
	[K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out the keys that are undefined: what is built is journaled as JSON. */
function defined<T extends object>(values: T): Defined<T> {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
