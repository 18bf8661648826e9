import type {Run} from '../model/run.ts';
import type {AgentSelector} from '../model/workflow.ts';
import type {Draft, RunDraft} from './draft.ts';
import {failSilentStarts} from './instances.ts';
import {onlineDueAt} from './pools.ts';
import {failFast, stopRun} from './runs.ts';
import type {Candidate} from './selection.ts';
import {candidateOf, describeSelector, selectorKey, selects} from './selection.ts';
import type {State} from './state.ts';
import {endTask, makeReady, specOf} from './tasks.ts';

/** What the passing of time alone brings about. */
export function tick(draft: Draft): void {
	failSilentStarts(draft);
	for (const id of draft.state.runs.keys()) {
		const run = draft.run(id);
		if (run === undefined) continue;
		endOverdueRun(draft, run);
		for (const index of run.run.waiting) {
			const {status, retryAt} = run.task(index);
			if (status === 'waiting' && retryAt !== undefined && retryAt <= draft.state.now) makeReady(run, index, draft.state.now);
		}
		failUnserved(draft, run);
	}
}

function endOverdueRun(draft: Draft, run: RunDraft): void {
	const {workflow} = run.run;
	const overdueAt = overdueAtOf(run.run);
	if (workflow.timeoutMs === undefined || overdueAt === undefined || draft.state.now < overdueAt) return;
	const reason = `the workflow's timeout of ${workflow.timeoutMs / 1000} s is over`;
	stopRun(draft, run, {cause: 'timeout', at: draft.state.now, reason});
}

/** When the workflow's timeout stops this run; undefined: never, or all of it is to stop already. */
function overdueAtOf({createdAt, workflow, stop}: Run): number | undefined {
	if (workflow.timeoutMs === undefined || stop?.cause === 'timeout' || stop?.cause === 'cancelled') return undefined;
	return createdAt + workflow.timeoutMs;
}

/** Ready tasks whose agent is not there for too long, or cannot be started. */
export function failUnserved(draft: Draft, run: RunDraft): void {
	const verdicts = verdictsOf(draft.state, run.run);
	if (verdicts.size === 0) return;
	// The list grows while it is read: what fails makes others ready, which may fail with the same pool.
	for (const index of run.ready()) {
		const verdict = verdicts.get(selectorKey(specOf(run, index).agent));
		if (verdict === undefined || run.task(index).status !== 'ready') continue;
		const due = agentDueAt(draft.state, run.run, index);
		if (verdict.cause === 'no_agent' && (due === undefined || draft.state.now < due)) continue;
		endTask(run, index, {status: 'failed', ...verdict}, draft.state.now);
		failFast(draft, run, index);
	}
}

type Unserved = {readonly cause: 'no_agent' | 'start_failed'; readonly reason: string};

/** For each selector of a run that nobody can serve, why. Most often that is none, and nobody need look at the tasks. */
function verdictsOf(state: State, run: Run): Map<string, Unserved> {
	const verdicts = new Map<string, Unserved>();
	for (const selector of run.selectors) {
		const verdict = unserved(state, run, selector);
		if (verdict !== undefined) verdicts.set(selectorKey(selector), verdict);
	}
	return verdicts;
}

/** Why nobody can take tasks that ask for this; undefined while somebody can, or is being started. */
export function unserved(state: State, run: Run, selector: AgentSelector): Unserved | undefined {
	const pools = Object.values(state.pools).filter(pool => selects(run, selector, poolCandidate(pool.name, pool.spec.labels, pool.run)));
	if (pools.some(({broken}) => broken === undefined)) return undefined;
	if (state.sessions.values().some(({agent}) => servesFrom(state, run, selector, agent))) return undefined;
	const broken = pools.find(pool => pool.broken !== undefined);
	if (broken !== undefined) return {cause: 'start_failed', reason: broken.broken ?? ''};
	const silent = state.agents.values().find(({name, labels}) => selects(run, selector, {agent: name, labels}));
	const nobody = `no ${describeSelector(selector).replace(/^an? /, '')} is there`;
	return {cause: 'no_agent', reason: silent === undefined ? nobody : `agent ${silent.name} is registered, but does not answer`};
}

function poolCandidate(pool: string, labels: Candidate['labels'], run: string | undefined): Candidate {
	return {agent: pool, pool, labels, ...(run !== undefined && {run})};
}

function servesFrom(state: State, run: Run, selector: AgentSelector, agent: string): boolean {
	const candidate = candidateOf(state, agent);
	return candidate !== undefined && selects(run, selector, candidate);
}

/** When a ready task gives up waiting for an agent; undefined: never. */
export function agentDueAt(state: State, run: Run, index: number): number | undefined {
	const readyAt = run.tasks.at(index)?.readyAt;
	if (run.agentTimeoutMs === undefined || readyAt === undefined) return undefined;
	return Math.max(readyAt, state.lastLostAt) + run.agentTimeoutMs;
}

/** When something happens by itself: the engine then sends `ticked`. Undefined: never. */
export function wakeAt(state: State): number | undefined {
	let next = Number.POSITIVE_INFINITY;
	for (const run of state.runs.values()) next = Math.min(next, wakeRunAt(state, run));
	for (const pool of Object.values(state.pools)) {
		if (pool.nextStartAt !== undefined) next = Math.min(next, pool.nextStartAt);
		// Once all are being stopped, their ends say when it is over.
		if (pool.idleSince !== undefined && (pool.instances.length === 0 || pool.instances.some(({status}) => status !== 'stopping'))) {
			next = Math.min(next, pool.idleSince + pool.idleMs);
		}
		for (const instance of pool.instances) next = Math.min(next, onlineDueAt(pool, instance) ?? next);
	}
	return next === Number.POSITIVE_INFINITY ? undefined : next;
}

function wakeRunAt(state: State, run: Run): number {
	let next = overdueAtOf(run) ?? Number.POSITIVE_INFINITY;
	for (const index of run.waiting) next = Math.min(next, run.tasks.at(index)?.retryAt ?? next);
	if (run.agentTimeoutMs === undefined || run.ready.length === 0) return next;
	const verdicts = verdictsOf(state, run);
	if (verdicts.size === 0) return next;
	for (const index of run.ready) {
		const selector = run.workflow.tasks[index]?.agent;
		if (selector === undefined || verdicts.get(selectorKey(selector))?.cause !== 'no_agent') continue;
		next = Math.min(next, agentDueAt(state, run, index) ?? next);
	}
	return next;
}
