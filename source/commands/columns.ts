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
