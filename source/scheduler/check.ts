import type {ErrorCode} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {Event} from '../model/event.ts';
import type {AgentSpec} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';
import {deployedPool} from './deployments.ts';
import {isSameSpec} from './spec.ts';
import type {State} from './state.ts';
import {isCurrent, poolOfInstance} from './state.ts';

/** Why an event must not be: nothing of it is written. */
export type Refusal = {readonly code: ErrorCode; readonly message: string};

export function refusalError(refusal: Refusal): ByoaiError {
	return new ByoaiError(refusal.code, refusal.message);
}

/** Speaks before anything is written. An accepted event is one that `step` can apply. */
export function check(state: State, event: Event): Refusal | undefined {
	switch (event.type) {
		case 'run-submitted':
			return checkSubmission(state, event);
		case 'run-cancelled':
			return state.runs.get(event.run) === undefined ? refuse('not_found', `no active run ${event.run}`) : undefined;
		case 'agent-registered':
			return poolOfInstance(state, event.agent.name) !== undefined || Object.hasOwn(state.pools, event.agent.name)
				? refuse('conflict', `the name ${event.agent.name} is taken by an agent that this orchestrator deployed`)
				: undefined;
		case 'agent-deployed':
			return checkDeployment(state, event.agent);
		case 'agent-drained':
			return checkKept(state, event.agent);
		case 'agent-removed':
			return checkKept(state, event.agent) ?? (event.force === true ? undefined : checkRemoval(state, event.agent));
		case 'session-opened':
			return checkSession(state, event.session, event.agent);
		case 'session-lost':
			return state.sessions.has(event.session) ? undefined : refuse('not_found', `no session ${event.session}`);
		case 'attempt-assigned':
			return checkAssignment(state, event);
		case 'attempt-started':
		case 'attempt-finished':
			return isCurrent(state, event.ref, event.session)
				? undefined
				: refuse('conflict', 'a late result: this attempt is no longer that session’s');
		case 'instance-started':
		case 'instance-failed':
		case 'instance-ended':
			return poolOfInstance(state, event.instance) ? undefined : refuse('not_found', `no instance ${event.instance}`);
		case 'instance-given-up':
			return checkGivenUp(state, event.instance);
		case 'ticked':
			return undefined;
	}
}

function refuse(code: ErrorCode, message: string): Refusal {
	return {code, message};
}

function checkSubmission(state: State, {run, workflow}: Extract<Event, {type: 'run-submitted'}>): Refusal | undefined {
	if (state.runs.has(run)) return refuse('conflict', `run ${run} exists already`);
	for (const agent of workflow.agents) {
		const refusal = agent.lifetime === 'persistent' ? checkPersistent(state, agent) : undefined;
		if (refusal !== undefined) return refusal;
	}
	return undefined;
}

function checkPersistent(state: State, agent: AgentSpec): Refusal | undefined {
	const pool = Object.hasOwn(state.pools, agent.name) ? state.pools[agent.name] : undefined;
	if (pool === undefined) return undefined;
	if (pool.removing === true) return refuse('conflict', `agent ${agent.name} is being removed; try again when it is gone`);
	if (isSameSpec(pool.spec, agent)) return undefined;
	return refuse(
		'conflict',
		`a persistent agent ${agent.name} with another specification is there: remove it first, or name this one differently`,
	);
}

function checkDeployment(state: State, agent: AgentSpec): Refusal | undefined {
	if (agent.name === localAgentName) return refuse('conflict', `the name ${localAgentName} is the orchestrator's own`);
	if (state.agents.has(agent.name)) {
		return refuse('conflict', `an agent ${agent.name} has registered itself: remove it first, or name this one differently`);
	}
	return checkPersistent(state, agent);
}

/** Whether this is an agent that people keep: one that registered, or was deployed. */
function checkKept(state: State, agent: string): Refusal | undefined {
	if (state.agents.has(agent) || deployedPool(state, agent) !== undefined) return undefined;
	const pool = Object.hasOwn(state.pools, agent) ? state.pools[agent] : poolOfInstance(state, agent);
	if (pool === undefined) return refuse('not_found', `no agent ${agent}`);
	const owner = pool.run === undefined ? 'the orchestrator' : `run ${pool.run}`;
	return refuse('conflict', `agent ${agent} belongs to ${owner}, which starts and ends it`);
}

function checkRemoval(state: State, agent: string): Refusal | undefined {
	// Its attempts would be lost and tried again elsewhere; one that registered may still run them.
	const instances = deployedPool(state, agent)?.instances.map(({name}) => name) ?? [];
	const names = new Set([agent, ...instances]);
	const runs = state.sessions.values().some(session => names.has(session.agent) && session.assigned.length > 0);
	if (!runs) return undefined;
	return refuse('conflict', `agent ${agent} still runs tasks: drain it first and remove it when they have ended, or remove it by force`);
}

function checkSession(state: State, session: string, agent: string): Refusal | undefined {
	if (state.sessions.has(session)) return refuse('conflict', `session ${session} is open already`);
	if (state.agents.has(agent)) return undefined;
	if (state.buried?.includes(session)) return refuse('conflict', `session ${session} ended with its instance`);
	const instance = poolOfInstance(state, agent)?.instances.find(({name}) => name === agent);
	if (instance === undefined) return refuse('not_found', `no agent ${agent}; register it first`);
	// Otherwise a crash now could leave a session whose instance nobody can find, held until its lease ends.
	if (instance.handle === undefined) return refuse('unavailable', `instance ${agent} is not recorded as started yet; try again`);
	return instance.status === 'stopping' ? refuse('conflict', `agent ${agent} is being stopped`) : undefined;
}

function checkGivenUp(state: State, name: string): Refusal | undefined {
	const instance = poolOfInstance(state, name)?.instances.find(other => other.name === name);
	if (instance === undefined) return refuse('not_found', `no instance ${name}`);
	return instance.status === 'stopping' ? refuse('conflict', `instance ${name} is being stopped`) : undefined;
}

function checkAssignment(state: State, {ref, session}: Extract<Event, {type: 'attempt-assigned'}>): Refusal | undefined {
	const task = state.runs.get(ref.run)?.tasks.at(ref.task);
	if (task === undefined || task.status !== 'ready') return refuse('conflict', `task ${ref.task} of run ${ref.run} is not ready`);
	if (ref.attempt !== task.attempts.length + 1) return refuse('conflict', `attempt ${ref.attempt} is not the next one`);
	return state.sessions.has(session) ? undefined : refuse('not_found', `no session ${session}`);
}
