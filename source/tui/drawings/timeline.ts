import {fitCells} from '../../text/cells.ts';
import {formatSpan} from '../../text/spans.ts';
import type {StatusPaint} from './graph-view.ts';
import type {TimelineRow, TimelineSpan} from './timeline-rows.ts';

/** The stretch of time that is shown, in milliseconds since 1970. */
export type TimeWindow = {readonly from: number; readonly to: number};

export type TimelineLook = {
	readonly paint: StatusPaint;
	readonly ascii: boolean;
	readonly window: TimeWindow;
	/** What the scale counts from: when the run was created. */
	readonly zero: number;
	readonly now: number;
	readonly width: number;
	/** Rows of the pane; the first of them is the scale. */
	readonly height: number;
	/** The first row that is shown. */
	readonly y: number;
	readonly selected?: number | undefined;
};

const shortestMs = 100;
const longestMs = 366 * 86_400_000;
const widestLabel = 24;
/** Columns between two marks of the scale, at least. */
const tickColumns = 12;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const steps = [
	...[10, 20, 50, 100, 200, 500, second, 2 * second, 5 * second, 10 * second, 15 * second, 30 * second],
	...[minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour],
	...[24 * hour, 48 * hour, 7 * 24 * hour, 28 * 24 * hour, 100 * 24 * hour],
];

/** All of a run: from its beginning to its end, or to now with some room. */
export function wholeRun(
	{createdAt, endedAt}: {readonly createdAt: number; readonly endedAt?: number | undefined},
	now: number,
): TimeWindow {
	const length = Math.max(second, (endedAt ?? now) - createdAt);
	return {from: createdAt, to: createdAt + (endedAt === undefined ? length * 1.1 : length)};
}

/** `factor` below 1 shows less time, above 1 more. `at`: what stays where it is, from 0 at the left to 1. */
export function zoomed({from, to}: TimeWindow, factor: number, at = 0.5): TimeWindow {
	const length = to - from;
	const next = Math.min(longestMs, Math.max(shortestMs, length * factor));
	const start = from + (length - next) * at;
	return {from: start, to: start + next};
}

/** By a part of what is shown, to the right where positive. */
export function panned({from, to}: TimeWindow, part: number): TimeWindow {
	const by = (to - from) * part;
	return {from: from + by, to: to + by};
}

/** The scale, then the rows in sight; none is wider than `width`. */
export function timelineText(rows: readonly TimelineRow[], look: TimelineLook): readonly string[] {
	const {width, height, y, ascii, paint} = look;
	const labelWidth = Math.min(widestLabel, Math.floor(width / 3));
	const columns = Math.max(1, width - labelWidth - 1);
	const shown = rows.slice(y, y + Math.max(0, height - 1));
	const text = shown.map((row, at) => {
		const label = fitCells(row.label, labelWidth, ascii ? '~' : '…');
		return `${y + at === look.selected ? paint.chosen(label) : label} ${bars(row.spans, columns, look)}`;
	});
	return height <= 0 ? [] : [`${' '.repeat(labelWidth)} ${paint.dim(scale(columns, look))}`, ...text];
}

/** The column of a time; may be outside. */
function columnOf(at: number, columns: number, {from, to}: TimeWindow): number {
	return Math.floor(((at - from) / (to - from)) * columns);
}

/** `│0        │10 s      │20 s` */
function scale(columns: number, {window, zero, ascii}: TimelineLook): string {
	const least = ((window.to - window.from) / columns) * tickColumns;
	const step = steps.find(length => length >= least) ?? least;
	const cells = Array.from({length: columns}, () => ' ');
	for (let tick = Math.ceil((window.from - zero) / step) * step; zero + tick < window.to; tick += step) {
		const column = columnOf(zero + tick, columns, window);
		const label = `${ascii ? '|' : '│'}${
			tick < 0
				? `-${formatSpan(-tick)}`
				: formatSpan(tick)
						.replace(/^0 ms$/, '0')
						.replace('.0 s', ' s')
		}`;
		if (column >= 0 && column + label.length <= columns) for (const [at, character] of [...label].entries()) cells[column + at] = character;
	}
	return cells.join('').trimEnd();
}

type Cell = {readonly character: string; readonly paint: (text: string) => string};

function bars(spans: readonly TimelineSpan[], columns: number, look: TimelineLook): string {
	const {paint, window, now, ascii} = look;
	const cells: Array<Cell | undefined> = [];
	const line = columnOf(now, columns, window);
	if (line >= 0 && line < columns) cells[line] = {character: ascii ? '|' : '┊', paint: paint.dim};
	for (const span of spans) {
		const from = columnOf(span.from, columns, window);
		// The last column of a span is that of its last moment, so that two in a row do not overlap.
		const to = Math.max(from, columnOf(span.to ?? now, columns, window) - 1);
		if (to < 0 || from >= columns) continue;
		for (let column = Math.max(0, from); column <= Math.min(columns - 1, to); column++) cells[column] = cellOf(span, column === to, look);
	}
	return painted(cells);
}

function cellOf({kind, status, to}: TimelineSpan, isLast: boolean, {paint, ascii}: TimelineLook): Cell {
	const badge = paint.badge(status);
	if (kind === 'waits') return {character: ascii ? '.' : '·', paint: paint.dim};
	if (isLast) return {character: badge.glyph, paint: badge.paint};
	if (to === undefined) return {character: ascii ? '-' : '▒', paint: badge.paint};
	return {character: ascii ? '=' : '█', paint: badge.paint};
}

/** Cells that look alike are painted together. */
function painted(cells: ReadonlyArray<Cell | undefined>): string {
	let text = '';
	let run = '';
	let paint: Cell['paint'] | undefined;
	for (let at = 0; at <= cells.length; at++) {
		const cell = cells[at];
		if (at === cells.length || cell?.paint !== paint) {
			text += paint === undefined ? run : paint(run);
			run = '';
			paint = cell?.paint;
		}
		if (at < cells.length) run += cell?.character ?? ' ';
	}
	return text;
}
