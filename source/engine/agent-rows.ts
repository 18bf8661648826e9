import type {RunId} from '../model/ids.ts';
import type {Environment} from '../model/workflow.ts';
import type {AgentDetail, AgentRow} from '../protocol/views.ts';
import {deployedPool} from '../scheduler/deployments.ts';
import type {State} from '../scheduler/state.ts';
import type {AgentVitals} from './rows.ts';
import {instanceRows, registeredRow} from './rows.ts';

/** What became of the agents' rows. */
export type AgentRowsChange = {readonly agents?: readonly AgentRow[]; readonly gone: readonly string[]};

/** Rows of agents, kept in step with the state. With thousands of agents most changes concern one of them. */
export class AgentRows {
	readonly #rows = new Map<string, AgentRow>();
	readonly #vitals: Omit<AgentVitals, 'used'>;

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
		const {isTouched, gone} = before === undefined ? allOf(after, this.#rows.keys()) : differences(before, after);
		const used = slotsUsed(after);
		const vitals = {...this.#vitals, used: (agent: string) => used.get(agent) ?? 0};
		const registered = Object.values(after.agents).filter(({name}) => isTouched(name));
		const rows = [
			...registered.map(agent => registeredRow(agent, version, vitals)),
			...Object.values(after.pools).flatMap(pool => instanceRows(pool, version, vitals)),
		];
		const changed = rows.filter(row => !sameRow(this.#rows.get(row.id), row));
		for (const row of changed) this.#rows.set(row.id, row);
		const left = gone.filter(name => this.#rows.delete(name));
		return {...(changed.length > 0 && {agents: changed}), gone: left};
	}
}

/** Stands for the value of a variable. */
const hiddenValue = '***';

type Differences = {readonly isTouched: (agent: string) => boolean; readonly gone: readonly string[]};

function allOf(after: State, known: Iterable<string>): Differences {
	const names = new Set([...Object.keys(after.agents), ...instancesOf(after)]);
	return {isTouched: () => true, gone: [...known].filter(name => !names.has(name))};
}

/** Registered agents that are new, changed, or have a session that is; and agents of either kind that are gone. */
function differences(before: State, after: State): Differences {
	const touched = new Set<string>();
	const gone: string[] = [];
	if (before.agents !== after.agents) {
		for (const [name, agent] of Object.entries(after.agents)) if (before.agents[name] !== agent) touched.add(name);
		for (const name of Object.keys(before.agents)) if (!Object.hasOwn(after.agents, name)) gone.push(name);
	}
	if (before.sessions !== after.sessions) {
		for (const [id, session] of Object.entries(after.sessions)) if (before.sessions[id] !== session) touched.add(session.agent);
		for (const [id, {agent}] of Object.entries(before.sessions)) if (!(id in after.sessions)) touched.add(agent);
	}
	if (before.pools !== after.pools) {
		const names = new Set(instancesOf(after));
		gone.push(...instancesOf(before).filter(name => !names.has(name)));
	}
	return {isTouched: name => touched.has(name), gone};
}

/** Names of instances; a pool without any may have one row, under its own. */
function instancesOf({pools}: State): string[] {
	return Object.values(pools).flatMap(({name, instances}) => (instances.length === 0 ? [name] : instances.map(instance => instance.name)));
}

function slotsUsed({sessions}: State): Map<string, number> {
	const used = new Map<string, number>();
	for (const {agent, assigned} of Object.values(sessions)) {
		if (assigned.length > 0) used.set(agent, (used.get(agent) ?? 0) + assigned.length);
	}
	return used;
}

function sameRow(a: AgentRow | undefined, b: AgentRow): boolean {
	if (a === undefined) return false;
	const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof AgentRow>;
	return [...keys].every(key => key === 'version' || a[key] === b[key]);
}

/** One agent, whole. `lastSeenAt`: when it was last heard from, where that is known. */
export function agentDetail(state: State, row: AgentRow, lastSeenAt: number | undefined): AgentDetail {
	const registered = Object.hasOwn(state.agents, row.id) ? state.agents[row.id] : undefined;
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
	const refs = Object.values(sessions).flatMap(session => (session.agent === agent ? session.assigned : []));
	const nameOf = (run: RunId, task: number) => runs[run]?.workflow.tasks[task]?.name ?? '';
	return refs
		.map(({run, task, attempt}) => {
			const assignedAt = runs[run]?.tasks.at(task)?.attempts[attempt - 1]?.assignedAt ?? 0;
			return {run, task, name: nameOf(run, task), attempt, assignedAt};
		})
		.sort((a, b) => a.assignedAt - b.assignedAt);
}
