import type {Command} from '../model/command.ts';
import type {Event, RunSubmitted} from '../model/event.ts';
import {assignAttempt, finishReported, loseSession, openSession, startAttempt} from './attempts.ts';
import {deployAgent, drainAgent, removeAgent} from './deployments.ts';
import {Draft} from './draft.ts';
import {giveUp, giveUpDoubled, instanceEnded, instanceFailed, instanceStarted} from './instances.ts';
import {adoptedBy, poolsFor, reconcilePools} from './pools.ts';
import {takeUp} from './rerun.ts';
import {createRun, endedRun, stopRun} from './runs.ts';
import type {State} from './state.ts';
import {failUnserved, tick} from './time.ts';

export type Transition = {readonly state: State; readonly commands: readonly Command[]};

/**
 * The scheduler: what an event makes of the state, and what is to be done about it. Total and pure: it never throws on
 * an event that `check` lets pass, a stale event changes nothing, and the same journal always gives the same state.
 */
export function step(state: State, event: Event): Transition {
	const draft = new Draft({...state, now: Math.max(state.now, event.at)});
	apply(draft, event);
	draft.settleRuns();
	if (event.type !== 'attempt-assigned' && event.type !== 'attempt-started') endRuns(draft);
	if (changesPools(draft, event)) settlePools(draft);
	return {state: draft.state, commands: draft.commands};
}

function apply(draft: Draft, event: Event): void {
	switch (event.type) {
		case 'run-submitted':
			return submit(draft, event);
		case 'run-cancelled': {
			const run = draft.run(event.run);
			if (run === undefined || run.run.stop?.cause === 'cancelled') return;
			return stopRun(draft, run, {cause: 'cancelled', at: event.at, reason: event.reason});
		}
		case 'agent-registered': {
			const agent = {...event.agent, registeredAt: event.at, draining: false};
			return draft.put('agents', agent.name, agent);
		}
		case 'agent-deployed':
			return deployAgent(draft, event);
		case 'agent-drained':
			return drainAgent(draft, event.agent);
		case 'agent-removed':
			return removeAgent(draft, event.agent);
		case 'session-opened':
			openSession(draft, event);
			return giveUpDoubled(draft, event);
		case 'session-lost':
			return loseSession(draft, event.session, event.cause);
		case 'attempt-assigned':
			return assignAttempt(draft, event);
		case 'attempt-started':
			return startAttempt(draft, event);
		case 'attempt-finished':
			return finishReported(draft, event);
		case 'instance-started':
			return instanceStarted(draft, event.instance, event.handle);
		case 'instance-failed':
			return instanceFailed(draft, event.instance, event.end);
		case 'instance-given-up':
			return giveUp(draft, event.instance, event.cause);
		case 'instance-ended':
			return instanceEnded(draft, event.instance, event.end);
		case 'ticked':
			return tick(draft);
	}
}

function submit(draft: Draft, event: RunSubmitted): void {
	const {state} = draft;
	const run = createRun(event, adoptedBy(state, event.workflow.agents));
	const pools = Object.fromEntries(poolsFor(state, run, event).map(pool => [pool.name, pool]));
	draft.put('runs', run.id, run);
	draft.change({pools: {...state.pools, ...pools}});
	const begun = draft.run(run.id);
	if (event.retry !== undefined && begun !== undefined) takeUp(begun, event.retry, event.at);
}

/** Runs of which nothing is left to do leave the working state for the history. */
function endRuns(draft: Draft): void {
	for (const run of draft.state.runs.values()) {
		if (run.open > 0) continue;
		draft.remove('runs', run.id);
		draft.commands.push({type: 'record-run', run: endedRun(run, draft.state.now)});
	}
}

/**
 * Most events leave the pools alone; looking costs a pass over the ready tasks of runs with `lifetime: task`. What has just become
 * ready may ask for a pool that is broken.
 */
function changesPools(draft: Draft, event: Event): boolean {
	if (event.type === 'attempt-started') return false;
	if (event.type !== 'attempt-assigned' && event.type !== 'attempt-finished') return true;
	if (draft.commands.some(({type}) => type === 'record-run')) return true;
	return Object.values(draft.state.pools).some(({spec, broken}) => spec.lifetime === 'task' || broken !== undefined);
}

function settlePools(draft: Draft): void {
	reconcilePools(draft);
	if (!Object.values(draft.state.pools).some(({broken}) => broken !== undefined)) return;
	for (const id of draft.state.runs.keys()) {
		const run = draft.run(id);
		if (run !== undefined) failUnserved(draft, run);
	}
	draft.settleRuns();
	endRuns(draft);
	reconcilePools(draft);
}
