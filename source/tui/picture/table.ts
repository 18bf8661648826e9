import {widthOf} from '../../text/columns.ts';
import type {Paint, Palette} from './palette.ts';
import {clip, clipRight, fill} from './rows.ts';

/** Text of a cell, plain: the table cuts and paints it. */
export type Cell = {readonly text: string; readonly paint?: Paint};

export type Column<Row> = {
	readonly head: string;
	/** Columns that it needs, and the most that it takes of what is left over. */
	readonly least: number;
	readonly most: number;
	/** On a narrow screen the ones with the highest numbers are left out first; 0: never. */
	readonly priority: number;
	readonly align?: 'right';
	readonly cell: (row: Row) => Cell;
};

export type TableView<Row> = {
	readonly columns: ReadonlyArray<Column<Row>>;
	/** All rows; only those in sight are looked at. */
	readonly rows: readonly Row[];
	readonly idOf: (row: Row) => string;
	/** Id of the chosen row. */
	readonly chosen: string | undefined;
	readonly marked?: ReadonlySet<string>;
	/** Index of the first row in sight. */
	readonly top: number;
	readonly focused: boolean;
	/** Says why there are no rows. */
	readonly empty: string;
};

const gap = 2;
/** Left of each row: what is chosen, and what is marked. */
const gutter = 2;

/** A head and the rows in sight, each exactly as wide as asked for. */
export function tableRows<Row>(view: TableView<Row>, width: number, height: number, palette: Palette): string[] {
	if (height <= 0) return [];
	const layout = layoutColumns(view.columns, width - gutter);
	const {ellipsis} = palette.glyphs;
	const head = layout.map(({column, width: columns}) => aligned(column, column.head, columns, ellipsis)).join(' '.repeat(gap));
	const rows = [palette.dim(clip(`${' '.repeat(gutter)}${head}`, width, ellipsis))];
	for (const row of view.rows.slice(view.top, view.top + height - 1)) rows.push(tableRow(row, layout, view, width, palette));
	if (view.rows.length === 0) rows.push(palette.dim(clip(`  ${view.empty}`, width, ellipsis)));
	return fill(rows, width, height);
}

type Placed<Row> = {readonly column: Column<Row>; readonly width: number};

/** The columns that there is room for, with how wide each is: the needed first, then what is left over, a column each in turn. */
function layoutColumns<Row>(columns: ReadonlyArray<Column<Row>>, width: number): ReadonlyArray<Placed<Row>> {
	let shown = [...columns];
	const needed = () => shown.reduce((sum, {least}) => sum + least, 0) + gap * (shown.length - 1);
	while (needed() > width) {
		const last = Math.max(...shown.map(({priority}) => priority));
		if (last === 0) break;
		shown = shown.filter(({priority}) => priority !== last);
	}
	const widths = shown.map(({least}) => Math.min(least, width));
	let growing = [...shown.keys()];
	for (let left = width - needed(); left > 0 && growing.length > 0; ) {
		growing = growing.filter(index => (widths[index] ?? 0) < (shown[index]?.most ?? 0));
		for (const index of growing.slice(0, left)) widths[index] = (widths[index] ?? 0) + 1;
		left -= growing.length;
	}
	return shown.map((column, index) => ({column, width: widths[index] ?? column.least}));
}

function tableRow<Row>(row: Row, layout: ReadonlyArray<Placed<Row>>, view: TableView<Row>, width: number, palette: Palette): string {
	const id = view.idOf(row);
	const isChosen = id === view.chosen;
	const {ellipsis, mark} = palette.glyphs;
	const sign = `${isChosen ? mark : ' '}${view.marked?.has(id) === true ? '*' : ' '}`;
	const isReversed = isChosen && view.focused;
	let text = '';
	let used = 0;
	for (const {column, width: columns} of layout) {
		const cell = column.cell(row);
		const plain = aligned(column, cell.text, columns, ellipsis);
		text += (used === 0 ? '' : ' '.repeat(gap)) + (isReversed || cell.paint === undefined ? plain : cell.paint(plain));
		used += columns + (used === 0 ? 0 : gap);
	}
	const rest = ' '.repeat(Math.max(0, width - gutter - used));
	if (isReversed) return palette.chosen(sign + text + rest);
	return (isChosen ? palette.bold(sign) : sign) + text + rest;
}

function aligned<Row>({align}: Column<Row>, text: string, width: number, ellipsis: string): string {
	return align === 'right' ? clipRight(text, width, ellipsis) : clip(text, width, ellipsis);
}

/** How wide a column of names should be: as the widest of the first rows, within limits. */
export function widestOf(texts: Iterable<string>, least: number, most: number): number {
	let widest = least;
	for (const text of texts) {
		widest = Math.max(widest, widthOf(text));
		if (widest >= most) return most;
	}
	return widest;
}
