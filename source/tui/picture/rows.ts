import {inColumns, widthOf} from '../../text/columns.ts';

/** Plain text in exactly `width` columns; nothing where there is no room. */
export function clip(text: string, width: number, ellipsis: string): string {
	return width <= 0 ? '' : inColumns(text, width, width < widthOf(ellipsis) ? '' : ellipsis);
}

/** The same, at the right end of the columns. */
export function clipRight(text: string, width: number, ellipsis: string): string {
	const missing = width - widthOf(text);
	return missing >= 0 ? ' '.repeat(missing) + text : clip(text, width, ellipsis);
}

/** Parts of a row, as far as they fit, with blanks at the end. */
export function join(parts: readonly string[], between: string, width: number): string {
	const row = joined(parts, between, width);
	return row + ' '.repeat(Math.max(0, width - widthOf(row)));
}

/** The same without blanks at the end. Parts may have colours; one that does not fit is left out whole. */
export function joined(parts: readonly string[], between: string, width: number): string {
	let row = '';
	let used = 0;
	for (const part of parts) {
		const more = widthOf(part) + (used === 0 ? 0 : widthOf(between));
		if (part === '' || used + more > width) continue;
		row += (used === 0 ? '' : between) + part;
		used += more;
	}
	return row;
}

/** A left and a right part, as far apart as the row is wide; the right one is left out where it does not fit. */
export function spread(left: string, right: string, width: number): string {
	const gap = width - widthOf(left) - widthOf(right);
	return gap >= 1 || right === '' ? left + ' '.repeat(Math.max(0, gap)) + right : left + ' '.repeat(Math.max(0, width - widthOf(left)));
}

/** Exactly `height` rows: what is too many is cut, what is missing is blank. */
export function fill(rows: readonly string[], width: number, height: number): string[] {
	const blank = ' '.repeat(Math.max(0, width));
	return Array.from({length: Math.max(0, height)}, (_, index) => rows[index] ?? blank);
}
