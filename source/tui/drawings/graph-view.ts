import type {TaskStatus} from '../../model/run.ts';
import {fitCells, sliceCells, styled} from '../../text/cells.ts';
import {printable} from '../../text/printable.ts';
import {formatSpan} from '../../text/spans.ts';
import type {GraphLayout} from './graph-layout.ts';
import {layoutGraph} from './graph-layout.ts';
import type {GraphShape, GraphTask} from './graph-tasks.ts';
import {criticalPath, graphShape} from './graph-tasks.ts';
import type {TreeRow} from './graph-tree.ts';
import {treeRows} from './graph-tree.ts';
import {isCritical, wireCharacter} from './graph-wires.ts';

type Paint = (text: string) => string;

/** How graphs and timelines look; a palette of the terminal is one. */
export type StatusPaint = {
	readonly dim: Paint;
	readonly bold: Paint;
	readonly accent: Paint;
	/** What is selected: reversed. */
	readonly chosen: Paint;
	/** The glyph of a status, one column wide, and its colour. */
	readonly badge: (status: TaskStatus) => {readonly glyph: string; readonly paint: Paint};
};

export type GraphLook = {
	readonly paint: StatusPaint;
	readonly ascii: boolean;
	/** Of the whole picture, the column and row that stand at the top left. */
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
	readonly selected?: number | undefined;
};

export type GraphDirection = 'left' | 'right' | 'up' | 'down';

/** More tasks are a list. */
const mostDrawn = 200;
/** So is a picture of more cells, however few tasks it has. */
const mostCells = 400_000;
const treeName = 60;

/**
 * The graph of one run. It is laid out once, as a run's structure does not change; `rows` has the statuses of now. Up to 200 tasks
 * are drawn as columns with lines between them; more are a tree of rows.
 */
export class GraphView {
	readonly #shape: GraphShape;
	readonly #names: readonly string[];
	readonly #layout: GraphLayout | undefined;
	readonly #tree: readonly TreeRow[];
	/** In the tree, the row of each task. */
	readonly #rowOf: readonly number[];
	#critical: {of: readonly GraphTask[]; path: readonly number[]; tasks: ReadonlySet<number>} = {of: [], path: [], tasks: new Set()};

