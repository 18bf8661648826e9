import type {Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {Workflow} from '../model/workflow.ts';
import {loadWorkflow} from '../workflow/load.ts';
import {withMould} from '../workflow/mould.ts';
import type {PlacedAgent} from '../workflow/refused.ts';
import {agentsAskedFor, refusedAgents, refusedMoulds} from '../workflow/refused.ts';
import type {Services} from './services.ts';
import {readEnvFile} from './workflow-files.ts';

export type Submission = {
	readonly text: string;
	/** As the user named it; absent for inline text. */
	readonly file?: string | undefined;
	/** Absolute: where its tasks run on this host. */
	readonly directory: string;
	readonly params?: Readonly<Record<string, unknown>> | undefined;
	/** Take an active run of the same file, text and params instead of starting another. */
	readonly resume?: boolean | undefined;
	/** The client's word for this very request (`Idempotency-Key`): sent again, it gets the same run. */
	readonly request?: string | undefined;
	/** An agent handed it over for itself: every task runs there. */
	readonly onAgent?: string;
};

/** Reads the workflow of a submission. Throws `invalid` with all its problems, and what `refuseImpossible` throws. */
export function prepareWorkflow({text, file, directory, params, onAgent}: Submission, run: RunId, services: Services): Workflow {
	const {limits} = services;
	// The files of an agent are elsewhere, and ours are none of its business.
	const readFile = (path: string) => (onAgent === undefined ? readEnvFile(directory, path, limits.workflow_bytes) : undefined);
	const {workflow, problems, placed} = loadWorkflow({
		text,
		directory,
		run,
		limits,
		readFile,
		...(file !== undefined && {file}),
		...(params !== undefined && {params}),
	});
	if (workflow === undefined) throw new ByoaiError('invalid', `the workflow is not valid: ${problems[0]?.message ?? ''}`, {problems});
	const prepared = onAgent === undefined ? mouldedAfterDeployed(workflow, services) : allOn(onAgent, workflow);
	refuseImpossible(prepared, services, placed);
	return prepared;
}

/**
 * Throws `unsupported` or `invalid` for what cannot be run here, however well the file is written. `placed` adds where in the file that
 * stands, where there is a file.
 */
export function refuseImpossible(workflow: Workflow, services: Services, placed: (problem: Problem) => Problem = problem => problem): void {
	const unsupported = unsupportedParts(workflow, services);
	const [first] = unsupported;
	if (first !== undefined) throw new ByoaiError('unsupported', first.message, {problems: unsupported.map(placed)});
	const {directory} = workflow;
	const refused = [
		...refusedAgents(deployedAgents(workflow, services), agent => services.refusalsOf(agent, directory)),
		...mouldless(workflow),
		...refusedMoulds(workflow.tasks, mould => services.imageRefusalsOf(mould, directory) ?? []),
	];
	if (refused[0] !== undefined) throw new ByoaiError('invalid', refused[0].message, {problems: refused.map(placed)});
}

/** Rejects with `unavailable`, and what to do, when what has to start the agents of this workflow is not there. */
export async function probeAgents(workflow: Workflow, services: Services): Promise<void> {
	const agents = [...deployedAgents(workflow, services).map(({agent}) => agent), ...workflow.tasks.flatMap(({mould}) => mould ?? [])];
	if (agents.length > 0) await services.probe(agents);
}

/** Tasks with an `image` that name an agent which somebody has deployed get instances made after that one. */
function mouldedAfterDeployed(workflow: Workflow, {engine}: Services): Workflow {
	const tasks = workflow.tasks.map(task => {
		if (task.image === undefined || task.mould !== undefined || 'labels' in task.agent) return task;
		const {name} = task.agent;
		const pool = Object.hasOwn(engine.state.pools, name) ? engine.state.pools[name] : undefined;
		return pool?.spec.lifetime === 'persistent' ? withMould(task, pool.spec) : task;
	});
	return {...workflow, tasks};
}

/** Every task on this agent: nothing is deployed, whatever the file declares. */
function allOn(agent: string, workflow: Workflow): Workflow {
	const problems = workflow.tasks.flatMap(({image, name}, index): Problem[] =>
		image === undefined
			? []
			: [{path: `tasks[${index}].image`, message: `task ${name} of an agent's own workflow cannot have an image: it runs on the agent`}],
	);
	if (problems[0] !== undefined) throw new ByoaiError('invalid', problems[0].message, {problems});
	return {...workflow, agents: [], tasks: workflow.tasks.map(task => ({...task, agent: {name: agent}}))};
}

/** What a run of this workflow would need and this version does not have. */
function unsupportedParts(workflow: Workflow, services: Services): Problem[] {
	const ofAgents = deployedAgents(workflow, services).flatMap(({agent, path}): Problem[] => {
		if (services.supportedTypes.has(agent.type)) return [];
		return [{path: `${path}.type`, message: `agents of type ${agent.type} are not in this version (agent ${agent.name})`}];
	});
	const ofTasks = workflow.tasks.flatMap(({mould, name}, index): Problem[] => {
		if (mould === undefined || mould.type === 'local' || services.imageRefusalsOf(mould, workflow.directory) !== undefined) return [];
		return [{path: `tasks[${index}].image`, message: `tasks with an image of type ${mould.type} are not in this version (task ${name})`}];
	});
	return [...ofAgents, ...ofTasks];
}

/** Tasks with an `image` for which nothing tells how their container is made. */
function mouldless({tasks}: Workflow): Problem[] {
	return tasks.flatMap(({image, mould, agent, name}, index): Problem[] => {
		if (image === undefined) return [];
		const refused = (message: string) => [{path: `tasks[${index}].agent`, message: `task ${name}: ${message}`}];
		const how =
			'with an `image`, `agent` names what its container is made after: an agent of type docker or kubernetes of this file, or one that was deployed';
		if (mould === undefined) return refused('labels' in agent ? `${how}, by its name` : `${how}; ${agent.name} is neither`);
		return mould.type === 'local' ? refused(`${how}; ${mould.name} is of type local, which starts no containers`) : [];
	});
}

/** The agents that a run of this workflow starts: some task asks for them, and none of that name serves already. */
function deployedAgents(workflow: Workflow, {engine}: Services): PlacedAgent[] {
	const {state} = engine;
	const isServed = (name: string) => state.agents.has(name) || Object.hasOwn(state.pools, name);
	return agentsAskedFor(workflow).filter(({agent}) => !isServed(agent.name));
}
