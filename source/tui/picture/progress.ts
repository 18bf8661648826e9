import type {TaskStatus} from '../../model/run.ts';
import {formatCount} from '../../text/spans.ts';
import type {Palette} from './palette.ts';

export type Counts = Readonly<Record<TaskStatus, number>>;

export function totalOf(counts: Counts): number {
	return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** How many tasks have ended. */
export function doneOf({succeeded, failed, cancelled, skipped}: Counts): number {
	return succeeded + failed + cancelled + skipped;
}

/** A bar of `width` columns: what succeeded, what ended otherwise, what runs, and the rest. A part that is there has a column at least. */
export function progressBar(counts: Counts, width: number, palette: Palette): string {
	const total = totalOf(counts);
	const {full, going, empty} = palette.glyphs;
	if (total === 0) return palette.dim(empty.repeat(width));
	const parts = [
		{count: counts.succeeded, paint: palette.good, glyph: full},
		{count: counts.failed, paint: palette.bad, glyph: full},
		{count: counts.cancelled + counts.skipped, paint: palette.caution, glyph: full},
		{count: counts.running, paint: palette.accent, glyph: going},
	];
	let left = width;
	let bar = '';
	for (const {count, paint, glyph} of parts) {
		if (count === 0 || left === 0) continue;
		const columns = Math.min(left, Math.max(1, Math.floor((count / total) * width)));
		left -= columns;
		bar += paint(glyph.repeat(columns));
	}
	return doneOf(counts) === total && left > 0 ? bar + palette.good(full.repeat(left)) : bar + palette.dim(empty.repeat(left));
}

/** What needs attention comes first, what is over last. */
const order: readonly TaskStatus[] = ['failed', 'waiting', 'running', 'ready', 'blocked', 'cancelled', 'skipped', 'succeeded'];

/** `✖ 2 failed`, `▶ 41 running` …: what there is of each status. */
export function countParts(counts: Counts, palette: Palette): string[] {
	return order.flatMap(status => {
		const {glyph, paint} = palette.badge(status);
		return counts[status] === 0 ? [] : [paint(`${glyph} ${formatCount(counts[status])} ${status}`)];
	});
}
