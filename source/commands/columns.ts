import stringWidth from 'string-width';

/** Text in exactly `width` columns of a terminal: filled with blanks, or cut, with `mark` for what is missing. */
export function inColumns(text: string, width: number, mark = '…'): string {
	const actual = stringWidth(text);
	if (actual <= width) return text + ' '.repeat(width - actual);
	let cut = '';
	let used = stringWidth(mark);
	for (const character of text) {
		const more = stringWidth(character);
		if (used + more > width) break;
		cut += character;
		used += more;
	}
	return cut + mark + ' '.repeat(width - used);
}

/** The columns that text takes; escape sequences take none. */
export function widthOf(text: string): number {
	return stringWidth(text);
}

/**
 * Rows of cells as lines with aligned columns, two blanks between them and none at the end. Cells may have colours. A column is never
 * wider than its widest cell.
 */
export function formatTable(rows: ReadonlyArray<readonly string[]>): string[] {
	const widths: number[] = [];
	for (const row of rows) {
		for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, stringWidth(cell));
	}
	return rows.map(row =>
		row
			.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - stringWidth(cell)))
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
