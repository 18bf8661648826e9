import type {AgentDetail, RunDetail} from '../../protocol/views.ts';
import {widthOf} from '../../text/columns.ts';
import {formatBytes} from '../../text/figures.ts';
import {printable} from '../../text/printable.ts';
import {formatSpan, formatTime, plural} from '../../text/spans.ts';
import type {DetailView} from '../data/detail-feed.ts';
import type {DetailLayer, Subject} from '../layer.ts';
import {goingOn} from '../picture/columns.ts';
import type {Palette} from '../picture/palette.ts';
import {countParts, doneOf, totalOf} from '../picture/progress.ts';
import {clip, fill} from '../picture/rows.ts';
import {commandLines, nameOf} from '../subject.ts';
import type {SheetLine} from './sheet.ts';
import {sheetRows} from './sheet.ts';
import {pairs, taskSheet} from './task-sheet.ts';

export type DetailScene = {
	readonly layer: DetailLayer;
	readonly view: DetailView | undefined;
	readonly now: number;
	readonly palette: Palette;
};

const kinds: Readonly<Record<Subject['kind'], string>> = {task: 'Task', agent: 'Agent', run: 'Run'};

/** One thing whole, in the place of the panes. */
export function detailRows({layer, view, now, palette}: DetailScene, width: number, height: number): string[] {
	const {strongRule, ellipsis} = palette.glyphs;
	const title = ` ${kinds[layer.of.kind]} ${printable(nameOf(layer.of), false)} `;
	const label = clip(title, Math.min(width - 24, widthOf(title)), ellipsis);
	const rows = sheetRows(linesOf(view, now, palette), width, palette);
	const top = Math.min(layer.top, Math.max(0, rows.length - height + 1));
	const below = rows.length - top - (height - 1);
	const more = below > 0 ? palette.dim(` ${plural(below, 'row')} below `) : '';
	const moreWidth = below > 0 ? plural(below, 'row').length + 8 : 0;
	const rule = Math.max(0, width - widthOf(label) - moreWidth);
	return fill(
		[palette.chosen(label) + palette.accent(strongRule.repeat(rule)) + more, ...rows.slice(top, top + height - 1)],
		width,
		height,
	);
}

/** How many rows it takes, without its title. */
export function sheetLength(view: DetailView | undefined, now: number, width: number, palette: Palette): number {
	return sheetRows(linesOf(view, now, palette), width, palette).length;
}

function linesOf(view: DetailView | undefined, now: number, palette: Palette): SheetLine[] {
	const trouble: SheetLine[] = view?.trouble === undefined ? [] : [{line: view.trouble, paint: palette.bad}];
	if (view?.task !== undefined) return [...trouble, ...taskSheet(view.task, now, palette)];
	if (view?.agent !== undefined) return [...trouble, ...agentSheet(view.agent, now, palette)];
	if (view?.run !== undefined) return [...trouble, ...runSheet(view.run, now, palette)];
	return trouble.length > 0 ? trouble : [{line: 'asking', paint: palette.dim}];
}

function agentSheet(agent: AgentDetail, now: number, palette: Palette): SheetLine[] {
	const {glyph, word, paint} = palette.badge(agent.status);
	const {spec} = agent;
	return [
		{head: 'Now'},
		{key: 'status', text: `${glyph} ${word}`, paint},
		...(agent.starting === undefined ? [] : [{key: 'starting', text: agent.starting, paint: palette.caution}]),
		...(agent.problem === undefined ? [] : [{key: 'problem', text: agent.problem, paint: palette.bad}]),
		...(agent.instance === undefined ? [] : [{key: 'instance', text: agent.instance}]),
		{key: 'slots', text: `${agent.used} of ${agent.slots} in use`},
		...usageLines(agent.usage),
		...(agent.lastSeenAt === undefined ? [] : [{key: 'last seen', text: `${goingOn(now - agent.lastSeenAt)} ago`}]),
		...(agent.output === undefined ? [] : [{key: 'printed', text: agent.output.split('\n')}]),
		{head: agent.attempts.length === 0 ? 'Runs nothing' : 'Runs'},
		...agent.attempts.map(({name, run, attempt, assignedAt}) => ({
			key: goingOn(now - assignedAt),
			text: `${name}  attempt ${attempt} of run ${run}`,
		})),
		{head: 'What it is'},
		{key: 'type', text: agent.type},
		...(Object.keys(agent.labels).length === 0 ? [] : [{key: 'labels', text: pairs(agent.labels)}]),
		...(agent.run === undefined ? [] : [{key: 'lives', text: `in run ${agent.run}, and ends with it`}]),
		...(agent.mode === undefined ? [] : [{key: 'reached', text: agent.mode === 'pull' ? 'it dials' : 'it is dialled'}]),
		...(agent.url === undefined ? [] : [{key: 'url', text: agent.url}]),
		...(agent.registeredAt === undefined ? [] : [{key: 'registered', text: `${goingOn(now - agent.registeredAt)} ago`}]),
		...(spec === undefined ? [] : specLines(spec)),
		{head: 'From a shell'},
		...commandLines({kind: 'agent', agent: agent.id}).map(line => ({line, paint: palette.accent})),
	];
}

