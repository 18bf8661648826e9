import {cellWidth} from '../text/cells.ts';
import {widthOf} from '../text/columns.ts';
import {printable} from '../text/printable.ts';
import {formatCount} from '../text/spans.ts';
import {commandRow} from './commands/command-row.ts';
import type {Lists} from './data/lists.ts';
import type {Snapshot} from './data/snapshot.ts';
import type {Drawing} from './drawings/draw-commands.ts';
import type {ShownDrawings} from './drawings/drawings.ts';
import {footerRow} from './footer.ts';
import type {Binding} from './keys/keymap.ts';
import {dialogRows} from './layers/dialog.ts';
import {helpRows} from './layers/help.ts';
import {layerRows} from './layers/layer-rows.ts';
import type {ShownLogs} from './logs/pane.ts';
import {sourceName} from './logs/sources.ts';
import {agentColumns, runColumns, taskColumns} from './picture/columns.ts';
import {headerRows} from './picture/header.ts';
import type {Area, Size} from './picture/layout.ts';
import {layoutOf} from './picture/layout.ts';
import type {Palette} from './picture/palette.ts';
import {clip, fill, joined} from './picture/rows.ts';
import {tableRows} from './picture/table.ts';
import type {ListPane, Pane, Ui} from './ui.ts';
import {isList, panes} from './ui.ts';

/** Everything that decides a picture. */
export type Scene = {
	readonly snapshot: Snapshot;
	readonly ui: Ui;
	readonly lists: Lists;
	readonly logs: ShownLogs;
	readonly drawings: ShownDrawings;
	readonly palette: Palette;
	readonly unicode: boolean;
	readonly keymap: readonly Binding[];
	readonly size: Size;
};

/** Rows of text side by side, all of the same height. */
export type Band = ReadonlyArray<{readonly width: number; readonly rows: readonly string[]}>;

/** The whole screen, from top to bottom: as many rows as it has, each exactly as wide. Pure. */
export function drawScreen(scene: Scene): readonly Band[] {
	const {size, palette, ui, snapshot, unicode} = scene;
	const {columns, rows} = size;
	const layout = layoutOf(size, ui);
	if (layout.kind === 'too-small') {
		const text = clip(`terminal too small: ${columns}x${rows}, need 60x15`, columns, palette.glyphs.ellipsis);
		return [[{width: columns, rows: fill([text], columns, rows)}]];
	}
	const header = [{width: columns, rows: headerRows(snapshot, columns, palette)}];
	const footer = [
		{
			width: columns,
			rows: [
				ui.layer?.kind === 'command' && ui.dialog === undefined
					? commandRow(ui.layer, scene, columns)
					: footerRow(ui, columns, palette, unicode, scene.keymap),
			],
		},
	];
	const bodyHeight = rows - 3;
	if (ui.dialog !== undefined) return [header, [{width: columns, rows: dialogRows(ui.dialog, columns, bodyHeight, palette)}], footer];
	if (ui.reader !== undefined) return [header, [{width: columns, rows: readerRows(scene, bodyHeight)}], footer];
	if (ui.layer !== undefined && ui.layer.kind !== 'command')
		return [header, [{width: columns, rows: layerRows(ui.layer, scene, bodyHeight)}], footer];
	return [header, ...layout.bands.map(band => band.map(area => ({width: area.width, rows: paneRows(area, scene)}))), footer];
}

function paneRows(area: Area, scene: Scene): string[] {
	const isFocused = scene.ui.pane === area.pane;
	const body = bodyOf(area, scene);
	const rows = [titleRow(area, scene, isFocused), ...body];
	// Panes side by side are a column apart.
	return area.gap ? rows.map(row => `${row} `) : fill(rows, area.width, area.height);
}

function bodyOf(area: Area, scene: Scene): string[] {
	const {pane} = area;
	if (isList(pane)) return listBody(pane, area, scene);
	const [width, height] = [inner(area), area.height - 1];
	const rows = pane === 'logs' ? scene.logs.rows(width, height) : drawingBody(pane, width, height, scene);
	return fill(
		rows.map(row => padded(row, width)),
		width,
		height,
	);
}

function drawingBody(
	pane: Drawing,
	width: number,
	height: number,
	{drawings, snapshot, ui, lists, palette, unicode}: Scene,
): readonly string[] {
	const {run, tasks, now} = snapshot;
	if (run === undefined) return [palette.dim('  no run yet')];
	const chosen = lists.tasks.find(({id}) => id === ui.places.tasks.chosen) ?? lists.tasks[0];
	return drawings.rows(pane, run, tasks, {palette, unicode, width, height, chosen: chosen?.task ?? 0, now});
}

