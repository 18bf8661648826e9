import type {WorkflowRow} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';
import {plural} from '../../text/spans.ts';
import {passes} from '../data/lists.ts';
import {typed} from '../keys/typing.ts';
import type {FormLayer, PickerLayer} from '../layer.ts';
import type {Palette} from '../picture/palette.ts';
import {clip, fill} from '../picture/rows.ts';
import type {Column} from '../picture/table.ts';
import {tableRows, widestOf} from '../picture/table.ts';
import {wrap} from './dialog.ts';
import {startForm} from './form.ts';

/** What a key makes of the picker: itself, a form for the file that was taken, the file where it asks for nothing, or undefined: it is closed. */
export function pressPicker(layer: PickerLayer, key: string): PickerLayer | FormLayer | WorkflowRow | undefined {
	const rows = pickable(layer);
	const to = (at: number): PickerLayer => ({...layer, at: Math.min(Math.max(0, at), Math.max(0, rows.length - 1))});
	switch (key) {
		case 'esc':
			return undefined;
		case 'up':
			return to(layer.at - 1);
		case 'down':
			return to(layer.at + 1);
		case 'pageup':
			return to(layer.at - 10);
		case 'pagedown':
			return to(layer.at + 10);
		case 'enter': {
			const row = rows[layer.at];
			if (row === undefined || row.problems.length > 0) return layer;
			return row.params.length === 0 ? row : startForm(row);
		}
		default: {
			const filter = typed(layer.filter, key);
			return filter === undefined ? layer : {...layer, filter, at: 0};
		}
	}
}

/** The files that pass the filter. */
function pickable({rows = [], filter}: PickerLayer): readonly WorkflowRow[] {
	return filter === '' ? rows : rows.filter(({file, name, description = ''}) => passes([file, name, description], filter));
}

/** How many rows below the list tell about the chosen one. */
const aboutRows = 5;

export function pickerRows(layer: PickerLayer, width: number, height: number, palette: Palette): string[] {
	const {strongRule, ellipsis} = palette.glyphs;
	const title = ' Run a workflow ';
	const filter = layer.filter === '' ? ' type to filter ' : ` /${layer.filter} `;
	const rule = Math.max(0, width - title.length - filter.length);
	const head = palette.chosen(title) + palette.dim(clip(filter, filter.length, ellipsis)) + palette.accent(strongRule.repeat(rule));
	const rows = pickable(layer);
	const listHeight = Math.max(2, height - 1 - aboutRows);
	const visible = listHeight - 1;
	const chosen = rows[layer.at];
	const table = tableRows(
		{
			rows,
			columns: columns(rows, palette),
			idOf: ({file}) => file,
			chosen: chosen?.file,
			top: Math.max(0, layer.at - visible + 1),
			focused: true,
			empty: emptyText(layer),
		},
		width,
		listHeight,
		palette,
	);
	return fill([head, ...table, ...aboutOf(chosen, width, palette)], width, height);
}

function emptyText({rows, directory = '', filter}: PickerLayer): string {
	if (rows === undefined) return 'asking';
	return rows.length === 0
		? `no workflow file in ${printable(directory, false)} (WORKFLOW_DIR names another directory)`
		: `no file with "${filter}"`;
}

function columns(rows: readonly WorkflowRow[], palette: Palette): ReadonlyArray<Column<WorkflowRow>> {
	const files = widestOf(
		rows.map(({file}) => file),
		12,
		40,
	);
	const {glyph, paint} = palette.badge('failed');
	return [
		{head: 'FILE', least: 12, most: files, priority: 0, cell: ({file}) => ({text: printable(file, false)})},
		{
			head: 'TASKS',
			least: 5,
			most: 5,
			priority: 2,
			align: 'right',
			cell: ({tasks, problems}) => ({text: problems.length > 0 ? '' : String(tasks)}),
		},
		{
			head: 'PARAMS',
			least: 6,
			most: 6,
			priority: 3,
			align: 'right',
			cell: ({params}) => ({text: params.length === 0 ? '' : String(params.length)}),
		},
		{
			head: '',
			least: 16,
			most: 200,
			priority: 1,
			cell: ({problems, description, name}) =>
				problems.length > 0
					? {text: `${glyph} ${plural(problems.length, 'problem')}`, paint}
					: {text: printable(description ?? name, false), paint: palette.dim},
		},
	];
}

/** What is wrong with it, or what it asks for. */
function aboutOf(row: WorkflowRow | undefined, width: number, palette: Palette): string[] {
	if (row === undefined) return [];
	const {ellipsis, rule} = palette.glyphs;
	const bar = palette.dim(rule.repeat(width));
	const lines =
		row.problems.length > 0
			? row.problems.map(({message, line, column}) => `${row.file}${line === undefined ? '' : `:${line}:${column ?? 1}`}: ${message}`)
			: [row.description ?? row.name, ...(row.params.length === 0 ? [] : [`asks for: ${row.params.map(paramText).join(', ')}`])];
	const paint = row.problems.length > 0 ? palette.bad : palette.dim;
	const rows = lines.flatMap(line => wrap(printable(line, false), width - 4)).map(line => paint(clip(`  ${line}`, width, ellipsis)));
	return [bar, ...rows.slice(0, aboutRows - 1)];
}

function paramText({name, type, required}: WorkflowRow['params'][number]): string {
	return `${name} (${type}${required ? ', required' : ''})`;
}
