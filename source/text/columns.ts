import stringWidth from 'string-width';

/** Text of which each character takes one column: ASCII, letters of Western Europe, and marks of our own. */
const plain = /^[\x20-\x7e\xc0-\xff…✔✖⤼⊘↻▶·●○◌›─━╍╌↓⏎↑←→]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const colours = /\x1b\[[\d;]*m/g;

/** The columns that text takes; escape sequences take none. */
export function widthOf(text: string): number {
	// The first text that is not plain has expressions of a hundred kilobytes compiled: a tenth of a short command's time.
	const visible = text.replace(colours, '');
	return plain.test(visible) ? visible.length : stringWidth(text);
}

/** Text in exactly `width` columns of a terminal: filled with blanks, or cut, with `mark` for what is missing. */
export function inColumns(text: string, width: number, mark = '…'): string {
	const actual = widthOf(text);
	if (actual <= width) return text + ' '.repeat(width - actual);
	let cut = '';
	let used = widthOf(mark);
	for (const character of text) {
		const more = widthOf(character);
		if (used + more > width) break;
		cut += character;
		used += more;
	}
	return cut + mark + ' '.repeat(width - used);
}

/**
 * Rows of cells as lines with aligned columns, two blanks between them and none at the end. Cells may have colours. A column is never
 * wider than its widest cell.
 */
export function formatTable(rows: ReadonlyArray<readonly string[]>): string[] {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
	}
	return rows.map(row =>
		row
			.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)))
			.join('  ')
			.trimEnd(),
	);
}

/** The same, with the cells of one column, which have no colours, cut where the lines would be wider than the terminal. */
export function fitTable(rows: ReadonlyArray<readonly string[]>, flexible: number, {columns, ellipsis}: Terminal): string[] {
	const lines = formatTable(rows);
	const over = Math.max(0, ...lines.map(line => stringWidth(line))) - columns;
	if (over <= 0) return lines;
	const widest = Math.max(0, ...rows.map(row => stringWidth(row[flexible] ?? '')));
	const width = Math.max(narrowestCell, widest - over);
	const cut = (cell: string) => (stringWidth(cell) > width ? inColumns(cell, width, ellipsis) : cell);
	return formatTable(rows.map(row => row.map((cell, index) => (index === flexible ? cut(cell) : cell))));
}

type Terminal = {readonly columns: number; readonly ellipsis: string};

/** WORKFLOW, the head of such a column, has as many. */
const narrowestCell = 8;
