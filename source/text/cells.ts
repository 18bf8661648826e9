import stringWidth from 'string-width';
import type {Sgr} from './sgr.ts';
import {applySgr, plainSgr, turn} from './sgr.ts';

const ascii = /^[\x20-\x7e]*$/;
/** Text of which every unit is a character by itself, whatever its neighbours: Latin, Cyrillic, frames, kana, CJK, Hangul syllables. */
const simple =
	/^[\x20-\x7e\u00a1-\u00ac\u00ae-\u00ff\u0400-\u0482\u048a-\u052f\u2026\u2500-\u257f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*$/;
const firstWide = '\u3041';
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const sequence = /\u001b\[([\d;:]*)m/g;
const graphemes = new Intl.Segmenter();
/** Stands for a character that is wider than all the room there is. */
const tooWide = '·';

/** The characters of a text as people see them, and the columns that each takes. */
function* clusters(plain: string): Generator<{readonly index: number; readonly segment: string; readonly cells: number}> {
	if (simple.test(plain)) {
		for (let index = 0; index < plain.length; index++) {
			const segment = plain.charAt(index);
			yield {index, segment, cells: segment >= firstWide ? 2 : 1};
		}
	} else {
		for (const {index, segment} of graphemes.segment(plain))
			yield {index, segment, cells: ascii.test(segment) ? segment.length : stringWidth(segment)};
	}
}

/** Text without its colours, and where which colours begin. */
export type Styled = {readonly plain: string; readonly marks: ReadonlyArray<{readonly at: number; readonly sgr: Sgr}>};

/** Takes sanitised text apart: of escape sequences it may have colours only. */
export function styled(text: string): Styled {
	if (!text.includes('\u001b')) return {plain: text, marks: []};
	const marks: Array<{at: number; sgr: Sgr}> = [];
	let removed = 0;
	let sgr = plainSgr;
	const plain = text.replace(sequence, (found, parameters: string, offset: number) => {
		sgr = applySgr(sgr, parameters);
		marks.push({at: offset - removed, sgr});
		removed += found.length;
		return '';
	});
	return {plain, marks};
}

/** Sanitised text without its colours. */
export function plainOf(text: string): string {
	return text.includes('\u001b') ? text.replace(sequence, '') : text;
}

/** The part from one index of the plain text to another, with its colours, which are off at its end. */
export function styledText({plain, marks}: Styled, from = 0, to = plain.length): string {
	if (marks.length === 0) return plain.slice(from, to);
	let text = '';
	let at = from;
	let shown = plainSgr;
	let wanted = plainSgr;
	for (const mark of marks) {
		if (mark.at >= to) break;
		if (mark.at > at) {
			text += turn(shown, wanted) + plain.slice(at, mark.at);
			shown = wanted;
			at = mark.at;
		}
		wanted = mark.sgr;
	}
	if (to > at) {
		text += turn(shown, wanted) + plain.slice(at, to);
		shown = wanted;
	}
	return text + turn(shown, plainSgr);
}

/** The same text with something added to the colours of some of its parts, which are in order and do not overlap. */
export function overlaid(
	text: Styled,
	parts: ReadonlyArray<{readonly from: number; readonly to: number}>,
	change: (sgr: Sgr) => Sgr,
): Styled {
	if (parts.length === 0) return text;
	const edges = [...new Set([...text.marks.map(({at}) => at), ...parts.flatMap(({from, to}) => [from, to])])].sort((a, b) => a - b);
	let [mark, part] = [0, 0];
	let base = plainSgr;
	const marks = edges.map(at => {
		for (let next = text.marks[mark]; next !== undefined && next.at <= at; next = text.marks[++mark]) base = next.sgr;
		while ((parts[part]?.to ?? Number.POSITIVE_INFINITY) <= at) part++;
		return {at, sgr: (parts[part]?.from ?? Number.POSITIVE_INFINITY) <= at ? change(base) : base};
	});
	return {plain: text.plain, marks};
}

/** The columns of a terminal that text takes; colours take none. */
export function cellWidth(text: string): number {
	if (ascii.test(text)) return text.length;
	const plain = plainOf(text);
	if (!simple.test(plain)) return stringWidth(plain);
	let width = plain.length;
	for (let index = 0; index < plain.length; index++) if (plain.charAt(index) >= firstWide) width++;
	return width;
}

/** Text in rows of at most `width` columns, broken anywhere; at least one row. */
export function wrapCells(text: Styled, width: number): string[] {
	const {plain} = text;
	const starts: number[] = [0];
	if (ascii.test(plain)) {
		for (let at = width; at < plain.length; at += width) starts.push(at);
	} else {
		let used = 0;
		for (const {index, cells} of clusters(plain)) {
			if (cells > width) return wrapCells(withoutWide(text, width), width);
			if (used + cells > width) {
				starts.push(index);
				used = 0;
			}
			used += cells;
		}
	}
	return starts.map((start, row) => styledText(text, start, starts[row + 1] ?? plain.length));
}

/** At most `width` columns of a text, from column `from` on. Of a wide character that does not fit at an edge a blank is left. */
export function sliceCells(text: Styled, from: number, width: number): string {
	const {plain} = text;
	if (ascii.test(plain)) return styledText(text, from, from + width);
	let column = 0;
	let start: number | undefined;
	let end = plain.length;
	let before = 0;
	for (const {index, cells} of clusters(plain)) {
		const next = column + cells;
		if (start === undefined && column >= from && next > column) {
			start = index;
			before = column - from;
		}
		if (next > from + width) {
			end = index;
			break;
		}
		column = next;
	}
	if (start === undefined || before > width) return '';
	return ' '.repeat(before) + styledText(text, start, Math.max(start, end));
}

/** Text in exactly `width` columns: filled with blanks, or cut, with `mark` for what is missing. */
export function fitCells(text: string, width: number, mark = '…'): string {
	const actual = cellWidth(text);
	if (actual <= width) return text + ' '.repeat(width - actual);
	const room = width - cellWidth(mark);
	if (room < 0) return ' '.repeat(width);
	const cut = sliceCells(styled(text), 0, room);
	return cut + mark + ' '.repeat(room - cellWidth(cut));
}

/** Each cluster wider than `width` replaced by a mark of one column. */
function withoutWide({plain, marks}: Styled, width: number): Styled {
	const moved = [...marks];
	let result = '';
	for (const {index, segment, cells} of clusters(plain)) {
		const kept = cells > width ? tooWide : segment;
		if (kept.length !== segment.length) {
			for (const [at, mark] of moved.entries()) {
				if ((marks[at]?.at ?? 0) > index) moved[at] = {...mark, at: mark.at - segment.length + kept.length};
			}
		}
		result += kept;
	}
	return {plain: result, marks: moved};
}
