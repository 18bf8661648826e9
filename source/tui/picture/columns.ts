import {taskEnded} from '../../model/run.ts';
import type {AgentRow, RunRow, TaskRow} from '../../protocol/views.ts';
import {agentLabel} from '../../text/agent-label.ts';
import {formatBytes, fractionIn} from '../../text/figures.ts';
import {printable} from '../../text/printable.ts';
import {formatSpan} from '../../text/spans.ts';
import {timeOf, whyOf} from '../../text/style.ts';
import type {Snapshot} from '../data/snapshot.ts';
import type {Badge, Palette} from './palette.ts';
import {doneOf, totalOf} from './progress.ts';
import type {Cell, Column} from './table.ts';
import {widestOf} from './table.ts';

/** Names are measured in so many rows: the widest of ten thousand is of no more use. */
const measured = 500;

function badgeCell({glyph, word, paint}: Badge): Cell {
	return {text: `${glyph} ${word}`, paint};
}

/** What goes on is told in whole seconds, so that it does not flicker. */
export function goingOn(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	return seconds < 60 ? `${seconds} s` : formatSpan(seconds * 1000);
}

/** `59.9 s` and `2 min 13 s`: what is shorter than a minute needs less room. */
const [shortTime, longTime] = [7, 11];
const minuteMs = 60_000;

function timeWidth(isLong: boolean): Pick<Column<unknown>, 'least' | 'most'> {
	const width = isLong ? longTime : shortTime;
	return {least: width, most: width};
}

/** Why something is as it is: less than that says nothing. */
const note = {head: '', least: 16, most: 200};

export function taskColumns(
	rows: readonly TaskRow[],
	snapshot: Pick<Snapshot, 'now' | 'stuck'>,
	palette: Palette,
): ReadonlyArray<Column<TaskRow>> {
	const {now} = snapshot;
	const names = widestOf(
		rows.slice(0, measured).map(({name}) => name),
		8,
		40,
	);
	const agents = widestOf(
		rows.slice(0, measured).map(({agent = '', run}) => agentLabel(agent, run)),
		5,
		22,
	);
	const isLong = rows.slice(0, measured).some(row => taskMs(row, now) >= minuteMs);
	return [
		{head: 'STATUS', least: 11, most: 11, priority: 0, cell: ({status}) => badgeCell(palette.badge(status))},
		{head: 'TASK', least: Math.min(12, names), most: names, priority: 0, cell: ({name}) => ({text: printable(name, false)})},
		{head: 'TRY', least: 3, most: 3, priority: 4, align: 'right', cell: ({attempt}) => ({text: attempt === 0 ? '' : String(attempt)})},
		{head: 'TIME', ...timeWidth(isLong), priority: 1, align: 'right', cell: row => ({text: taskTime(row, now)})},
		{
			head: 'AGENT',
			least: Math.min(8, agents),
			most: agents,
			priority: 3,
			cell: row => ({text: agentLabel(row.agent ?? '', row.run), paint: palette.dim}),
		},
		{...note, priority: 2, cell: row => taskNote(row, snapshot, palette)},
	];
}

/** About how long it took, or takes so far; 0 where nothing is told of that. */
function taskMs({status, outcome, assignedAt, endedAt}: TaskRow, now: number): number {
	if (assignedAt === undefined) return 0;
	return status === 'running' ? now - assignedAt : (outcome?.durationMs ?? (endedAt ?? assignedAt) - assignedAt);
}

function taskTime(row: TaskRow, now: number): string {
	if (row.status === 'running' && row.assignedAt !== undefined) return goingOn(now - row.assignedAt);
	return taskEnded(row.status) ? timeOf(row) : '';
}

function taskNote(row: TaskRow, {now, stuck}: Pick<Snapshot, 'now' | 'stuck'>, {bad, dim, caution}: Palette): Cell {
	const {status, takenFrom, starting, retryAt, id} = row;
	if (takenFrom !== undefined) return {text: `kept from ${takenFrom}`, paint: dim};
	if (status === 'running' && starting !== undefined) return {text: printable(starting, false), paint: dim};
	if (status === 'ready' && stuck?.id === id) return {text: printable(stuck.reason, false), paint: caution};
	const why = printable(whyOf(row), false);
	if (status !== 'waiting' || retryAt === undefined) return {text: why, paint: status === 'failed' ? bad : dim};
	const again = `again in ${Math.max(0, Math.ceil((retryAt - now) / 1000))} s`;
	return {text: why === '' ? again : `${again}: ${why}`, paint: caution};
}

function rowLabel({id, run}: AgentRow): string {
	return run === undefined ? id : agentLabel(id, run);
}

export function agentColumns(rows: readonly AgentRow[], palette: Palette): ReadonlyArray<Column<AgentRow>> {
	const names = widestOf(
		rows.slice(0, measured).map(row => rowLabel(row)),
		8,
		32,
	);
	const types = widestOf(
		rows.slice(0, measured).map(({type}) => type),
		5,
		10,
	);
	return [
		{head: 'STATUS', least: 10, most: 10, priority: 0, cell: row => badgeCell(palette.badge(row.status))},
		{head: 'AGENT', least: Math.min(names, 18), most: names, priority: 0, cell: row => ({text: rowLabel(row)})},
		{
			head: 'SLOTS',
			...slotsWidth(rows),
			priority: 0,
			align: 'right',
			cell: ({used, slots}) => ({text: `${used}/${slots}`, ...(used > 0 && {paint: palette.accent})}),
		},
		{head: 'TYPE', least: types, most: types, priority: 4, cell: ({type}) => ({text: type, paint: palette.dim})},
		...(rows.some(({usage}) => usage !== undefined) ? usageColumns(palette) : []),
		{...note, least: 12, priority: 2, cell: row => agentNote(row, palette)},
	];
}

