import {cellWidth} from '../../text/cells.ts';
import type {GraphShape} from './graph-tasks.ts';
import type {Net} from './graph-wires.ts';
import {laneCount, Wires} from './graph-wires.ts';

/** Where a task stands, in columns and rows of the whole picture. */
export type GraphNode = {readonly task: number; readonly x: number; readonly y: number; readonly width: number};

/** A graph as a picture: tasks in columns, each right of what it depends on, and lines between them. */
export type GraphLayout = {
	readonly width: number;
	readonly height: number;
	/** By task. */
	readonly nodes: readonly GraphNode[];
	readonly wires: Wires;
};

/** A place in a column: of a task, or of a line that passes on its way to a later column. */
type Slot = {readonly task: number; readonly passes: boolean; row: number};

const widestName = 28;
/** Before and behind the lanes of a gap. */
const margin = 1;
const sweeps = 6;

/** Lays a graph out. Depends on names and structure alone, so that it is done once a run. `extra`: columns beside a name, for marks. */
export function layoutGraph(names: readonly string[], shape: GraphShape, extra = 4): GraphLayout {
	const columns = orderedColumns(shape);
	// Lines of two tasks in the same row would run into one another where their lanes cannot be in the right order: then each second
	// column is moved by half a row.
	for (const staggered of [false, true]) {
		for (const [column, slots] of columns.entries()) {
			for (const [at, slot] of slots.entries()) slot.row = staggered ? 2 * at + (column % 2) : at;
		}
		const gaps = columns.slice(1).map((to, at) => netsBetween(columns[at] ?? [], to, shape));
		if (staggered || gaps.every(nets => laneCount(nets) !== undefined)) return placed(columns, gaps, {names, extra});
	}
	throw new Error('a staggered graph has no lines in the same row');
}

function placed(
	columns: readonly Slot[][],
	gaps: readonly Net[][],
	{names, extra}: {names: readonly string[]; extra: number},
): GraphLayout {
	const height = Math.max(0, ...columns.map(slots => (slots.at(-1)?.row ?? -1) + 1));
	const widths = columns.map(slots => Math.max(1, ...slots.map(({task, passes}) => (passes ? 1 : nodeWidth(names[task], extra)))));
	const starts: number[] = [];
	let x = 0;
	for (const [at, width] of widths.entries()) {
		starts.push(x);
		x += width + (at < gaps.length ? (laneCount(gaps[at] ?? []) ?? 0) + 2 * margin + 1 : 0);
	}
	const nodes: GraphNode[] = [];
	const wires = new Wires(x, height);
	for (const [at, slots] of columns.entries()) {
		const [start, width] = [starts[at] ?? 0, widths[at] ?? 0];
		for (const {task, passes, row} of slots) {
			if (passes) wires.pass(task, at, {row, from: start, to: start + width});
			else nodes[task] = {task, x: start, y: row, width: nodeWidth(names[task], extra)};
		}
	}
	for (const [at, nets] of gaps.entries()) {
		const end = (starts[at] ?? 0) + (widths[at] ?? 0);
		const fromOf = (net: Net) => (net.passes ? end : (nodes[net.source]?.x ?? 0) + (nodes[net.source]?.width ?? 0));
		wires.connect(nets, at, {fromOf, lanesAt: end + margin, to: starts[at + 1] ?? 0});
	}
	return {width: x, height, nodes, wires};
}

function nodeWidth(name = '', extra: number): number {
	return Math.min(widestName, cellWidth(name)) + extra;
}

/** Columns by depth, with what passes through them, in an order that has few lines cross. */
function orderedColumns({order, depth, children}: GraphShape): Slot[][] {
	const columns: Slot[][] = [];
	for (const task of order) {
		const from = depth[task] ?? 0;
		const to = Math.max(from, ...(children[task] ?? []).map(child => depth[child] ?? 0));
		for (let column = from; column < Math.max(from + 1, to); column++) {
			columns[column] ??= [];
			columns[column]?.push({task, passes: column > from, row: 0});
		}
	}
	for (let sweep = 0; sweep < sweeps; sweep++) {
		const forward = sweep % 2 === 0;
		for (let step = 1; step < columns.length; step++) {
			const at = forward ? step : columns.length - 1 - step;
			const fixed = columns[forward ? at - 1 : at + 1] ?? [];
			const moved = columns[at] ?? [];
			const [left, right] = forward ? [fixed, moved] : [moved, fixed];
			const weights = barycentres(netsBetween(numbered(left), numbered(right), {children, depth}), forward);
			const keyed = moved.map((slot, index) => ({slot, weight: weights.get(keyOf(slot)) ?? index}));
			columns[at] = keyed.sort((a, b) => a.weight - b.weight).map(({slot}) => slot);
		}
	}
	return columns;
}

function numbered(slots: Slot[]): Slot[] {
	for (const [at, slot] of slots.entries()) slot.row = at;
	return slots;
}

/** For each slot of the moved side, the middle of the rows that it is connected with. */
function barycentres(nets: readonly Net[], forward: boolean): Map<string, number> {
	const rows = new Map<string, number[]>();
	for (const net of nets) {
		for (const target of net.targets) {
			const key = forward ? keyOf(target) : keyOf({task: net.source, passes: net.passes});
			rows.set(key, [...(rows.get(key) ?? []), forward ? net.row : target.row]);
		}
	}
	return new Map([...rows].map(([key, of]) => [key, of.reduce((sum, row) => sum + row, 0) / of.length]));
}

function keyOf({task, passes}: {task: number; passes: boolean}): string {
	return passes ? `-${task}` : `${task}`;
}

/** What goes from one column to the next: from each slot, all lines together. */
function netsBetween(left: readonly Slot[], right: readonly Slot[], {children, depth}: Pick<GraphShape, 'children' | 'depth'>): Net[] {
	const slots = new Map(right.map(slot => [keyOf(slot), slot]));
	const [first] = right;
	const column = first === undefined ? 0 : columnOf(right, depth);
	return left.flatMap(({task, passes, row}) => {
		const near = (children[task] ?? []).filter(child => depth[child] === column);
		const targets = [...near.map(child => slots.get(keyOf({task: child, passes: false}))), slots.get(keyOf({task, passes: true}))];
		const found = targets
			.filter(target => target !== undefined)
			.map(({task: of, passes: on, row: at}) => ({task: of, passes: on, row: at}));
		return found.length === 0 ? [] : [{source: task, passes, row, targets: found}];
	});
}

/** A column has at least one task of its own. */
function columnOf(slots: readonly Slot[], depth: readonly number[]): number {
	const own = slots.find(({passes}) => !passes);
	return own === undefined ? 0 : (depth[own.task] ?? 0);
}
