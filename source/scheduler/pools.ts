import type {Instance, Pool} from '../model/agent.ts';
import type {Command} from '../model/command.ts';
import type {RunSubmitted} from '../model/event.ts';
import type {InstanceEnd, InstanceSpec} from '../model/instance.ts';
import type {Run} from '../model/run.ts';
import type {AgentSpec, TaskSpec} from '../model/workflow.ts';
import {agentDefaults, imageAgentName, isImageAgent, localAgentName} from '../model/workflow.ts';
import type {Draft} from './draft.ts';
import {lanesOf} from './lanes.ts';
import {ReadyTasks} from './ready-tasks.ts';
import {tasksToRun} from './rerun.ts';
import {labelsMatch, runPoolName} from './selection.ts';
import type {State} from './state.ts';
import {instanceName} from './state.ts';

/** After so many ends without one attempt ended well in between, a pool is broken and its tasks fail. */
const instanceFailureLimit = 3;
const restartDelayMs = 1000;
const restartDelayLimitMs = 30_000;

/** Declared agents of which one of that name serves already, in the name space that all runs share. */
export function adoptedBy(state: State, agents: readonly AgentSpec[]): string[] {
	const serves = (name: string) => state.agents.has(name) || (Object.hasOwn(state.pools, name) && state.pools[name]?.removing !== true);
	return agents.filter(({name}) => serves(name)).map(({name}) => name);
}

/**
 * The pools that a run needs and that are not there yet, `local-agent` as its orchestrator keeps it, and those that were given up in earlier
 * runs: what kept them from starting may be mended, and somebody who starts a run expects that it is tried.
 */
export function poolsFor(state: State, run: Run, event: RunSubmitted): Pool[] {
	const {workflow} = run;
	const tasks = tasksToRun(workflow, event.retry);
	const begun = {directory: workflow.directory, idleMs: 0, started: 0, failures: 0, instances: []};
	const pools = workflow.agents
		.filter(agent => agent.name !== localAgentName && !run.adoptedAgents.includes(agent.name) && isUsed(tasks, agent))
		.map((spec): Pool => {
			if (spec.lifetime === 'persistent') return {...begun, name: spec.name, spec};
			return {...begun, name: runPoolName(spec.name, run.id), spec, run: run.id};
		});
	const isGivenUp = ({broken, name, spec, run: owner, removing}: Pool) =>
		broken !== undefined && owner === undefined && removing !== true && (isUsed(tasks, spec) || run.imageAgents?.includes(name) === true);
	const givenUp = Object.values(state.pools).filter(isGivenUp).map(begunAnew);
	const local = givenUp.find(({name}) => name === localAgentName) ?? state.pools[localAgentName];
	pools.push(...givenUp);
	// One that an earlier life left idles for as long as this one says.
	if (local !== undefined) pools.push({...local, idleMs: event.localAgent.idleMs});
	else if (run.usesLocalAgent) pools.push(localPool(event));
	return [...pools, ...imagePools(state, tasks, event)];
}

/** As if none of its instances had failed yet. */
export function begunAnew({broken: _, nextStartAt: __, failedAt: ___, ...pool}: Pool): Pool {
	return {...pool, failures: 0};
}

/** A pool for each image agent that a run needs and that is not there: its one instance is the orchestrator itself. */
function imagePools(state: State, tasks: readonly TaskSpec[], {workflow, imageSlots}: RunSubmitted): Pool[] {
	const types = new Set(tasks.flatMap(({mould}) => mould?.type ?? []));
	return [...types].flatMap(type => {
		const name = imageAgentName(type);
		const spec: AgentSpec = {...agentDefaults, name, type, slots: imageSlots?.[type] ?? 1};
		return Object.hasOwn(state.pools, name)
			? []
			: [{name, spec, directory: workflow.directory, idleMs: 0, started: 0, failures: 0, instances: []}];
	});
}

function isUsed(tasks: readonly TaskSpec[], {name, labels}: AgentSpec): boolean {
	return tasks.some(({agent}) => ('name' in agent ? agent.name === name : labelsMatch(agent.labels, labels)));
}

function localPool({workflow, localAgent}: RunSubmitted): Pool {
	const spec: AgentSpec = {...agentDefaults, name: localAgentName, type: 'local', slots: localAgent.slots};
	return {name: localAgentName, spec, directory: workflow.directory, idleMs: localAgent.idleMs, started: 0, failures: 0, instances: []};
}

/** When an agent program must be online in an instance that started; undefined: it is, or the driver has not started it yet. */
export function onlineDueAt({spec}: Pool, {status, startedAt}: Instance): number | undefined {
	return status === 'starting' && startedAt !== undefined ? startedAt + spec.startTimeoutMs : undefined;
}

/** What a driver is told of an instance. */
export function instanceSpec(pool: Pool, name: string): InstanceSpec {
	return {name, agent: pool.spec, directory: pool.directory};
}

export function stopCommand(pool: Pool, {name, handle}: Instance): Command {
	return {type: 'stop-instance', spec: instanceSpec(pool, name), ...(handle && {handle})};
}

/** Brings every pool's instances to what is needed now: starts what is missing, stops what is too many, forgets what is empty. */
export function reconcilePools(draft: Draft): void {
	for (const pool of Object.values(draft.state.pools)) {
		const next = reconcile(draft, pool);
		if (next === pool) continue;
		const {[pool.name]: _, ...others} = draft.state.pools;
		draft.change({pools: next === undefined ? others : {...others, [pool.name]: next}});
	}
}

