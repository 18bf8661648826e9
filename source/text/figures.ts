import {formatCount} from './spans.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512 B`, `1.5 KiB`, `43 MiB` */
export function formatBytes(bytes: number): string {
	let value = Math.max(0, bytes);
	let unit = 0;
	// As it would be rounded: 1,023.9 KiB is 1.0 MiB.
	while (unit < units.length - 1 && value >= 1023.95) {
		value /= 1024;
		unit++;
	}
	const text = unit === 0 || value >= 99.95 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
	return `${text} ${units[unit]}`;
}

/** `1.5 MiB/s`; of other things than bytes: `12,345 lines/s`, `0.4 tasks/s`. */
export function formatRate(perSecond: number, of?: string): string {
	if (of === undefined) return `${formatBytes(perSecond)}/s`;
	const value = Math.max(0, perSecond);
	return `${value >= 9.95 ? formatCount(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '')} ${of}/s`;
}

/** How much of something is done. `total` is absent where nobody knows. */
export type Progress = {readonly done: number; readonly total?: number | undefined};

/** How far something is that is told in words: `pulling 43 % …`, `building …: step 3/9`; 0 to 1, undefined where they do not say. */
export function fractionIn(words: string): number | undefined {
	const step = /\bstep (\d+)\/(\d+)/.exec(words);
	// A step that is told of has only begun.
	if (step !== null) return fractionOf({done: Number(step[1]) - 1, total: Number(step[2])});
	const percent = /(\d{1,3})\s?%/.exec(words)?.[1];
	return percent === undefined ? undefined : fractionOf({done: Number(percent), total: 100});
}

/** 0 to 1; undefined: nobody knows. */
function fractionOf({done, total}: Progress): number | undefined {
	if (total === undefined || total <= 0) return undefined;
	return Math.min(1, Math.max(0, done / total));
}

/** A bar of `width` columns without colours; of an unknown total a mark that wanders with what is done. */
export function progressBar(progress: Progress, width: number, ascii: boolean): string {
	const [full, half, empty] = ascii ? ['#', '-', '-'] : ['━', '╸', '─'];
	const fraction = fractionOf(progress);
	if (fraction === undefined) {
		const size = Math.max(1, Math.min(width, Math.round(width / 5)));
		const room = width - size;
		const at = room === 0 ? 0 : Math.abs((Math.floor(progress.done) % (2 * room)) - room);
		return empty.repeat(at) + full.repeat(size) + empty.repeat(room - at);
	}
	const halves = Math.floor(fraction * width * 2);
	const bar = full.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? half : '');
	return bar + empty.repeat(width - bar.length);
}

/** What comes within a shorter time says little of a rate. */
const leastSpanMs = 200;

/** How fast a count grows lately. Newer seconds count for more; a pause makes it fall. */
export class RateMeter {
	readonly #halfLifeMs: number;
	#at: number | undefined;
	#count = 0;
	#perSecond = 0;

	/** `halfLifeMs`: after so long, what was before counts half. */
	constructor(halfLifeMs = 3000) {
		this.#halfLifeMs = halfLifeMs;
	}

	/** The count at a time, in milliseconds of any clock. Returns the rate a second. */
	update(count: number, at: number): number {
		if (this.#at === undefined || count < this.#count) {
			this.#at = at;
			this.#count = count;
			this.#perSecond = 0;
			return 0;
		}
		const spanMs = at - this.#at;
		if (spanMs < leastSpanMs) return this.#perSecond;
		const now = ((count - this.#count) / spanMs) * 1000;
		const weight = this.#perSecond === 0 ? 1 : 1 - 0.5 ** (spanMs / this.#halfLifeMs);
		this.#perSecond += (now - this.#perSecond) * weight;
		this.#at = at;
		this.#count = count;
		return this.#perSecond;
	}

	get perSecond(): number {
		return this.#perSecond;
	}
}