function padded(row: string, width: number): string {
	return row + ' '.repeat(Math.max(0, width - cellWidth(row)));
}

function inner(area: Area): number {
	return area.width - (area.gap ? 1 : 0);
}

/** Which panes there are, with their numbers and sizes: all of those that this place can show. */
function titleRow(area: Area, scene: Scene, isFocused: boolean): string {
	const {lists, snapshot, palette} = scene;
	const {rule, strongRule} = palette.glyphs;
	const labels = area.tabs.map(pane => {
		const label = ` ${panes.indexOf(pane) + 1} ${titles[pane]}${isList(pane) ? ` ${countText(pane, lists, snapshot)}` : ''} `;
		if (pane !== area.pane) return palette.dim(label);
		return isFocused ? palette.chosen(label) : palette.bold(label);
	});
	const width = inner(area);
	const parts = [...labels, ...aboutOf(area.pane, scene).flatMap(about => (about === '' ? [] : [palette.dim(` ${about} `)]))];
	const line = joined(parts, '', width);
	const missing = width - widthOf(line);
	return line + (isFocused ? palette.accent(strongRule.repeat(missing)) : palette.dim(rule.repeat(missing)));
}

/** What more there is to say of a pane, the weightiest first: what does not fit is left out. */
function aboutOf(pane: Pane, {ui, logs, drawings}: Scene): readonly string[] {
	if (isList(pane)) return [filterText(pane, ui), pane === 'tasks' && ui.marks.size > 0 ? `${formatCount(ui.marks.size)} marked` : ''];
	if (pane !== 'logs') return [drawings.about(pane)];
	return [sourceName(ui.source, ui.marks.size), ...logs.about.map(printableText)];
}

function printableText(text: string): string {
	return printable(text, false);
}

const titles: Readonly<Record<Pane, string>> = {
	agents: 'Agents',
	tasks: 'Tasks',
	logs: 'Logs',
	runs: 'Runs',
	graph: 'Graph',
	timeline: 'Timeline',
};

function countText(pane: ListPane, lists: Lists, snapshot: Snapshot): string {
	const [shown, all] = [lists[pane].length, snapshot[pane].length];
	return shown === all ? formatCount(all) : `${formatCount(shown)}/${formatCount(all)}`;
}

function filterText(pane: ListPane, {places}: Ui): string {
	const {filter} = places[pane];
	return filter === '' ? '' : `/${filter}`;
}

function listBody(pane: ListPane, area: Area, {lists, ui, snapshot, palette}: Scene): string[] {
	const [width, height] = [inner(area), area.height - 1];
	const {now} = snapshot;
	const place = ui.places[pane];
	const common = {top: place.top, focused: ui.pane === pane, idOf: ({id}: {readonly id: string}) => id};
	const empty = place.filter === '' ? `no ${pane}` : `no ${pane} with "${place.filter}"`;
	const chosen = place.chosen ?? lists[pane][0]?.id;
	switch (pane) {
		case 'agents':
			return tableRows(
				{...common, chosen, empty, rows: lists.agents, columns: agentColumns(lists.agents, palette)},
				width,
				height,
				palette,
			);
		case 'tasks':
			return tableRows(
				{...common, chosen, empty, marked: ui.marks, rows: lists.tasks, columns: taskColumns(lists.tasks, snapshot, palette)},
				width,
				height,
				palette,
			);
		case 'runs':
			return tableRows({...common, chosen, empty, rows: lists.runs, columns: runColumns(lists.runs, now, palette)}, width, height, palette);
	}
}

function readerRows({ui, snapshot, size, palette, unicode, keymap}: Scene, height: number): string[] {
	const width = size.columns;
	const isHelp = ui.reader?.kind === 'help';
	const texts = isHelp
		? helpRows(width, palette, unicode, keymap)
		: snapshot.diagnostics.map(line => clip(`  ${line}`, width, palette.glyphs.ellipsis));
	const rows = texts.length === 0 ? [palette.dim(clip('  nothing so far', width, ''))] : texts;
	const title = isHelp ? ' Keys ' : ' Diagnostics: what the program has to say ';
	const top = Math.min(ui.reader?.top ?? 0, Math.max(0, rows.length - height + 1));
	const line = palette.bold(title) + palette.accent(palette.glyphs.strongRule.repeat(Math.max(0, width - title.length)));
	return fill([line, ...rows.slice(top, top + height - 1)], width, height);
}