function usageLines(usage: AgentDetail['usage']): SheetLine[] {
	if (usage === undefined) return [];
	const {cpu, memoryBytes, memoryLimitBytes} = usage;
	const limit = memoryLimitBytes === undefined ? '' : ` of ${formatBytes(memoryLimitBytes)}`;
	return [
		{key: 'processors', text: `${cpu.toFixed(2)} in use`},
		{key: 'memory', text: `${formatBytes(memoryBytes)}${limit} in use`},
	];
}

/** Of what was asked for, without the values of its environment. */
function specLines(spec: NonNullable<AgentDetail['spec']>): SheetLine[] {
	const {image, volumes, env, replicas, network, ports, user, lifetime, startTimeoutMs, resources, pullPolicy} = spec;
	const names = Object.keys(env);
	return [
		...(image === undefined ? [] : [{key: 'image', text: `${image} (pulled: ${pullPolicy})`}]),
		{key: 'lifetime', text: `${lifetime}, ${plural(replicas, 'replica')}, ${formatSpan(startTimeoutMs)} to start`},
		...(volumes.length === 0 ? [] : [{key: 'volumes', text: volumes}]),
		...(ports.length === 0 ? [] : [{key: 'ports', text: ports.join(' ')}]),
		...(network === undefined ? [] : [{key: 'network', text: network}]),
		...(user === undefined ? [] : [{key: 'user', text: user}]),
		...(resources?.requests === undefined ? [] : [{key: 'requests', text: pairs(resources.requests)}]),
		...(resources?.limits === undefined ? [] : [{key: 'limits', text: pairs(resources.limits)}]),
		...(names.length === 0 ? [] : [{key: 'environment', text: `${names.join(', ')} (values are not shown)`}]),
	];
}

function runSheet(run: RunDetail, now: number, palette: Palette): SheetLine[] {
	const {glyph, word, paint} = palette.badge(run.status);
	const params = Object.entries(run.params);
	return [
		{head: 'Now'},
		{key: 'status', text: `${glyph} ${word}${run.reason === undefined ? '' : `: ${run.reason}`}`, paint},
		{key: 'tasks', text: `${doneOf(run.counts)} of ${plural(totalOf(run.counts), 'task')} ended`},
		...countParts(run.counts, {...palette, badge: status => ({...palette.badge(status), paint: same})}).map(text => ({key: '', text})),
		{key: 'began', text: `${formatTime(run.createdAt)}, ${goingOn(now - run.createdAt)} ago`},
		...(run.endedAt === undefined ? [] : [{key: 'took', text: formatSpan(run.endedAt - run.createdAt)}]),
		{head: 'What it is'},
		{key: 'workflow', text: run.workflow},
		...(run.file === undefined ? [] : [{key: 'file', text: run.file}]),
		{key: 'directory', text: run.directory},
		...(run.retryOf === undefined ? [] : [{key: 'retries', text: `run ${run.retryOf}`}]),
		{head: params.length === 0 ? 'No params' : 'Params'},
		...params.map(([key, value]) => ({key, text: typeof value === 'string' ? value : JSON.stringify(value)})),
		{head: 'From a shell'},
		...commandLines({kind: 'run', run: run.id}).map(line => ({line, paint: palette.accent})),
	];
}

function same(text: string): string {
	return text;
}
