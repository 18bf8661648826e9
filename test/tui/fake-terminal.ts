import {EventEmitter} from 'node:events';
import {PassThrough, Writable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {IBufferCell} from '@xterm/headless';
import headless from '@xterm/headless';
import {expect, onTestFinished} from 'vitest';

/** Standard output of a terminal that shows what it gets, and can stop taking it. */
class FakeStdout extends Writable {
	readonly isTTY = true;
	columns: number;
	rows: number;
	bytes = 0;
	readonly #terminal: InstanceType<typeof headless.Terminal>;
	#held: (() => void) | undefined;
	#isFrozen = false;

	constructor(terminal: InstanceType<typeof headless.Terminal>) {
		super({decodeStrings: false});
		this.#terminal = terminal;
		this.columns = terminal.cols;
		this.rows = terminal.rows;
	}

	override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
		const text = chunk.toString();
		this.bytes += text.length;
		const show = () => this.#terminal.write(text.replace(/(?<!\r)\n/g, '\r\n'), done);
		if (this.#isFrozen) this.#held = show;
		else show();
	}

	/** As where nobody reads the other end. */
	freeze(): void {
		this.#isFrozen = true;
	}

	thaw(): void {
		this.#isFrozen = false;
		this.#held?.();
		this.#held = undefined;
	}
}

class FakeStdin extends PassThrough {
	readonly isTTY = true;
	isRaw = false;
	setRawMode(isRaw: boolean): this {
		this.isRaw = isRaw;
		return this;
	}
	ref(): this {
		return this;
	}
	unref(): this {
		return this;
	}
}

/** So long Ink waits for what may follow an escape, and some more. */
const escapeMs = 40;

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

/** A terminal in this process: keys go in, and one sees what a person would see. */
export class FakeTerminal {
	readonly stdin = new FakeStdin();
	readonly stdout: FakeStdout;
	readonly stderr: FakeStdout;
	/** Where its process hears signals and warnings. */
	readonly process = new EventEmitter();
	readonly #terminal: InstanceType<typeof headless.Terminal>;
	#sent: Promise<void> = Promise.resolve();

	constructor(columns: number, rows: number) {
		this.#terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true});
		this.stdout = new FakeStdout(this.#terminal);
		this.stderr = new FakeStdout(this.#terminal);
		onTestFinished(() => this.#terminal.dispose());
	}

	/** Presses keys, one after the other, as a person does; names as in the keymap. */
	press(...keys: readonly string[]): this {
		for (const key of keys) this.#send(sequences[key] ?? controlOf(key) ?? key);
		return this;
	}

	/** Text that arrives in one piece, as when it is typed fast. */
	type(text: string): this {
		return this.#send(text);
	}

	paste(text: string): this {
		return this.#send(`\u001b[200~${text}\u001b[201~`);
	}

	/** Resolves when all that was pressed has been read. */
	get settled(): Promise<void> {
		return this.#sent;
	}

	#send(text: string): this {
		this.#sent = this.#sent.then(async () => {
			this.stdin.write(text);
			await expect.poll(() => this.stdin.readableLength, {interval: 1}).toBe(0);
			// Until then an escape may be the beginning of a longer sequence.
			if (text === '\u001b') await sleep(escapeMs);
		});
		return this;
	}

	resize(columns: number, rows: number): this {
		this.#terminal.resize(columns, rows);
		this.stdout.columns = columns;
		this.stdout.rows = rows;
		this.stdout.emit('resize');
		return this;
	}

	/** The screen as it is now, without blanks at the ends of rows. */
	get text(): string {
		const {active} = this.#terminal.buffer;
		const rows = Array.from({length: this.#terminal.rows}, (_, y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '');
		return rows.join('\n');
	}

	get isAlternate(): boolean {
		return this.#terminal.buffer.active.type === 'alternate';
	}

	/** The row with some text in it; undefined: there is none. */
	row(text: string): string | undefined {
		return this.text.split('\n').find(row => row.includes(text));
	}

	/** The first cell of some text on the screen. */
	cellOf(text: string): IBufferCell | undefined {
		const {active} = this.#terminal.buffer;
		for (let y = 0; y < this.#terminal.rows; y++) {
			const line = active.getLine(active.viewportY + y);
			const x = line?.translateToString(true).indexOf(text) ?? -1;
			if (x >= 0) return line?.getCell(x);
		}
		return undefined;
	}

	/** Resolves once the screen shows it. */
	async shows(expected: RegExp | string): Promise<this> {
		await this.#sent;
		const isThere = () => (typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text));
		await expect.poll(() => (isThere() ? true : this.text), {message: String(expected), timeout: 10_000}).toBe(true);
		return this;
	}

	/** Resolves once the screen does not show it. */
	async hides(expected: RegExp | string): Promise<this> {
		await this.#sent;
		const isThere = () => (typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text));
		await expect.poll(() => (isThere() ? this.text : true), {message: `not ${expected}`, timeout: 10_000}).toBe(true);
		return this;
	}
}

function controlOf(key: string): string | undefined {
	const letter = /^ctrl\+([a-z])$/.exec(key)?.[1];
	return letter === undefined ? undefined : String.fromCharCode(letter.charCodeAt(0) - 96);
}
