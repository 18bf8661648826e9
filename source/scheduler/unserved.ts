import type {Pool} from '../model/agent.ts';
import type {RunId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {AgentSelector, Workflow} from '../model/workflow.ts';
import {lanesOf} from './lanes.ts';
import type {Candidate} from './selection.ts';
import {candidateOf, describeSelector, selects} from './selection.ts';
import type {State} from './state.ts';

/** Why nobody can run a task. */
export type Unserved = {readonly cause: 'no_agent' | 'start_failed'; readonly reason: string};

/** Why nobody can take tasks that ask for this; undefined while somebody can, or is being started. */
export function unserved(state: State, run: Run, selector: AgentSelector): Unserved | undefined {
	const pools = Object.values(state.pools).filter(pool => selects(run, selector, poolCandidate(pool)));
	if (pools.some(({broken}) => broken === undefined)) return undefined;
	if (state.sessions.values().some(({agent}) => servesFrom(state, run, selector, agent))) return undefined;
	const broken = pools.find(pool => pool.broken !== undefined);
	if (broken !== undefined) return {cause: 'start_failed', reason: broken.broken ?? ''};
	const silent = state.agents.values().find(({name, labels}) => selects(run, selector, {agent: name, labels}));
	const nobody = `no ${describeSelector(selector).replace(/^an? /, '')} is there`;
	return {cause: 'no_agent', reason: silent === undefined ? nobody : `agent ${silent.name} is registered, but does not answer`};
}

function servesFrom(state: State, run: Run, selector: AgentSelector, agent: string): boolean {
	const candidate = candidateOf(state, agent);
	return candidate !== undefined && selects(run, selector, candidate);
}

function poolCandidate({name, spec, run}: Pool): Candidate {
	return {agent: name, pool: name, labels: spec.labels, ...(run !== undefined && {run})};
}

/** Causes by lane. */
type Causes = ReadonlyMap<number, Unserved['cause']>;
type Answer = Pick<State, 'agents' | 'pools' | 'sessions'> & {readonly run: RunId; readonly causes: Causes};

/** What was last found for the run of a workflow: it is asked with every batch, and seldom another. */
const known = new WeakMap<Workflow, Answer>();

/** For each lane of a run that nobody can serve, the cause. Most often that is none, and nobody need look at the tasks. */
export function unservedLanes(state: State, run: Run): Causes {
	const {agents, pools, sessions} = state;
	const last = known.get(run.workflow);
	if (last?.run === run.id && last.agents === agents && last.pools === pools && last.sessions.hasKeysOf(sessions)) return last.causes;
	const causes = findUnserved(state, run);
	known.set(run.workflow, {run: run.id, agents, pools, sessions, causes});
	return causes;
}

function findUnserved(state: State, run: Run): Causes {
	const lanes = lanesOf(run.workflow);
	const causes = new Map(lanes.selectors.map((_, lane): [number, Unserved['cause']] => [lane, 'no_agent']));
	const pools = Object.groupBy(Object.values(state.pools), ({broken}) => (broken === undefined ? 'whole' : 'broken'));
	const serving = function* () {
		for (const pool of pools.whole ?? []) yield poolCandidate(pool);
		for (const {agent} of state.sessions.values()) yield candidateOf(state, agent);
	};
	for (const candidate of serving()) {
		if (candidate !== undefined) for (const lane of lanes.fitting(run, candidate)) causes.delete(lane);
		if (causes.size === 0) return causes;
	}
	for (const pool of pools.broken ?? []) {
		for (const lane of lanes.fitting(run, poolCandidate(pool))) if (causes.has(lane)) causes.set(lane, 'start_failed');
	}
	return causes;
}

/** When a ready task gives up waiting for an agent; undefined: never. */
export function agentDueAt(state: State, run: Run, index: number): number | undefined {
	const readyAt = run.tasks.at(index)?.readyAt;
	if (run.agentTimeoutMs === undefined || readyAt === undefined) return undefined;
	return Math.max(readyAt, state.lastLostAt) + run.agentTimeoutMs;
}
