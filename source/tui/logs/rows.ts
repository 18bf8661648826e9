import {cellWidth, sliceCells, styled} from '../../text/cells.ts';
import {formatCount} from '../../text/spans.ts';
import type {LineLook, Timestamps} from './format.ts';
import {lineRows} from './format.ts';
import type {LogPaint} from './paint.ts';
import type {LogRing} from './ring.ts';

/** Lines whose rows are remembered: several screens. */
const remembered = 2000;
const widestLabel = 24;

/** The rows of a ring's lines as they look now. Made when they are asked for, and once as long as nothing about the look changes. */
export class LogRows {
	readonly #ring: LogRing;
	readonly #known = new Map<number, readonly string[]>();
	#look: LineLook;

	constructor(ring: LogRing, paint: LogPaint) {
		this.#ring = ring;
		this.#look = {paint, width: 1, wrap: false, shift: 0, timestamps: 'none', zero: 0, labelWidth: 0};
	}

	get now(): LineLook {
		return this.#look;
	}

	setWrap(wrap: boolean): void {
		this.change({wrap, shift: 0});
	}

	/** By so many columns, where lines are not wrapped. */
	shift(columns: number): void {
		if (!this.#look.wrap) this.change({shift: Math.max(0, this.#look.shift + columns)});
	}

	/** `zero`: what relative times count from, in milliseconds since 1970. */
	setTimestamps(timestamps: Timestamps, zero = 0): void {
		this.change({timestamps, zero});
	}

	/** Labels of the origins whose lines are shown; none: lines have no label. */
	setLabels(labels: readonly string[]): void {
		this.change({labelWidth: labels.reduce((widest, label) => Math.min(widestLabel, Math.max(widest, cellWidth(label))), 0)});
	}

	change(change: Partial<LineLook>): void {
		if (Object.entries(change).every(([key, value]) => this.#look[key as keyof LineLook] === value)) return;
		this.#look = {...this.#look, ...change};
		this.#known.clear();
	}

	/** The rows of one line, at least one. Where lines before it are missing, a row says so. */
	of(seq: number): readonly string[] {
		const line = this.#ring.get(seq);
		if (line === undefined) return [''];
		const missing = this.#ring.missingBefore(seq);
		// A gap grows while its neighbours stay, so its row is made anew.
		if (missing > 0) return [this.#gap(missing), ...lineRows(line, this.#look)];
		let rows = this.#known.get(seq);
		if (rows === undefined) {
			rows = lineRows(line, this.#look);
			if (this.#known.size >= remembered) this.#known.clear();
			this.#known.set(seq, rows);
		}
		return rows;
	}

	/** The row of a line that has not ended. */
	ofOpen(text: string): string {
		return sliceCells(styled(text), this.#look.shift, this.#look.width);
	}

	/** Numbers are never used again, but the rows would stay in memory. */
	forget(): void {
		this.#known.clear();
	}

	#gap(missing: number): string {
		const {paint, width} = this.#look;
		return paint.dim(`${paint.ellipsis} ${formatCount(missing)} lines are not at hand, all in byoai logs`.slice(0, width));
	}
}
