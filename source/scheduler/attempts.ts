import type {Session} from '../model/agent.ts';
import type {Event} from '../model/event.ts';
import type {AttemptRef, SessionId} from '../model/ids.ts';
import type {Attempt, Outcome} from '../model/run.ts';
import type {Draft} from './draft.ts';
import {failFast} from './runs.ts';
import {isCurrent, poolOfInstance} from './state.ts';
import {concludeAttempt} from './tasks.ts';

type Of<Type extends Event['type']> = Extract<Event, {type: Type}>;

export function openSession(draft: Draft, event: Of<'session-opened'>): void {
	const {session: id, agent, leaseMs, basic, at} = event;
	const session: Session = {id, agent, leaseMs, openedAt: at, ...(basic && {basic}), assigned: []};
	draft.put('sessions', id, session);
	const pool = poolOfInstance(draft.state, agent);
	if (pool === undefined) return;
	const instances = pool.instances.map(instance =>
		instance.name === agent && instance.status === 'starting' ? {...instance, status: 'running' as const, onlineAt: at} : instance,
	);
	draft.change({pools: {...draft.state.pools, [pool.name]: {...pool, instances}}});
}

/** The session is over, and with it every attempt that was its own. */
export function loseSession(draft: Draft, id: SessionId, cause: string): void {
	const session = draft.state.sessions.get(id);
	if (session === undefined) return;
	for (const ref of session.assigned) {
		finishAttempt(draft, ref, id, {status: 'lost', reason: cause}, undefined);
	}
	draft.remove('sessions', id);
	draft.change({lastLostAt: draft.state.now});
}

export function assignAttempt(draft: Draft, {ref, session: id, at}: Of<'attempt-assigned'>): void {
	const run = draft.run(ref.run);
	const session = draft.state.sessions.get(id);
	if (run === undefined || session === undefined) return;
	const {readyAt: _, ...task} = run.task(ref.task);
	const attempt: Attempt = {agent: session.agent, session: id, status: 'assigned', assignedAt: at};
	run.setTask(ref.task, {...task, status: 'running', attempts: [...task.attempts, attempt]});
	run.removeReady(ref.task);
	run.change({active: run.run.active + 1, servedAt: at, ...(run.run.status === 'pending' && {status: 'running'})});
	changeSession(draft, {...session, assigned: [...session.assigned, ref]});
	markSpent(draft, session.agent);
	draft.commands.push({type: 'send-orders', session: id});
}

function finishAttempt(draft: Draft, ref: AttemptRef, id: SessionId, outcome: Outcome, logBytes: number | undefined): void {
	const session = draft.state.sessions.get(id);
	if (session !== undefined) {
		const assigned = session.assigned.filter(other => !sameAttempt(other, ref));
		changeSession(draft, {...session, assigned});
		if (outcome.status !== 'lost') forgiveFailures(draft, session.agent);
	}
	const run = draft.run(ref.run);
	if (run === undefined) return;
	const task = run.task(ref.task);
	const before = task.attempts[ref.attempt - 1];
	if (before === undefined) return;
	const {status} = outcome;
	const after: Attempt = {...before, status, outcome, endedAt: draft.state.now, ...(logBytes !== undefined && {logBytes})};
	run.setTask(ref.task, {...task, attempts: task.attempts.with(ref.attempt - 1, after)});
	concludeAttempt(run, ref.task, outcome, draft.state.now);
	failFast(draft, run, ref.task);
}

/** It runs in an instance of its own; told again, it is the same start. */
export function startAttempt(draft: Draft, {ref, session, handle, at}: Of<'attempt-started'>): void {
	const run = draft.run(ref.run);
	if (run === undefined || !isCurrent(draft.state, ref, session)) return;
	const task = run.task(ref.task);
	const attempt = task.attempts[ref.attempt - 1];
	if (attempt === undefined || attempt.instance !== undefined) return;
	run.setTask(ref.task, {...task, attempts: task.attempts.with(ref.attempt - 1, {...attempt, instance: {handle, startedAt: at}})});
}

/** Applies a reported outcome if the attempt is still that session's to end; a late one changes nothing. */
export function finishReported(draft: Draft, event: Of<'attempt-finished'>): void {
	if (!isCurrent(draft.state, event.ref, event.session)) return;
	finishAttempt(draft, event.ref, event.session, event.outcome, event.logBytes);
}

function changeSession(draft: Draft, session: Session): void {
	draft.put('sessions', session.id, session);
}

/** An instance with `lifetime: task` gets one attempt. */
function markSpent(draft: Draft, agent: string): void {
	const pool = poolOfInstance(draft.state, agent);
	if (pool?.spec.lifetime !== 'task') return;
	const instances = pool.instances.map(instance => (instance.name === agent ? {...instance, spent: true} : instance));
	draft.change({pools: {...draft.state.pools, [pool.name]: {...pool, instances}}});
}

/** An attempt that came to an end shows that the pool's instances work. */
function forgiveFailures(draft: Draft, agent: string): void {
	const pool = poolOfInstance(draft.state, agent);
	if (pool === undefined || pool.failures === 0) return;
	const {failedAt: _, ...rest} = pool;
	draft.change({pools: {...draft.state.pools, [pool.name]: {...rest, failures: 0}}});
}

function sameAttempt(a: AttemptRef, b: AttemptRef): boolean {
	return a.run === b.run && a.task === b.task && a.attempt === b.attempt;
}
