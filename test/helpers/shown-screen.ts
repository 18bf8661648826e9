import type {IBufferCell} from '@xterm/headless';
import headless from '@xterm/headless';
import {expect, onTestFinished} from 'vitest';

/** What keys send. */
const sequences: Readonly<Record<string, string>> = {
	up: '\u001b[A',
	down: '\u001b[B',
	right: '\u001b[C',
	left: '\u001b[D',
	enter: '\r',
	tab: '\t',
	'shift+tab': '\u001b[Z',
	esc: '\u001b',
	backspace: '\u007f',
	pagedown: '\u001b[6~',
	pageup: '\u001b[5~',
	space: ' ',
};

/** What a terminal sends when a key is pressed; names as in the keymap. */
export function sequenceOf(key: string): string {
	return sequences[key] ?? controlOf(key) ?? key;
}

function controlOf(key: string): string | undefined {
	const letter = /^ctrl\+([a-z])$/.exec(key)?.[1];
	return letter === undefined ? undefined : String.fromCharCode(letter.charCodeAt(0) - 96);
}

/** The screen of a terminal, read as a person reads it. */
export class ShownScreen {
	readonly terminal: InstanceType<typeof headless.Terminal>;

	constructor(columns: number, rows: number) {
		this.terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 1000});
		onTestFinished(({task}) => {
			// Most tests that fail here wait for what did not come: what stood there instead says why.
			if (task.result?.state === 'fail') console.error(`The screen when "${task.name}" failed:\n${this.text}`);
			this.terminal.dispose();
		});
	}

	/** As it is now, without blanks at the ends of rows. */
	get text(): string {
		const {active} = this.terminal.buffer;
		// A row that was longer before the terminal became narrower still has its cells; nobody sees them.
		const rowOf = (y: number) =>
			active
				.getLine(active.viewportY + y)
				?.translateToString(true, 0, this.terminal.cols)
				.trimEnd();
		const rows = Array.from({length: this.terminal.rows}, (_, y) => rowOf(y) ?? '');
		return rows.join('\n');
	}

	get isAlternate(): boolean {
		return this.terminal.buffer.active.type === 'alternate';
	}

	/** The row with some text in it; undefined: there is none. */
	row(text: string): string | undefined {
		return this.text.split('\n').find(row => row.includes(text));
	}

	/** The first cell of some text on the screen. */
	cellOf(text: string): IBufferCell | undefined {
		const {active} = this.terminal.buffer;
		for (let y = 0; y < this.terminal.rows; y++) {
			const line = active.getLine(active.viewportY + y);
			const x = line?.translateToString(true).indexOf(text) ?? -1;
			if (x >= 0) return line?.getCell(x);
		}
		return undefined;
	}

	/** Resolves once the screen shows it. */
	async shows(expected: RegExp | string, timeout = 10_000): Promise<this> {
		await expect.poll(() => (this.#has(expected) ? true : this.text), {message: String(expected), timeout}).toBe(true);
		return this;
	}

	/** Resolves once the screen does not show it. */
	async hides(expected: RegExp | string): Promise<this> {
		await expect.poll(() => (this.#has(expected) ? this.text : true), {message: `not ${expected}`, timeout: 10_000}).toBe(true);
		return this;
	}

	#has(expected: RegExp | string): boolean {
		return typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text);
	}
}
