import {taskEnded} from '../../model/run.ts';
import type {AgentRow, WholeTask} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';
import {whyOf} from '../../text/style.ts';
import {goingOn} from '../picture/columns.ts';
import type {Dialog} from '../ui.ts';

/**
 * Why a task is not done yet: what it waits for, and how the agents are that it waits for. `printed`: the last that the instances of those
 * have printed which do not serve yet, by agent.
 */
export function whyDialog(task: WholeTask, agents: readonly AgentRow[], printed: ReadonlyMap<string, string>, now: number): Dialog {
	return {
		title: `${task.name}: ${headline(task)}`,
		text: [
			...reasons(task, now),
			...awaited(task, agents).flatMap(agent => agentState(agent, printed.get(agent.id))),
			...moreOf(task, agents),
		],
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
/** Of what an instance has printed. */
const linesShown = 5;

/** The agents on which it may run, where it waits for one; no more than are told of. */
export function awaited(task: WholeTask, agents: readonly AgentRow[]): readonly AgentRow[] {
	return fitting(task, agents).slice(0, agentsShown);
}

function fitting({spec, run, status}: WholeTask, agents: readonly AgentRow[]): readonly AgentRow[] {
	if (status !== 'ready') return [];
	const asked = spec.agent;
	return agents.filter(({id, labels, run: owner}) => {
		if (owner !== undefined && owner !== run) return false;
		if ('name' in asked) return id === asked.name || id.startsWith(`${asked.name}~`);
		return Object.entries(asked.labels).every(([key, value]) => labels[key] === value);
	});
}

/** How far an agent is. */
function agentState({id, status, instance, starting, problem = starting, used, slots}: AgentRow, printed: string | undefined): string[] {
	const facts = [
		status,
		...(instance === undefined || instance === 'running' ? [] : [`instance ${instance}`]),
		`${used} of ${slots} slots in use`,
	];
	const lines = printed?.split('\n').slice(-linesShown) ?? [];
	const last = lines.length === 0 ? [] : ['The last that it printed:', ...lines.map(line => `  ${printable(line, false)}`)];
	return [`${id}: ${facts.join(', ')}${problem === undefined ? '' : `; ${problem}`}`, ...last];
}

function moreOf(task: WholeTask, agents: readonly AgentRow[]): string[] {
	const more = fitting(task, agents).length - agentsShown;
	return more > 0 ? [`and ${more} more`] : [];
}
