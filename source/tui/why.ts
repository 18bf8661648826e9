import {taskEnded} from '../model/run.ts';
import type {AgentRow, WholeTask} from '../protocol/views.ts';
import {whyOf} from '../text/style.ts';
import {goingOn} from './columns.ts';
import type {Dialog} from './ui.ts';

/** Why a task is not done yet: what it waits for, and how the agents are that it waits for. */
export function whyDialog(task: WholeTask, agents: readonly AgentRow[], now: number): Dialog {
	return {
		title: `${task.name}: ${headline(task)}`,
		text: [...reasons(task, now), ...(task.status === 'ready' ? agentStates(task, agents) : [])],
		choices: [{key: 'o', label: 'ok'}],
		at: 0,
	};
}

function headline({status, waiting}: WholeTask): string {
	if (taskEnded(status)) return `it has ended, ${status}`;
	return status === 'running' && waiting === undefined ? 'it runs' : 'why it waits';
}

function reasons(task: WholeTask, now: number): string[] {
	const {status, waiting, agent, assignedAt, attempts} = task;
	const last = attempts.at(-1)?.outcome;
	if (waiting !== undefined) {
		const before = last === undefined || status === 'running' ? '' : whyOf({status: 'failed', outcome: last});
		return [sentence(waiting), ...(before === '' ? [] : [`The last attempt: ${before}.`])];
	}
	if (status === 'running') return [`Since ${goingOn(now - (assignedAt ?? now))} on ${agent ?? 'an agent'}.`];
	const why = whyOf({status, ...(last && {outcome: last}), ...(task.reason !== undefined && {reason: task.reason})});
	return why === '' ? [] : [sentence(why)];
}

function sentence(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

const agentsShown = 4;

/** How far the agents are on which it may run. */
function agentStates({spec, run}: WholeTask, agents: readonly AgentRow[]): string[] {
	const asked = spec.agent;
	const fitting = agents.filter(({id, labels, run: owner}) => {
		if (owner !== undefined && owner !== run) return false;
		if ('name' in asked) return id === asked.name || id.startsWith(`${asked.name}~`);
		return Object.entries(asked.labels).every(([key, value]) => labels[key] === value);
	});
	const rows = fitting.slice(0, agentsShown).map(({id, status, instance, starting, problem = starting, used, slots}) => {
		const facts = [
			status,
			...(instance === undefined || instance === 'running' ? [] : [`instance ${instance}`]),
			`${used} of ${slots} slots in use`,
		];
		return `${id}: ${facts.join(', ')}${problem === undefined ? '' : `; ${problem}`}`;
	});
	const more = fitting.length - agentsShown;
	return [...rows, ...(more > 0 ? [`and ${more} more`] : [])];
}
