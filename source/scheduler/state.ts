import type {Pool, RegisteredAgent, Session} from '../model/agent.ts';
import type {AttemptRef, RunId, SessionId} from '../model/ids.ts';
import type {Run, Task} from '../model/run.ts';
import {currentAttempt} from '../model/run.ts';

/** The working state: all that the scheduler knows. Follows from the journal alone; ended runs have left it. */
export type State = {
	/** Time of the newest event. */
	readonly now: number;
	readonly runs: Readonly<Record<RunId, Run>>;
	/** Agents that registered themselves, by name. */
	readonly agents: Readonly<Record<string, RegisteredAgent>>;
	readonly sessions: Readonly<Record<SessionId, Session>>;
	/** Pools of instances that drivers keep, by name. */
	readonly pools: Readonly<Record<string, Pool>>;
	/** Sessions that ended with an instance whose name is given again, newest last; at most `buriedSessionsLimit`. Absent in older snapshots. */
	readonly buried?: readonly SessionId[];
	/** When a session was last lost: agents' absence is counted from then on. */
	readonly lastLostAt: number;
};

export const emptyState: State = {now: 0, runs: {}, agents: {}, sessions: {}, pools: {}, lastLostAt: 0};

/** The task that `ref` points at; undefined when its run has ended or never was. */
export function taskOf(state: State, ref: AttemptRef): Task | undefined {
	return state.runs[ref.run]?.tasks.at(ref.task);
}

/** Whether `ref` is what `session` runs now: only then do its output and outcome count. */
export function isCurrent(state: State, ref: AttemptRef, session: SessionId): boolean {
	const current = currentAttempt(taskOf(state, ref));
	return current?.number === ref.attempt && current.attempt.session === session;
}

/** Whether this agent, registered or deployed, gets nothing new. */
export function isDraining(state: State, agent: string): boolean {
	return state.agents[agent]?.draining === true || poolOfInstance(state, agent)?.draining === true;
}

/** The pool that holds the instance of this name. */
export function poolOfInstance(state: State, instance: string): Pool | undefined {
	for (const pool of Object.values(state.pools)) {
		if (pool.instances.some(({name}) => name === instance)) return pool;
	}
	return undefined;
}
