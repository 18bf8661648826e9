import type {SessionId} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import {taskEnded} from '../model/run.ts';
import {candidateOf, describeSelector, selects} from './selection.ts';
import type {State} from './state.ts';
import {agentDueAt, unserved} from './unserved.ts';

/** The sessions that were heard from. */
type Heard = {has(session: SessionId): boolean};

/** Why a task that has not started waits, in words; undefined when it does not wait. */
export function explain(state: State, heard: Heard, run: Run, index: number): string | undefined {
	const task = run.tasks.at(index);
	switch (task?.status) {
		case 'blocked':
			return explainBlocked(run, index);
		case 'waiting':
			return `tries again in ${seconds((task.retryAt ?? state.now) - state.now)}, after ${plural(task.failures, 'failure')}`;
		case 'ready':
			return explainReady(state, heard, run, index);
		default:
			return undefined;
	}
}

function explainBlocked(run: Run, index: number): string {
	const open = (run.workflow.tasks[index]?.dependsOn ?? []).filter(({task}) => {
		const status = run.tasks.at(task)?.status;
		return status !== undefined && !taskEnded(status);
	});
	const names = open.slice(0, 3).map(({task}) => `${run.workflow.tasks[task]?.name} (${run.tasks.at(task)?.status})`);
	const more = open.length > 3 ? ` and ${open.length - 3} more` : '';
	return `waits for ${names.join(', ')}${more}`;
}

function explainReady(state: State, heard: Heard, run: Run, index: number): string {
	const {maxParallel, tasks} = run.workflow;
	const selector = tasks[index]?.agent;
	if (selector === undefined) return 'waits for an agent';
	if (maxParallel !== undefined && run.active >= maxParallel)
		return `max_parallel: ${plural(run.active, 'task')} of this run ${run.active === 1 ? 'runs' : 'run'} already`;
	const missing = unserved(state, run, selector);
	if (missing !== undefined) {
		const due = agentDueAt(state, run, index);
		return `${missing.reason}${due === undefined ? '' : `; gives up in ${seconds(due - state.now)}`}${nearest(state, run, index)}`;
	}
	const serving = [...state.sessions.values()].filter(({agent}) => {
		const candidate = candidateOf(state, agent);
		return candidate !== undefined && selects(run, selector, candidate);
	});
	if (serving.length === 0) return `${describeSelector(selector)} is starting${startTrouble(state, run, index)}`;
	if (serving.every(({id}) => !heard.has(id))) return `${describeSelector(selector)} has not been heard from yet`;
	return `no free slot on ${describeSelector(selector)}`;
}

/** What the nearest agent lacks of the labels that a task asks for. */
function nearest(state: State, run: Run, index: number): string {
	const selector = run.workflow.tasks[index]?.agent;
	if (selector === undefined || !('labels' in selector)) return '';
	const asked = Object.entries(selector.labels);
	let best: {agent: string; lacks: string[]} | undefined;
	for (const {agent} of state.sessions.values()) {
		const labels = candidateOf(state, agent)?.labels ?? {};
		const lacks = asked.filter(([key, value]) => labels[key] !== value).map(([key, value]) => `${key}=${value}`);
		if (best === undefined || lacks.length < best.lacks.length) best = {agent, lacks};
	}
	return best === undefined ? '' : `; the nearest, ${best.agent}, lacks ${best.lacks.join(', ')}`;
}

function startTrouble(state: State, run: Run, index: number): string {
	const selector = run.workflow.tasks[index]?.agent;
	if (selector === undefined) return '';
	const pools = Object.values(state.pools).filter(({name, spec, run: owner}) =>
		selects(run, selector, {agent: name, pool: name, labels: spec.labels, ...(owner !== undefined && {run: owner})}),
	);
	const failures = Math.max(0, ...pools.map(pool => pool.failures));
	return failures === 0 ? '' : `; it ended ${plural(failures, 'time')} so far`;
}

function seconds(ms: number): string {
	return `${Math.max(0, Math.ceil(ms / 1000))} s`;
}

function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