	/** `asTree`: rows even where it could be drawn. */
	constructor(tasks: readonly GraphTask[], {asTree = false} = {}) {
		this.#shape = graphShape(tasks);
		this.#names = tasks.map(({name}) => printable(name, false).replaceAll('\t', ' '));
		const drawn = asTree || tasks.length > mostDrawn ? undefined : layoutGraph(this.#names, this.#shape);
		this.#layout = drawn !== undefined && drawn.width * drawn.height <= mostCells ? drawn : undefined;
		this.#tree = this.#layout === undefined ? treeRows(this.#shape) : [];
		const rowOf: number[] = [];
		for (const [row, {task}] of this.#tree.entries()) rowOf[task] = row;
		this.#rowOf = rowOf;
	}

	get isDrawn(): boolean {
		return this.#layout !== undefined;
	}

	/** Of the whole picture. */
	get width(): number {
		return this.#layout?.width ?? treeName * 2;
	}

	get height(): number {
		return this.#layout?.height ?? this.#tree.length;
	}

	/** The part of the picture that the window shows. */
	rows(tasks: readonly GraphTask[], look: GraphLook): readonly string[] {
		const critical = this.#criticalOf(tasks);
		const shown = Array.from({length: Math.max(0, Math.min(look.height, this.height - look.y))}, (_, at) => look.y + at);
		if (this.#layout === undefined) {
			return shown.map(row => sliceCells(styled(this.#treeText(row, tasks, critical, look)), look.x, look.width));
		}
		const byRow = new Map<number, Array<{x: number; width: number; text: string}>>();
		for (const {task, x, y, width} of this.#layout.nodes) {
			if (y < look.y || y >= look.y + look.height) continue;
			const cells = byRow.get(y) ?? [];
			cells.push({x, width, text: this.#nodeText(task, width, tasks, critical.has(task), look)});
			byRow.set(y, cells);
		}
		return shown.map(y =>
			this.#pictureRow(
				y,
				(byRow.get(y) ?? []).sort((a, b) => a.x - b.x),
				look,
			),
		);
	}

	/** The task to go to from one, if there is any: along lines to the sides, to the next one up and down. */
	move(from: number, direction: GraphDirection): number | undefined {
		const {parents, children} = this.#shape;
		const near = direction === 'left' ? parents[from] : children[from];
		if (this.#layout === undefined) {
			if (direction === 'left' || direction === 'right') return near?.[0];
			return this.#tree[(this.#rowOf[from] ?? 0) + (direction === 'up' ? -1 : 1)]?.task;
		}
		const {nodes} = this.#layout;
		const y = nodes[from]?.y ?? 0;
		const closest = (of: readonly number[]) =>
			[...of].sort((a, b) => Math.abs((nodes[a]?.y ?? 0) - y) - Math.abs((nodes[b]?.y ?? 0) - y))[0];
		if (direction === 'left' || direction === 'right') return closest(near ?? []);
		const column = nodes.filter(({x, y: other}) => x === nodes[from]?.x && (direction === 'up' ? other < y : other > y));
		return closest(column.map(({task}) => task));
	}

	/** The window moved, if need be, so that a task is in it. */
	reveal(task: number, {x, y, width, height}: Pick<GraphLook, 'x' | 'y' | 'width' | 'height'>): {readonly x: number; readonly y: number} {
		const node = this.#layout?.nodes[task] ?? {x: 0, y: this.#rowOf[task] ?? 0, width: 1};
		const within = (start: number, size: number, from: number, to: number) => Math.max(0, Math.min(from, Math.max(start, to - size)));
		return {x: within(x, width, node.x, node.x + node.width), y: within(y, height, node.y, node.y + 1)};
	}

	/** The critical path; looked for once for the same tasks, and its lines marked once for the same path. */
	#criticalOf(tasks: readonly GraphTask[]): ReadonlySet<number> {
		if (this.#critical.of !== tasks) {
			const path = criticalPath(tasks, this.#shape);
			if (path.join() !== this.#critical.path.join()) this.#layout?.wires.markCritical(path, this.#shape.depth);
			this.#critical = {of: tasks, path, tasks: new Set(path)};
		}
		return this.#critical.tasks;
	}

	#nodeText(
		task: number,
		width: number,
		tasks: readonly GraphTask[],
		isCriticalTask: boolean,
		{paint, ascii, selected}: GraphLook,
	): string {
		const {glyph, paint: statusPaint} = paint.badge(tasks[task]?.status ?? 'blocked');
		// A glyph and a blank before the name, a mark and a blank behind it.
		const name = fitCells(this.#names[task] ?? '', width - 4, ascii ? '~' : '…').trimEnd();
		const mark = isCriticalTask ? '*' : ' ';
		if (task === selected) return fitCells(paint.chosen(`${glyph} ${name}${mark}`), width);
		return fitCells(`${statusPaint(glyph)} ${isCriticalTask ? paint.bold(name) : name}${paint.accent(mark.trim())}`, width);
	}

	#pictureRow(y: number, nodes: ReadonlyArray<{x: number; width: number; text: string}>, look: GraphLook): string {
		const end = Math.min(look.x + look.width, this.width);
		let text = '';
		let x = look.x;
		for (const node of nodes) {
			if (node.x + node.width <= x || node.x >= end) continue;
			text += this.#wires(y, x, node.x, look);
			const from = Math.max(0, x - node.x);
			const to = Math.min(node.width, end - node.x);
			text += from === 0 && to === node.width ? node.text : sliceCells(styled(node.text), from, to - from);
			x = Math.min(end, node.x + node.width);
		}
		return (text + this.#wires(y, x, end, look)).trimEnd();
	}

	#wires(y: number, from: number, to: number, {paint, ascii}: GraphLook): string {
		let [text, run, isRunCritical] = ['', '', false];
		const flush = () => {
			text += run.trim() === '' ? run : (isRunCritical ? paint.accent : paint.dim)(run);
			run = '';
		};
		for (let x = from; x < to; x++) {
			const cell = this.#layout?.wires.at(x, y) ?? 0;
			if (isCritical(cell) !== isRunCritical) flush();
			isRunCritical = isCritical(cell);
			run += wireCharacter(cell, ascii);
		}
		flush();
		return text;
	}

	#treeText(row: number, tasks: readonly GraphTask[], critical: ReadonlySet<number>, {paint, ascii, selected}: GraphLook): string {
		const found = this.#tree[row];
		if (found === undefined) return '';
		const {task, others} = found;
		const {status = 'blocked', tookMs = 0} = tasks[task] ?? {};
		const {glyph, paint: statusPaint} = paint.badge(status);
		const name = fitCells(this.#names[task] ?? '', treeName, ascii ? '~' : '…').trimEnd();
		const mark = critical.has(task) ? '*' : '';
		const shown =
			task === selected
				? paint.chosen(`${glyph} ${name}${mark}`)
				: `${statusPaint(glyph)} ${mark === '' ? name : paint.bold(name)}${paint.accent(mark)}`;
		const more = others.length > 3 ? ` +${others.length - 3}` : '';
		const also =
			others.length === 0
				? ''
				: `  ${ascii ? '<-' : '←'} ${others
						.slice(0, 3)
						.map(other => this.#names[other])
						.join(', ')}${more}`;
		const took = tookMs > 0 ? `  ${formatSpan(tookMs)}` : '';
		return `${paint.dim(branchText(found, ascii))}${shown}${paint.dim(took + also)}`;
	}
}

function branchText({branches, chained}: TreeRow, ascii: boolean): string {
	const [on, own, last, chain] = ascii ? ['| ', '|-', '`-', '> '] : ['│ ', '├ ', '└ ', '↳ '];
	const text = branches.map((more, at) => {
		if (at === branches.length - 1 && !chained) return more ? own : last;
		return more ? on : '  ';
	});
	return text.join('') + (chained ? chain : '');
}
