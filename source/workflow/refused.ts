import type {Problem} from '../model/error.ts';
import type {AgentSelector, AgentSpec, TaskSpec, Workflow} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';

/** An agent of a workflow file, and where it stands there. */
export type PlacedAgent = {readonly agent: AgentSpec; readonly path: string};

/** The agents that some task asks for, and that have to be started for it: the others never are. */
export function agentsAskedFor({tasks, agents}: Workflow): PlacedAgent[] {
	return agents
		.map((agent, index) => ({agent, path: `agents[${index}]`}))
		.filter(({agent}) => agent.name !== localAgentName && tasks.some(task => isFor(task.agent, agent)));
}

function isFor(selector: AgentSelector, {name, labels}: AgentSpec): boolean {
	if ('name' in selector) return selector.name === name;
	return Object.entries(selector.labels).every(([key, value]) => labels[key] === value);
}

/** What the drivers of these agents cannot do. */
export function refusedAgents(agents: readonly PlacedAgent[], refusalsOf: (agent: AgentSpec) => readonly string[]): Problem[] {
	return agents.flatMap(({agent, path}) =>
		refusalsOf(agent).map(message => ({path: `${path}${keyOf(message)}`, message: `agent ${agent.name}: ${message}`})),
	);
}

/** Drivers begin with the key that they cannot take: `` `resources.limits.cpu`: … ``. */
function keyOf(message: string): string {
	const key = /^`([\w.]+)`/.exec(message)?.[1];
	return key === undefined ? '' : `.${key}`;
}

/** What they cannot do of the containers of tasks with an `image`, where it is known what these are made after. */
export function refusedMoulds(tasks: readonly TaskSpec[], refusalsOf: (mould: AgentSpec) => readonly string[]): Problem[] {
	return tasks.flatMap(({image, mould, name}, index) =>
		image === undefined || mould === undefined
			? []
			: refusalsOf(mould).map(message => ({path: `tasks[${index}].image`, message: `task ${name}: ${message}`})),
	);
}
