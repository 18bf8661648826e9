import {widthOf} from '../text/columns.ts';
import {formatCount} from '../text/spans.ts';
import {agentColumns, runColumns, taskColumns} from './columns.ts';
import {dialogRows} from './dialog.ts';
import {footerRow} from './footer.ts';
import {headerRows} from './header.ts';
import {helpRows} from './help.ts';
import type {Area, Size} from './layout.ts';
import {layoutOf} from './layout.ts';
import type {Lists} from './lists.ts';
import type {Palette} from './palette.ts';
import {logRows, logTitle} from './pane-logs.ts';
import {clip, fill, joined} from './rows.ts';
import type {Snapshot} from './snapshot.ts';
import {tableRows} from './table.ts';
import type {ListPane, Pane, Ui} from './ui.ts';
import {panes} from './ui.ts';

/** Everything that decides a picture. */
export type Scene = {
	readonly snapshot: Snapshot;
	readonly ui: Ui;
	readonly lists: Lists;
	readonly palette: Palette;
	readonly unicode: boolean;
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
	const footer = [{width: columns, rows: [footerRow(ui, columns, palette, unicode)]}];
	const bodyHeight = rows - 3;
	if (ui.dialog !== undefined) return [header, [{width: columns, rows: dialogRows(ui.dialog, columns, bodyHeight, palette)}], footer];
	if (ui.reader !== undefined) return [header, [{width: columns, rows: readerRows(scene, bodyHeight)}], footer];
	return [header, ...layout.bands.map(band => band.map(area => ({width: area.width, rows: paneRows(area, scene)}))), footer];
}

function paneRows(area: Area, scene: Scene): string[] {
	const isFocused = scene.ui.pane === area.pane;
	const body = area.pane === 'logs' ? logBody(area, scene) : listBody(area.pane, area, scene);
	const rows = [titleRow(area, scene, isFocused), ...body];
	// Panes side by side are a column apart.
	return area.gap ? rows.map(row => `${row} `) : fill(rows, area.width, area.height);
}

function inner(area: Area): number {
	return area.width - (area.gap ? 1 : 0);
}

/** Which panes there are, with their numbers and sizes: all of those that this place can show. */
function titleRow(area: Area, {ui, lists, snapshot, palette}: Scene, isFocused: boolean): string {
	const {rule, strongRule} = palette.glyphs;
	const labels = area.tabs.map(pane => {
		const label = ` ${panes.indexOf(pane) + 1} ${titles[pane]}${pane === 'logs' ? '' : ` ${countText(pane, lists, snapshot)}`} `;
		if (pane !== area.pane) return palette.dim(label);
		return isFocused ? palette.chosen(label) : palette.bold(label);
	});
	const about = area.pane === 'logs' ? logTitle(ui.source, snapshot.logs, ui.logOffset, palette) : filterText(area.pane, ui);
	const parts = [...labels, ...(about === '' ? [] : [palette.dim(` ${about} `)])];
	const width = inner(area);
	const line = joined(parts, '', width);
	const missing = width - widthOf(line);
	return line + (isFocused ? palette.accent(strongRule.repeat(missing)) : palette.dim(rule.repeat(missing)));
}

const titles: Readonly<Record<Pane, string>> = {agents: 'Agents', tasks: 'Tasks', logs: 'Logs', runs: 'Runs'};

function countText(pane: ListPane, lists: Lists, snapshot: Snapshot): string {
	const [shown, all] = [lists[pane].length, snapshot[pane].length];
	return shown === all ? formatCount(all) : `${formatCount(shown)}/${formatCount(all)}`;
}

function filterText(pane: ListPane, {places}: Ui): string {
	const {filter} = places[pane];
	return filter === '' ? '' : `/${filter}`;
}

function logBody(area: Area, {snapshot, ui, palette}: Scene): string[] {
	return logRows(snapshot.logs, ui, inner(area), area.height - 1, palette);
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
				{...common, chosen, empty, rows: lists.tasks, columns: taskColumns(lists.tasks, now, palette)},
				width,
				height,
				palette,
			);
		case 'runs':
			return tableRows({...common, chosen, empty, rows: lists.runs, columns: runColumns(lists.runs, now, palette)}, width, height, palette);
	}
}

function readerRows({ui, snapshot, size, palette, unicode}: Scene, height: number): string[] {
	const width = size.columns;
	const isHelp = ui.reader?.kind === 'help';
	const texts = isHelp
		? helpRows(width, palette, unicode)
		: snapshot.diagnostics.map(line => clip(`  ${line}`, width, palette.glyphs.ellipsis));
	const rows = texts.length === 0 ? [palette.dim(clip('  nothing so far', width, ''))] : texts;
	const title = isHelp ? ' Keys ' : ' Diagnostics: what the program has to say ';
	const top = Math.min(ui.reader?.top ?? 0, Math.max(0, rows.length - height + 1));
	const line = palette.bold(title) + palette.accent(palette.glyphs.strongRule.repeat(Math.max(0, width - title.length)));
	return fill([line, ...rows.slice(top, top + height - 1)], width, height);
}
