import type {Instance, Pool} from '../model/agent.ts';
import type {SessionOpened} from '../model/event.ts';
import type {Handle, InstanceEnd} from '../model/instance.ts';
import {loseSession} from './attempts.ts';
import type {Draft} from './draft.ts';
import {onlineDueAt, recordInstanceFailure, stopCommand} from './pools.ts';
import {poolOfInstance} from './state.ts';

/** So many more ends of instances an old Report would have to outlast on its way. */
export const buriedSessionsLimit = 200;

export function instanceStarted(draft: Draft, name: string, handle: Handle): void {
	const found = find(draft, name);
	if (found === undefined) return;
	// Told again after a restart it changes nothing: it is the same start.
	const {startedAt = draft.state.now} = found.instance;
	changeInstance(draft, found.pool, {...found.instance, handle, startedAt});
}

/** It could not be started. One that is to be stopped by now is told of by its stop. */
export function instanceFailed(draft: Draft, name: string, end: InstanceEnd): void {
	if (find(draft, name)?.instance.status !== 'stopping') instanceEnded(draft, name, end);
}

/** It ended, by itself or because it was to. Its sessions are lost at once: nobody else can be behind them. */
export function instanceEnded(draft: Draft, name: string, end: InstanceEnd): void {
	const found = find(draft, name);
	if (found === undefined) return;
	const wanted = found.instance.status !== 'stopping';
	const {givenUp} = found.instance;
	const cause = givenUp === undefined ? `its agent's instance ended: ${end.cause}` : `its agent's instance was stopped: ${givenUp}`;
	if (found.pool.run === undefined) bury(draft, name);
	loseSessionsOf(draft, name, cause);
	const {pool, instance} = find(draft, name) ?? found;
	if (wanted) return endUnwanted(draft, pool, instance, end);
	const instances = pool.instances.filter(other => other.name !== name);
	draft.change({pools: {...draft.state.pools, [pool.name]: {...pool, instances}}});
}

/** Nobody can say what runs in it. That is lost once the driver has confirmed its end: then nothing of it can still run. */
export function giveUp(draft: Draft, name: string, cause: string): void {
	const found = find(draft, name);
	if (found === undefined || found.instance.status === 'stopping') return;
	endUnwanted(draft, found.pool, {...found.instance, givenUp: cause}, {cause});
}

/**
 * One agent program runs in an instance. Two sessions of one instance are two starts of it, and a late Report of the dead one may have
 * opened the newer session: attempts that were given to that one would wait for a lease of a day.
 */
export function giveUpDoubled(draft: Draft, {agent, basic}: SessionOpened): void {
	if (basic || find(draft, agent) === undefined) return;
	const sessions = [...draft.state.sessions.values()].filter(session => session.agent === agent && !session.basic);
	if (sessions.length > 1) giveUp(draft, agent, 'its agent program was started anew, and which of the two lives is not known');
}

/**
 * The names of instances that no run owns are given again, and a Report of the dead agent may be on its way for long: it must not open its
 * session anew, in the next instance of that name.
 */
function bury(draft: Draft, agent: string): void {
	const dead = [...draft.state.sessions.values()].flatMap(session => (session.agent === agent && !session.basic ? [session.id] : []));
	if (dead.length > 0) draft.change({buried: [...(draft.state.buried ?? []), ...dead].slice(-buriedSessionsLimit)});
}

/**
 * It was to go on. What is left of it (files, a dead container) is removed by the same call that stops, and until that is done it
 * stays in its pool: its name must not be given to another one, which that call would hit.
 */
function endUnwanted(draft: Draft, pool: Pool, instance: Instance, end: InstanceEnd): void {
	draft.commands.push(stopCommand(pool, instance));
	const counted = instance.spent === true ? pool : recordInstanceFailure(pool, instance, end, draft.state.now);
	changeInstance(draft, counted, {...instance, status: 'stopping'});
}

export function loseSessionsOf(draft: Draft, agent: string, cause: string): void {
	for (const session of draft.state.sessions.values()) {
		if (session.agent === agent) loseSession(draft, session.id, cause);
	}
}

/** Instances in which no agent program came online in time: stopped, and counted as a failure. */
export function failSilentStarts(draft: Draft): void {
	for (const pool of Object.values(draft.state.pools)) {
		for (const instance of pool.instances) {
			const dueAt = onlineDueAt(pool, instance);
			if (dueAt === undefined || draft.state.now < dueAt) continue;
			const cause = `no agent program came online within ${pool.spec.startTimeoutMs / 1000} s`;
			endUnwanted(draft, draft.state.pools[pool.name] ?? pool, instance, {cause});
		}
	}
}

function find(draft: Draft, name: string): {pool: Pool; instance: Instance} | undefined {
	const pool = poolOfInstance(draft.state, name);
	const instance = pool?.instances.find(other => other.name === name);
	return pool && instance && {pool, instance};
}

function changeInstance(draft: Draft, pool: Pool, changed: Instance): void {
	const instances = pool.instances.map(instance => (instance.name === changed.name ? changed : instance));
	draft.change({pools: {...draft.state.pools, [pool.name]: {...pool, instances}}});
}
