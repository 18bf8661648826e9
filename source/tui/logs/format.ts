import type {Styled} from '../../text/cells.ts';
import {fitCells, overlaid, sliceCells, styled, wrapCells} from '../../text/cells.ts';
import {applySgr} from '../../text/sgr.ts';
import {findLevel} from './level.ts';
import type {LogPaint} from './paint.ts';
import type {LogPattern} from './pattern.ts';
import type {KeptLine} from './ring.ts';

export type Timestamps = 'none' | 'time' | 'relative';

/** How each line is shown. */
export type LineLook = {
	readonly paint: LogPaint;
	readonly width: number;
	/** Long lines go on in further rows; without it, they begin at column `shift`. */
	readonly wrap: boolean;
	readonly shift: number;
	readonly timestamps: Timestamps;
	/** What relative times count from: the run's or the attempt's beginning. */
	readonly zero: number;
	/** Columns of the label of a line's origin; 0: it has none. */
	readonly labelWidth: number;
	readonly search?: LogPattern | undefined;
	/** The line at which the search stands. */
	readonly searchAt?: number | undefined;
};

/** Of a line, no more finds than that are marked. */
const mostMarked = 100;
/** What is before a line takes no more than this part of the width. */
const widestPrefix = 1 / 2;
/** A second has the same clock time for all its lines. */
const clock = {second: Number.NaN, text: ''};

/** The rows of a line, none wider than `look.width`. */
export function lineRows(line: KeptLine, look: LineLook): string[] {
	if (line.skipped !== undefined) return [look.paint.dim(fitWithin(line.text, look))];
	const prefix = prefixOf(line, look);
	const room = Math.max(1, look.width - prefix.width);
	const text = coloured(line, look);
	if (!look.wrap) return [prefix.text + sliceCells(text, look.shift, room)];
	const [first = '', ...others] = wrapCells(text, room);
	return [prefix.text + first, ...others.map(row => ' '.repeat(prefix.width) + row)];
}

/** The line's text with the word of its level coloured, where it has no colours of its own, and what is searched for marked. */
function coloured({text, seq}: KeptLine, {paint, search, searchAt}: LineLook): Styled {
	let result = styled(text);
	if (result.marks.length === 0) {
		const found = findLevel(result.plain);
		const parameters = found === undefined ? '' : paint.level[found.level];
		if (found !== undefined && parameters !== '') result = overlaid(result, [found], sgr => applySgr(sgr, parameters));
	}
	if (search === undefined) return result;
	const parameters = seq === searchAt ? paint.matchNow : paint.match;
	return overlaid(result, search.find(result.plain, mostMarked), sgr => applySgr(sgr, parameters));
}

function prefixOf(line: KeptLine, look: LineLook): {text: string; width: number} {
	const {paint, timestamps, labelWidth, width, zero} = look;
	const time = timestamps === 'none' ? '' : `${timestamps === 'time' ? clockTime(line.at) : relativeTime(line.at - zero)} `;
	const label = labelWidth === 0 ? '' : fitCells(line.origin.label, labelWidth, paint.ellipsis);
	const bar = labelWidth === 0 ? '' : ` ${paint.bar[line.stream]} `;
	const total = time.length + labelWidth + bar.length;
	if (total > width * widestPrefix) return {text: '', width: 0};
	const text = (time === '' ? '' : paint.dim(time)) + (label === '' ? '' : paint.label(label, line.origin.colour) + paint.dim(bar));
	return {text, width: total};
}

function fitWithin(text: string, {width, paint}: LineLook): string {
	return fitCells(text, width, paint.ellipsis).trimEnd();
}

/** `HH:MM:SS.mmm` of the local clock. */
function clockTime(at: number): string {
	const second = Math.floor(at / 1000);
	if (clock.second !== second) {
		const date = new Date(at);
		clock.second = second;
		clock.text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
	}
	return `${clock.text}.${String(Math.floor(at - second * 1000)).padStart(3, '0')}`;
}

/** `+12.345`, `+1:02.345`, `+1:02:03.456`, right-aligned; negative where clocks differ. */
function relativeTime(ms: number): string {
	const span = Math.abs(Math.round(ms));
	const seconds = Math.floor(span / 1000);
	const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
	const two = (value: number) => String(value).padStart(2, '0');
	const rest = `${two(seconds % 60)}.${String(span % 1000).padStart(3, '0')}`;
	const text = hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
	return `${ms < 0 ? '-' : '+'}${text}`.padStart(12);
}
