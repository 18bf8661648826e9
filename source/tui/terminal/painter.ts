import {cellWidth, sliceCells, styled} from '../../text/cells.ts';
import type {Size} from '../picture/layout.ts';
import type {Band} from '../screen.ts';
import type {TerminalStream} from './stdio-guard.ts';

const csi = '\u001b[';
/** The terminal shows what is between these two at once, where it knows them; and what is too wide does not go on in the next row. */
const begin = `${csi}?2026h${csi}?7l`;
const end = `${csi}?7h${csi}?2026l`;
const plain = `${csi}m`;

/** Sequences that switch something of the terminal on or off: its other screen, its cursor, how it tells of what is pasted. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const switches = /\u001b\[\?(?!2026)\d+[hl]/g;

/** A `write` for whoever draws nothing: only what switches the terminal passes. */
export function switchesOnly(stdout: TerminalStream): TerminalStream['write'] {
	return (chunk: Uint8Array | string, ...more: readonly unknown[]): boolean => {
		const text = (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()).match(switches)?.join('') ?? '';
		const done = more.findLast(value => typeof value === 'function') as (() => void) | undefined;
		return stdout.write(text, done);
	};
}

/**
 * Puts pictures on a terminal: of each only the rows that are not there already. A frame of Ink costs milliseconds, as it takes every
 * cell of every row apart; here a row that did not change costs a comparison.
 */
export class Painter {
	readonly #write: (text: string) => void;
	/** What stands in each row; undefined: nobody knows. */
	#rows: readonly string[] = [];
	#columns = 0;
	#isPaused = false;

	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	paint({size, bands}: {readonly size: Size; readonly bands: readonly Band[]}): void {
		if (this.#isPaused) return;
		const before = size.columns === this.#columns ? this.#rows : [];
		const rows: string[] = [];
		let text = '';
		for (const band of bands) {
			const height = band[0]?.rows.length ?? 0;
			for (let at = 0; at < height && rows.length < size.rows; at++) {
				const row = band.length === 1 ? (band[0]?.rows[at] ?? '') : band.map(area => area.rows[at] ?? '').join(plain);
				if (row !== before[rows.length]) text += place(rows.length, fitted(band, at));
				rows.push(row);
			}
		}
		while (rows.length < size.rows) {
			if (before[rows.length] !== '') text += place(rows.length, '');
			rows.push('');
		}
		this.#rows = rows;
		this.#columns = size.columns;
		if (text !== '') this.#write(begin + text + end);
	}

	/** Nobody knows what stands on the terminal: all of the next picture is written. */
	forget(): void {
		this.#rows = [];
	}

	/** Somebody else has the terminal: nothing is drawn until it is back, and then all of it. */
	pause(): void {
		this.#isPaused = true;
		this.forget();
	}

	resume(): void {
		this.#isPaused = false;
	}
}

function place(row: number, text: string): string {
	return `${csi}${row + 1};1H${csi}K${text}${plain}`;
}

/** One row of the areas side by side, each exactly as wide as it is to be; the last one may be narrower. */
function fitted(band: Band, at: number): string {
	const last = band.length - 1;
	let text = '';
	for (const [index, {width, rows}] of band.entries()) {
		const row = rows[at] ?? '';
		const cells = cellWidth(row);
		text += cells > width ? sliceCells(styled(row), 0, width) : row;
		if (index < last) text += plain + ' '.repeat(Math.max(0, width - cells));
	}
	// The row was emptied before.
	return text.trimEnd();
}
