import {pending} from './line-index.ts';

/** The first row on the screen: a row of a line. */
export type Place = {readonly seq: number; readonly row: number};

/** The lines that are shown, and their rows. Where an answer needs more time than there is, it is `pending`. */
export type ShownLines = {
	readonly atOrAfter: (seq: number) => number | undefined | typeof pending;
	readonly before: (seq: number) => number | undefined | typeof pending;
	/** At least one row. */
	readonly rows: (seq: number) => readonly string[];
	/** The number after the last line. */
	readonly end: number;
};

/** What stands on a screen. */
export type Screen = {
	readonly rows: readonly string[];
	/** Numbers of the lines that have a row there, in order. */
	readonly lines: readonly number[];
};

/** The place `count` rows higher, or the first there is; undefined where there is none. */
export function up(shown: ShownLines, from: Place, count: number): Place | undefined {
	if (count <= 0) return placeAt(shown, from);
	let {seq, row} = from;
	let left = count;
	let found: Place | undefined = row > 0 ? from : undefined;
	for (;;) {
		if (row >= left && found !== undefined) return {seq, row: row - left};
		left -= row;
		if (found !== undefined) found = {seq, row: 0};
		const previous = shown.before(seq);
		if (previous === undefined || previous === pending) return found ?? placeAt(shown, from);
		seq = previous;
		row = shown.rows(seq).length;
		found = {seq, row: 0};
	}
}

/** The place `count` rows lower, as long as there are lines; undefined where there is none. */
export function down(shown: ShownLines, from: Place, count: number): Place | undefined {
	let place = placeAt(shown, from);
	let left = count;
	while (place !== undefined) {
		const rows = shown.rows(place.seq).length;
		if (place.row + left < rows) return {seq: place.seq, row: place.row + left};
		left -= rows - place.row;
		const next = shown.atOrAfter(place.seq + 1);
		if (next === undefined || next === pending) return {seq: place.seq, row: rows - 1};
		place = {seq: next, row: 0};
	}
	return undefined;
}

/** The place from which the last line ends at the foot of a screen. */
export function lastPage(shown: ShownLines, height: number): Place | undefined {
	return up(shown, {seq: shown.end, row: 0}, height);
}

/** The rows from a place on, as many as fit. */
export function screen(shown: ShownLines, from: Place, height: number): Screen {
	const rows: string[] = [];
	const lines: number[] = [];
	let place = placeAt(shown, from);
	while (place !== undefined && rows.length < height) {
		lines.push(place.seq);
		rows.push(...shown.rows(place.seq).slice(place.row, place.row + height - rows.length));
		const next = shown.atOrAfter(place.seq + 1);
		place = next === undefined || next === pending ? undefined : {seq: next, row: 0};
	}
	return {rows, lines};
}

export function isBefore(a: Place, b: Place): boolean {
	return a.seq < b.seq || (a.seq === b.seq && a.row < b.row);
}

/** The same place, or, where its line is not shown, the line after it; undefined where there is none. */
export function placeAt(shown: ShownLines, {seq, row}: Place): Place | undefined {
	const found = shown.atOrAfter(seq);
	if (found === undefined || found === pending) return undefined;
	return found === seq ? {seq, row: Math.min(row, shown.rows(seq).length - 1)} : {seq: found, row: 0};
}