function reconcile(draft: Draft, before: Pool): Pool | undefined {
	const pool = withIdleTime(withoutPastStart(before, draft.state.now), isNeeded(draft.state, before), draft.state.now);
	if (pool.idleSince !== undefined && draft.state.now >= pool.idleSince + pool.idleMs) {
		return pool.instances.length === 0 ? undefined : stopInstances(draft, pool, () => true);
	}
	const kept = pool.spec.lifetime === 'task' ? stopDone(draft, pool) : pool;
	return pool.idleSince === undefined ? startMissing(draft, kept) : kept;
}

/** A time to start that has come, or never will, must not be kept: it would wake the engine for ever. */
function withoutPastStart(pool: Pool, now: number): Pool {
	if (pool.nextStartAt === undefined || (pool.nextStartAt > now && pool.broken === undefined)) return pool;
	const {nextStartAt: _, ...rest} = pool;
	return rest;
}

function withIdleTime(pool: Pool, needed: boolean, now: number): Pool {
	if (needed === (pool.idleSince === undefined)) return pool;
	const {idleSince: _, ...rest} = pool;
	return needed ? rest : {...pool, idleSince: now};
}

/** Whether anything still needs the instances of this pool. */
export function isNeeded(state: State, pool: Pool): boolean {
	if (pool.removing === true) return false;
	if (pool.run !== undefined) return state.runs.get(pool.run) !== undefined;
	if (pool.spec.lifetime === 'persistent') return true;
	if (isImageAgent(pool.name)) return state.runs.values().some(run => run.imageAgents?.includes(pool.name) === true);
	return state.runs.values().some(run => run.usesLocalAgent);
}

/**
 * Whether no instance is left that nobody needs any more. `keepsLocalAgent`: of those that no run owns, `local-agent` may be kept for a
 * while, for the next run.
 */
export function isSettled(state: State, keepsLocalAgent: boolean): boolean {
	return Object.values(state.pools).every(pool => {
		if (pool.spec.lifetime === 'persistent' || (pool.run === undefined && keepsLocalAgent)) return true;
		return isNeeded(state, pool);
	});
}

/** `lifetime: task`: ends the instances that had their attempt, when that is over. */
function stopDone(draft: Draft, pool: Pool): Pool {
	if (!pool.instances.some(({spent}) => spent)) return pool;
	const busy = new Set(draft.state.sessions.values().flatMap(({agent, assigned}) => (assigned.length > 0 ? [agent] : [])));
	return stopInstances(draft, pool, ({name, spent}) => spent === true && !busy.has(name));
}

/** Ends those instances of the pool that `which` names. */
function stopInstances(draft: Draft, pool: Pool, which: (instance: Instance) => boolean): Pool {
	const ends = pool.instances.map(instance => instance.status !== 'stopping' && which(instance));
	if (!ends.includes(true)) return pool;
	const instances = pool.instances.map((instance, at): Instance => {
		if (!ends[at]) return instance;
		draft.commands.push(stopCommand(pool, instance));
		return {...instance, status: 'stopping'};
	});
	return {...pool, instances};
}

function startMissing(draft: Draft, pool: Pool): Pool {
	const {now} = draft.state;
	if (pool.broken !== undefined || pool.nextStartAt !== undefined) return pool;
	const serving = pool.instances.filter(({status, spent}) => status !== 'stopping' && !spent).length;
	const missing = wanted(draft.state, pool) - serving;
	if (missing <= 0) return pool;
	const added = Array.from({length: missing}, (_, at): Instance => {
		const name = instanceName(pool.name, pool.started + at + 1);
		draft.commands.push({type: 'start-instance', spec: instanceSpec(pool, name)});
		return {name, status: 'starting', requestedAt: now};
	});
	return {...pool, started: pool.started + missing, instances: [...pool.instances, ...added]};
}

/** How many instances that can take work there should be. */
function wanted(state: State, pool: Pool): number {
	if (pool.spec.lifetime !== 'task') return pool.spec.replicas;
	const run = pool.run === undefined ? undefined : state.runs.get(pool.run);
	if (run === undefined) return 0;
	const most = pool.spec.replicas * pool.spec.slots;
	const busy = pool.instances.filter(({spent}) => spent === true).length;
	let demand = 0;
	const ready = ReadyTasks.of(run);
	for (const [lane, selector] of lanesOf(run.workflow).selectors.entries()) {
		if (demand >= most - busy) break;
		if ('name' in selector ? selector.name === pool.spec.name : labelsMatch(selector.labels, pool.spec.labels))
			demand += ready.lane(lane).length;
	}
	return Math.min(demand, most - busy);
}

/** An instance failed to start, or ended by itself: another is tried after a while, unless it has happened too often, or cannot do better. */
export function recordInstanceFailure(pool: Pool, instance: Instance, end: InstanceEnd, now: number): Pool {
	const counts = pool.failedAt === undefined || instance.requestedAt >= pool.failedAt;
	const failures = pool.failures + (counts ? 1 : 0);
	const changed = {...pool, failures, ...(counts && {failedAt: now})};
	if (failures > instanceFailureLimit || end.isFinal) return {...changed, broken: describeEnd(instance.name, end)};
	if (!counts) return changed;
	if (failures === 1) return changed;
	return {...changed, nextStartAt: now + Math.min(restartDelayMs * 2 ** (failures - 2), restartDelayLimitMs)};
}

function describeEnd(instance: string, end: InstanceEnd): string {
	const output = end.output?.trim();
	return `instance ${instance}: ${end.cause}${output ? `; its last output:\n${output}` : ''}`;
}
