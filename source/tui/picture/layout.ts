import type {Pane, Ui, UpperPane} from '../ui.ts';
import {panes} from '../ui.ts';

export type Size = {readonly columns: number; readonly rows: number};

/** A pane's place on the screen, with a row for its title. */
export type Area = {
	readonly pane: Pane;
	readonly width: number;
	readonly height: number;
	/** Another one stands at its right. */
	readonly gap: boolean;
	/** The panes that its title names. */
	readonly tabs: readonly Pane[];
};

export type Layout = {readonly kind: 'too-small'} | {readonly kind: 'panes'; readonly bands: ReadonlyArray<readonly Area[]>};

/** Sizes from which on there is room for one pane, for a list above the logs, and for all side by side. */
const least = {columns: 60, rows: 15};
const two = {columns: 80, rows: 22};
const all = {columns: 140, rows: 30};
/** Header and footer. */
const around = 3;
const uppers: readonly UpperPane[] = ['agents', 'tasks', 'runs', 'graph', 'timeline'];
const ofRun: readonly UpperPane[] = ['tasks', 'graph', 'timeline'];

/** Which panes are seen, and where. */
export function layoutOf({columns, rows}: Size, {pane, list, zoomed}: Pick<Ui, 'pane' | 'list' | 'zoomed'>): Layout {
	if (columns < least.columns || rows < least.rows) return {kind: 'too-small'};
	const height = rows - around;
	const single = {width: columns, gap: false};
	if (zoomed || columns < two.columns || rows < two.rows) {
		return {kind: 'panes', bands: [[{...single, pane, height, tabs: panes}]]};
	}
	const logs = Math.floor(height / 2);
	const above = height - logs;
	if (columns < all.columns || rows < all.rows) {
		const tabs = uppers;
		return {
			kind: 'panes',
			bands: [[{...single, pane: list, height: above, tabs}], [{...single, pane: 'logs', height: logs, tabs: ['logs']}]],
		};
	}
	const left = Math.floor(columns * 0.4);
	const right = columns - left;
	const area = (of: Pane, width: number, tall: number, gap: boolean, tabs: readonly Pane[] = [of]): Area => ({
		pane: of,
		width,
		height: tall,
		gap,
		tabs,
	});
	return {
		kind: 'panes',
		bands: [
			[area('agents', left, above, true), area(ofRun.includes(list) ? list : 'tasks', right, above, false, ofRun)],
			[area('runs', left, logs, true), area('logs', right, logs, false)],
		],
	};
}

/** How many rows of its own each pane has, or would have where it is not in sight: without title and head. */
export function heightsOf(size: Size, ui: Pick<Ui, 'pane' | 'list' | 'zoomed'>): Readonly<Record<Pane, number>> {
	const heights = {agents: 1, tasks: 1, logs: 1, runs: 1, graph: 1, timeline: 1};
	const layout = layoutOf(size, ui);
	if (layout.kind === 'too-small') return heights;
	const areas = layout.bands.flat();
	for (const pane of panes) {
		const area = areas.find(({pane: of}) => of === pane) ?? areas.find(({tabs}) => tabs.includes(pane)) ?? areas[0];
		heights[pane] = Math.max(1, (area?.height ?? 2) - (pane === 'logs' || pane === 'graph' ? 1 : 2));
	}
	return heights;
}
