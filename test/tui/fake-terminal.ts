import {EventEmitter} from 'node:events';
import {PassThrough, Writable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Terminal} from '@xterm/headless';
import {ShownScreen, sequenceOf} from '../helpers/shown-screen.ts';

/** Standard output of a terminal that shows what it gets, and can stop taking it. */
class FakeStdout extends Writable {
	readonly isTTY = true;
	columns: number;
	rows: number;
	bytes = 0;
	readonly #terminal: Terminal;
	#held: (() => void) | undefined;
	#isFrozen = false;

	constructor(terminal: Terminal) {
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
/** The longest that a key waits to be read. */
const readMs = 10_000;

/** A terminal in this process: keys go in, and one sees what a person would see. */
export class FakeTerminal extends ShownScreen {
	readonly stdin = new FakeStdin();
	readonly stdout: FakeStdout;
	readonly stderr: FakeStdout;
	/** Where its process hears signals and warnings. */
	readonly process = new EventEmitter();
	#sent: Promise<void> = Promise.resolve();

	constructor(columns: number, rows: number) {
		super(columns, rows);
		this.stdout = new FakeStdout(this.terminal);
		this.stderr = new FakeStdout(this.terminal);
	}

	/** Presses keys, one after the other, as a person does; names as in the keymap. */
	press(...keys: readonly string[]): this {
		for (const key of keys) this.#send(sequenceOf(key));
		return this;
	}

	/** Text that arrives in one piece, as when it is typed fast. */
	type(text: string): this {
		return this.#send(text);
	}

	paste(text: string): this {
		return this.#send(`\u001b[200~${text}\u001b[201~`);
	}

	/** Hears what is put into the clipboard, as the terminal understands it. */
	onClipboard(heard: (text: string) => void): void {
		this.terminal.parser.registerOscHandler(52, data => {
			heard(Buffer.from(data.replace(/^c;/, ''), 'base64').toString());
			return true;
		});
	}

	/** Resolves when all that was pressed has been read. */
	get settled(): Promise<void> {
		return this.#sent;
	}

	#send(text: string): this {
		this.#sent = this.#sent.then(async () => {
			this.stdin.write(text);
			await this.#untilRead();
			// Until then an escape may be the beginning of a longer sequence.
			if (text === '\u001b') await sleep(escapeMs);
		});
		return this;
	}

	/** A screen that has been left reads no more: what it does not show then is the test's own affair. */
	async #untilRead(): Promise<void> {
		for (const until = performance.now() + readMs; this.stdin.readableLength > 0 && performance.now() < until; ) await sleep(1);
	}

	resize(columns: number, rows: number): this {
		this.terminal.resize(columns, rows);
		this.stdout.columns = columns;
		this.stdout.rows = rows;
		this.stdout.emit('resize');
		return this;
	}

	override async shows(expected: RegExp | string): Promise<this> {
		await this.#sent;
		return super.shows(expected);
	}

	override async hides(expected: RegExp | string): Promise<this> {
		await this.#sent;
		return super.hides(expected);
	}
}
