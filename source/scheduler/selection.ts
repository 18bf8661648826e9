import type {RunId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {AgentSelector, Labels} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import type {State} from './state.ts';
import {poolOfInstance} from './state.ts';

/** Something that may run tasks, reduced to what a task's `agent` can ask of it. */
export type Candidate = {
	readonly agent: string;
	readonly labels: Labels;
	/** Name of its pool, and the run that owns the pool; absent for agents that registered. */
	readonly pool?: string;
	readonly run?: string;
};

/** Whether `labels` has every label that is asked for. */
export function labelsMatch(asked: Labels, labels: Labels): boolean {
	return Object.entries(asked).every(([key, value]) => labels[key] === value);
}

/** Whether a task of this run that asks for `selector` may go to this candidate. */
export function selects(run: Run, selector: AgentSelector, candidate: Candidate): boolean {
	if ('name' in selector && isInstanceOf(selector.name, candidate)) return true;
	if (candidate.run !== undefined && candidate.run !== run.id) return false;
	if ('labels' in selector) return candidate.pool !== localAgentName && labelsMatch(selector.labels, candidate.labels);
	return (candidate.pool ?? candidate.agent) === servingName(run, selector.name);
}

/** One instance by its own name, which no file can declare: the agent that handed over a workflow for itself. */
function isInstanceOf(name: string, {agent, pool}: Candidate): boolean {
	return name === agent && pool !== undefined && name.includes('~');
}

/** Name of the pool that a run's own agent lives in. */
export function runPoolName(agent: string, run: RunId): string {
	return `${agent}~${run}`;
}

/** The name under which an agent serves a run: its own instance of a declared one, else the one that all runs share. */
function servingName(run: Run, name: string): string {
	if (name === localAgentName || run.adoptedAgents.includes(name)) return name;
	const declared = run.workflow.agents.find(agent => agent.name === name);
	return declared === undefined || declared.lifetime === 'persistent' ? name : runPoolName(name, run.id);
}

/** The candidate behind an agent's name: registered, or an instance of a pool; undefined when it is neither. */
export function candidateOf(state: State, agent: string): Candidate | undefined {
	const registered = state.agents.get(agent);
	if (registered !== undefined) return {agent, labels: registered.labels};
	const pool = poolOfInstance(state, agent);
	if (pool === undefined) return undefined;
	return {agent, labels: pool.spec.labels, pool: pool.name, ...(pool.run !== undefined && {run: pool.run})};
}

/** One string for a selector within its run, for maps. */
export function selectorKey(selector: AgentSelector): string {
	return 'name' in selector ? `name ${selector.name}` : `labels ${JSON.stringify(selector.labels)}`;
}

/** A selector in words. */
export function describeSelector(selector: AgentSelector): string {
	if ('name' in selector) return `agent ${selector.name}`;
	const labels = Object.entries(selector.labels).map(([key, value]) => `${key}=${value}`);
	return `an agent with label${labels.length === 1 ? '' : 's'} ${labels.join(', ')}`;
}
