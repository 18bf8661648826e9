import type {Pool, RegisteredAgent, Session} from '../model/agent.ts';
import type {AttemptRef, SessionId} from '../model/ids.ts';
import type {Run, Task} from '../model/run.ts';
import {currentAttempt} from '../model/run.ts';
import {LongRecord} from './long-record.ts';

/** The working state: all that the scheduler knows. Follows from the journal alone; ended runs have left it. */
export type State = {
	/** Time of the newest event. */
	readonly now: number;
	readonly runs: LongRecord<Run>;
	/** Agents that registered themselves, by name. */
	readonly agents: LongRecord<RegisteredAgent>;
	readonly sessions: LongRecord<Session>;
	/** Pools of instances that drivers keep, by name. */
	readonly pools: Readonly<Record<string, Pool>>;
	/** Sessions that ended with an instance whose name is given again, newest last; at most `buriedSessionsLimit`. Absent in older snapshots. */
	readonly buried?: readonly SessionId[];
	/** When a session was last lost: agents' absence is counted from then on. */
	readonly lastLostAt: number;
};

const none = LongRecord.from<never>({});

export const emptyState: State = {now: 0, runs: none, agents: none, sessions: none, pools: {}, lastLostAt: 0};

/** The task that `ref` points at; undefined when its run has ended or never was. */
export function taskOf(state: State, ref: AttemptRef): Task | undefined {
	return state.runs.get(ref.run)?.tasks.at(ref.task);
}

/** Whether `ref` is what `session` runs now: only then do its output and outcome count. */
export function isCurrent(state: State, ref: AttemptRef, session: SessionId): boolean {
	const current = currentAttempt(taskOf(state, ref));
	return current?.number === ref.attempt && current.attempt.session === session;
}

/** Whether this agent, registered or deployed, gets nothing new. */
export function isDraining(state: State, agent: string): boolean {
	return state.agents.get(agent)?.draining === true || poolOfInstance(state, agent)?.draining === true;
}

/** The pool that holds the instance of this name. */
export function poolOfInstance({pools}: State, instance: string): Pool | undefined {
	for (const name of poolNames(instance)) {
		const pool = Object.hasOwn(pools, name) ? pools[name] : undefined;
		if (pool?.instances.some(other => other.name === instance)) return pool;
	}
	return undefined;
}

/** The first instance of a pool has its name, further ones that and a number: `builder~2`. */
export function instanceName(pool: string, number: number): string {
	return number === 1 ? pool : `${pool}~${number}`;
}

/** Names of the pools that an instance of this name may be in. */
function poolNames(instance: string): string[] {
	const end = instance.lastIndexOf('~');
	return end < 0 ? [instance] : [instance, instance.slice(0, end)];
}
