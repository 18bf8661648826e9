import type {Pool, RegisteredAgent, Session} from '../model/agent.ts';
import type {RunId} from '../model/ids.ts';
import type {Environment} from '../model/workflow.ts';
import type {AgentDetail, AgentRow} from '../protocol/views.ts';
import {deployedPool} from '../scheduler/deployments.ts';
import type {State} from '../scheduler/state.ts';
import {poolOfInstance} from '../scheduler/state.ts';
import type {AgentVitals} from './rows.ts';
import {instanceRows, registeredRow} from './rows.ts';

/** What became of the agents' rows. */
export type AgentRowsChange = {readonly agents?: readonly AgentRow[]; readonly gone: readonly string[]};

/** Rows of agents, kept in step with the state. With thousands of agents most changes concern one of them. */
export class AgentRows {
	readonly #rows = new Map<string, AgentRow>();
	readonly #vitals: Omit<AgentVitals, 'used'>;
	/** Slots in use, by agent. */
	readonly #used = new Map<string, number>();

	constructor(vitals: Omit<AgentVitals, 'used'>) {
		this.#vitals = vitals;
	}

	all(): AgentRow[] {
		return [...this.#rows.values()];
	}

	get(agent: string): AgentRow | undefined {
		return this.#rows.get(agent);
	}

	/** `before`: looks only at what differs from that state; absent: at everything, the vitals too. */
	update(before: State | undefined, after: State, version: number): AgentRowsChange {
		const {registered, pools, gone} = before === undefined ? this.#all(after) : this.#differences(before, after);
		const vitals = {...this.#vitals, used: (agent: string) => this.#used.get(agent) ?? 0};
		const rows = [
			...registered.map(agent => registeredRow(agent, version, vitals)),
			...pools.flatMap(pool => instanceRows(pool, version, vitals)),
		];
		const changed = rows.filter(row => !sameRow(this.#rows.get(row.id), row));
		for (const row of changed) this.#rows.set(row.id, row);
		const left = gone.filter(name => this.#rows.delete(name));
		return {...(changed.length > 0 && {agents: changed}), gone: left};
	}

	#all(after: State): Differences {
		this.#used.clear();
		for (const session of after.sessions.values()) this.#use(session, session.assigned.length);
		const names = new Set([...after.agents.keys(), ...instancesOf(after)]);
		const gone = [...this.#rows.keys()].filter(name => !names.has(name));
		return {registered: [...after.agents.values()], pools: Object.values(after.pools), gone};
	}

	/** Agents that are new, changed, or have a session that is; and agents that are gone. */
	#differences(before: State, after: State): Differences {
		const touched = new Set<string>();
		const sessions = [...after.sessions.changedSince(before.sessions)];
		for (const session of sessions) this.#use(session, session.assigned.length - (before.sessions.get(session.id)?.assigned.length ?? 0));
		const ended = [...after.sessions.goneSince(before.sessions)];
		for (const session of ended) this.#use(session, -session.assigned.length);
		for (const {agent} of [...sessions, ...ended]) touched.add(agent);
		const pools = new Set([...touched].flatMap(name => poolOfInstance(after, name) ?? []));
		for (const {name} of after.agents.changedSince(before.agents)) touched.add(name);
		const gone = [...after.agents.goneSince(before.agents)].map(({name}) => name);
		if (before.pools !== after.pools) {
			for (const pool of Object.values(after.pools)) if (before.pools[pool.name] !== pool) pools.add(pool);
			const names = new Set(instancesOf(after));
			gone.push(...instancesOf(before).filter(name => !names.has(name)));
		}
		return {registered: [...touched].flatMap(name => after.agents.get(name) ?? []), pools: [...pools], gone};
	}

	#use({agent}: Session, slots: number): void {
		const used = (this.#used.get(agent) ?? 0) + slots;
		if (used > 0) this.#used.set(agent, used);
		else this.#used.delete(agent);
	}
}

/** What is to be looked at, and what has gone. */
type Differences = {readonly registered: readonly RegisteredAgent[]; readonly pools: readonly Pool[]; readonly gone: readonly string[]};

/** Stands for the value of a variable. */
const hiddenValue = '***';

/** Names of instances; a pool without any may have one row, under its own. */
function instancesOf({pools}: State): string[] {
	return Object.values(pools).flatMap(({name, instances}) => (instances.length === 0 ? [name] : instances.map(instance => instance.name)));
}

function sameRow(a: AgentRow | undefined, b: AgentRow): boolean {
	if (a === undefined) return false;
	const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof AgentRow>;
	return [...keys].every(key => key === 'version' || a[key] === b[key]);
}

/** One agent, whole. `lastSeenAt`: when it was last heard from, where that is known. */
export function agentDetail(state: State, row: AgentRow, lastSeenAt: number | undefined): AgentDetail {
	const registered = state.agents.has(row.id) ? state.agents.get(row.id) : undefined;
	const pool = registered === undefined ? deployedPool(state, row.id) : undefined;
	return {
		...row,
		...(registered && {mode: registered.mode, registeredAt: registered.registeredAt}),
		...(registered?.url !== undefined && {url: registered.url}),
		...(lastSeenAt !== undefined && {lastSeenAt}),
		...(pool && {spec: {...pool.spec, env: withoutValues(pool.spec.env)}}),
		attempts: attemptsOf(state, row.id),
	};
}

/** Which variables an agent has is no secret; what they hold may be one. */
function withoutValues(env: Environment): Environment {
	return Object.fromEntries(Object.keys(env).map(name => [name, hiddenValue]));
}

function attemptsOf({sessions, runs}: State, agent: string): AgentDetail['attempts'] {
	const refs = [...sessions.values()].flatMap(session => (session.agent === agent ? session.assigned : []));
	const nameOf = (run: RunId, task: number) => runs.get(run)?.workflow.tasks[task]?.name ?? '';
	return refs
		.map(({run, task, attempt}) => {
			const assignedAt = runs.get(run)?.tasks.at(task)?.attempts[attempt - 1]?.assignedAt ?? 0;
			return {run, task, name: nameOf(run, task), attempt, assignedAt};
		})
		.sort((a, b) => a.assignedAt - b.assignedAt);
}