function slotsWidth(rows: readonly AgentRow[]): Pick<Column<unknown>, 'least' | 'most'> {
	const width = rows.slice(0, measured).some(({slots}) => slots >= 10) ? 7 : 5;
	return {least: width, most: width};
}

/** What instances use, where any is measured. */
function usageColumns(palette: Palette): ReadonlyArray<Column<AgentRow>> {
	return [
		{
			head: 'CPU',
			least: 6,
			most: 6,
			priority: 3,
			align: 'right',
			cell: ({usage}) => ({text: usage === undefined ? '' : formatShare(usage.cpu)}),
		},
		{head: 'MEM', least: 8, most: 8, priority: 3, align: 'right', cell: ({usage}) => memoryCell(usage, palette)},
	];
}

/** `3 %` of one processor, `150 %` of one and a half. */
function formatShare(cpu: number): string {
	return `${Math.round(cpu * 100)} %`;
}

/** From here on of what it may have, it is told in another colour. */
const muchMemory = 0.9;

function memoryCell(usage: AgentRow['usage'], {caution}: Palette): Cell {
	if (usage === undefined) return {text: ''};
	const {memoryBytes, memoryLimitBytes} = usage;
	const isMuch = memoryLimitBytes !== undefined && memoryBytes > memoryLimitBytes * muchMemory;
	return {text: `${isMuch ? '!' : ''}${formatBytes(memoryBytes)}`, ...(isMuch && {paint: caution})};
}

/** Columns of the bar of a pull or a build. */
const startBar = 10;

function agentNote({status, problem, starting, instance, labels}: AgentRow, {bad, caution, dim, glyphs}: Palette): Cell {
	if (problem === undefined && starting !== undefined) {
		const words = printable(starting, false);
		const done = fractionIn(starting);
		if (done === undefined) return {text: words, paint: caution};
		const filled = Math.round(done * startBar);
		const bar = `${glyphs.full.repeat(filled)}${glyphs.empty.repeat(startBar - filled)}`;
		// The count comes first, where the least room still has it.
		return {text: `${Math.round(done * 100)} % ${bar} ${words.replace(/\d{1,3} % ?/, '')}`, paint: caution};
	}
	if (problem !== undefined) return {text: printable(problem, false), paint: status === 'starting' ? caution : bad};
	if (instance !== undefined && instance !== 'running') return {text: `instance ${instance}`, paint: caution};
	const pairs = Object.entries(labels).map(pair => pair.join('='));
	return {text: printable(pairs.join(' '), false), paint: dim};
}

export function runColumns(rows: readonly RunRow[], now: number, palette: Palette): ReadonlyArray<Column<RunRow>> {
	const names = widestOf(
		rows.slice(0, measured).map(({workflow}) => workflow),
		8,
		32,
	);
	const counts = widestOf(
		rows.slice(0, measured).map(row => countsText(row)),
		5,
		13,
	);
	const isLong = rows.slice(0, measured).some(({createdAt, endedAt = now}) => endedAt - createdAt >= minuteMs);
	return [
		{head: 'STATUS', least: 12, most: 12, priority: 0, cell: row => badgeCell(palette.badge(row.status))},
		{head: 'WORKFLOW', least: Math.min(12, names), most: names, priority: 0, cell: ({workflow}) => ({text: printable(workflow, false)})},
		{head: 'TASKS', least: counts, most: counts, priority: 2, align: 'right', cell: row => ({text: countsText(row)})},
		{head: 'TIME', ...timeWidth(isLong), priority: 1, align: 'right', cell: row => ({text: runTime(row, now)})},
		{head: 'STARTED', least: 10, most: 10, priority: 3, cell: row => ({text: ago(now - row.createdAt), paint: palette.dim})},
		{head: 'RUN', least: 12, most: 12, priority: 4, cell: ({id}) => ({text: id, paint: palette.dim})},
		{...note, priority: 5, cell: row => ({text: runNote(row), paint: palette.dim})},
	];
}

function countsText({counts}: RunRow): string {
	return `${doneOf(counts)}/${totalOf(counts)}`;
}

/** How long ago, in the largest unit alone: `3 min ago`. */
function ago(ms: number): string {
	return `${/^\d+ \w+/.exec(goingOn(ms))?.[0] ?? ''} ago`;
}

/** How long a run took, or takes so far. */
export function runTime({createdAt, endedAt}: RunRow, now: number): string {
	return endedAt === undefined ? goingOn(now - createdAt) : formatSpan(endedAt - createdAt);
}

function runNote({reason, retryOf}: RunRow): string {
	const retried = retryOf === undefined ? '' : `retry of ${retryOf}`;
	return [reason === undefined ? '' : printable(reason, false), retried].filter(text => text !== '').join(', ');
}
