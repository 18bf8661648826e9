import {styled, wrapCells} from '../../text/cells.ts';
import {widthOf} from '../../text/columns.ts';
import {printable} from '../../text/printable.ts';
import type {Paint, Palette} from '../picture/palette.ts';
import {clip} from '../picture/rows.ts';
import {wrap} from './dialog.ts';

/** A part of what is told of one thing: a heading, a fact with its name, or a line as it stands. Plain text; it is painted here. */
export type SheetLine =
	| {readonly head: string}
	| {readonly key: string; readonly text: string | readonly string[]; readonly paint?: Paint}
	| {readonly line: string; readonly paint?: Paint};

const keyWidth = 13;
const indent = 2;

/** Facts under headings, in rows of exactly `width` columns; long ones go on in further rows. */
export function sheetRows(lines: readonly SheetLine[], width: number, palette: Palette): string[] {
	const rows: string[] = [];
	const {ellipsis} = palette.glyphs;
	const pad = ' '.repeat(indent);
	for (const line of lines) {
		if ('head' in line) {
			if (rows.length > 0) rows.push(' '.repeat(width));
			rows.push(palette.bold(clip(`${pad}${line.head}`, width, ellipsis)));
		} else if ('line' in line) {
			const text = clip(`${pad}${pad}${printable(line.line, false)}`, width, ellipsis);
			rows.push(line.paint === undefined ? text : line.paint(text));
		} else {
			const room = Math.max(1, width - 2 * indent - keyWidth - 1);
			const texts = (typeof line.text === 'string' ? [line.text] : line.text).flatMap(text => wrapped(printable(text, false), room));
			for (const [at, text] of texts.entries()) {
				const key = palette.dim(clip(at === 0 ? line.key : '', keyWidth, ellipsis));
				const value = clip(text, room, ellipsis);
				rows.push(`${pad}${pad}${key}${line.paint === undefined ? value : line.paint(value)} `);
			}
		}
	}
	return rows;
}

const unbreakable = '\u00a0';

/** Words that stay in one row where they fit into one. */
export function unbroken(text: string): string {
	return text.replaceAll(' ', unbreakable);
}

/** Broken between words, and within those that are too long. */
function wrapped(text: string, width: number): string[] {
	const rows = wrap(text.replaceAll('\t', '    '), width).flatMap(row => (widthOf(row) <= width ? [row] : wrapCells(styled(row), width)));
	return rows.map(row => row.replaceAll(unbreakable, ' ').trimEnd());
}
