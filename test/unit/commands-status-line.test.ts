import {EventEmitter} from 'node:events';
import {Writable} from 'node:stream';
import {describe, expect, test} from 'vitest';
import {Output} from '../../source/commands/terminal/output.ts';
import {StatusLine} from '../../source/commands/terminal/status-line.ts';
import {ShownScreen} from '../helpers/shown-screen.ts';

/** Standard output and standard error of a program on the same terminal. */
class Console extends ShownScreen {
	readonly stdout = this.#stream();
	readonly stderr = this.#stream();
	/** A shell has the terminal back. */
	isInBackground = false;
	readonly signals = new EventEmitter();
	readonly stops: string[][] = [];
	readonly statusLine = new StatusLine(this.stdout, {
		signals: this.signals,
		isInForeground: () => !this.isInBackground,
		stop: () => this.stops.push(this.signals.eventNames().map(String)),
	});
	readonly output = new Output(this.stdout, this.statusLine);
	readonly errors = new Output(this.stderr, this.statusLine);
	/** All that was written. */
	written = '';

	/** All rows there were, without the blank ones at the end. */
	get rows(): string[] {
		const {active} = this.terminal.buffer;
		return Array.from({length: active.length}, (_, y) => active.getLine(y)?.translateToString(true) ?? '')
			.join('\n')
			.trimEnd()
			.split('\n');
	}

	/** Resolves once the terminal has all that was written. */
	async settled(): Promise<this> {
		await this.output.flush();
		await this.errors.flush();
		await new Promise<void>(resolve => this.terminal.write('', resolve));
		return this;
	}

	resize(columns: number): void {
		this.terminal.resize(columns, this.terminal.rows);
		this.stdout.columns = columns;
		this.stdout.emit('resize');
	}

	#stream(): Writable & {columns: number; isTTY: true} {
		const stream = new Writable({
			decodeStrings: false,
			write: (text: string, _, done) => {
				this.written += text;
				this.terminal.write(text.replace(/\n/g, '\r\n'));
				done();
			},
		});
		return Object.assign(stream, {columns: this.terminal.cols, isTTY: true as const});
	}
}

describe('a line at the foot of a terminal', () => {
	test('stands below what is printed, on either stream, and is gone at the end', async () => {
		const shown = new Console(40, 5);
		shown.statusLine.set(() => 'pulling 1 %');
		expect((await shown.settled()).rows).toEqual(['pulling 1 %']);
		for (let number = 0; number < 20; number++) {
			shown.output.write(`line ${number}\n`);
			if (number % 5 === 0) shown.errors.write(`byoai: note ${number}\n`);
			shown.statusLine.set(() => `pulling ${number} %`);
			await shown.settled();
			expect(shown.rows.at(-1)).toBe(`pulling ${number} %`);
		}
		expect(shown.rows.filter(row => row.includes('pulling'))).toHaveLength(1);
		shown.statusLine.end();
		shown.output.write('the end\n');
		await shown.settled();
		const lines = Array.from({length: 20}, (_, number) => [`line ${number}`, ...(number % 5 === 0 ? [`byoai: note ${number}`] : [])]);
		expect(shown.rows).toEqual([...lines.flat(), 'the end']);
	});

	test('is written only when it says something else', async () => {
		const shown = new Console(40, 5);
		shown.statusLine.set(() => 'pulling 1 %');
		await shown.settled();
		const before = shown.written;
		for (let time = 0; time < 100; time++) shown.statusLine.set(() => 'pulling 1 %');
		await shown.settled();
		expect(shown.written).toBe(before);
		shown.statusLine.set(() => undefined);
		expect((await shown.settled()).text.trim()).toBe('');
	});

	test('waits for the end of a line that is being printed', async () => {
		const shown = new Console(40, 5);
		shown.statusLine.set(() => 'pulling');
		await shown.settled();
		shown.output.write('begun, ');
		expect((await shown.settled()).rows).toEqual(['begun,']);
		shown.statusLine.set(() => 'pulling more');
		shown.output.write('ended\n');
		expect((await shown.settled()).rows).toEqual(['begun, ended', 'pulling more']);
	});

	test.each([
		['narrower', 20],
		['much narrower', 7],
		['wider', 60],
	])('has the width of a terminal that becomes %s, and leaves nothing of the old one', async (_, columns) => {
		const shown = new Console(40, 6);
		shown.output.write('one\n');
		shown.statusLine.set(width => '#'.repeat(width - 1));
		expect((await shown.settled()).rows).toEqual(['one', '#'.repeat(39)]);
		shown.resize(columns);
		expect((await shown.settled()).rows).toEqual(['one', '#'.repeat(columns - 1)]);
		shown.output.write('two\n');
		expect((await shown.settled()).rows).toEqual(['one', 'two', '#'.repeat(columns - 1)]);
		shown.statusLine.end();
		expect((await shown.settled()).rows).toEqual(['one', 'two']);
	});

	test('drawn for a width that the terminal has no more, it is cut there', async () => {
		const shown = new Console(40, 6);
		shown.output.write('one\n');
		await shown.settled();
		shown.terminal.resize(20, 6);
		shown.statusLine.set(() => '0123456789'.repeat(3));
		expect((await shown.settled()).rows).toEqual(['one', expect.stringMatching(/^0123456789.{10}$/)]);
		shown.statusLine.end();
		shown.output.write(`two ${'#'.repeat(30)}\n`);
		expect((await shown.settled()).rows).toEqual(['one', `two ${'#'.repeat(16)}`, '#'.repeat(14)]);
	});

	test('is not drawn while a shell has the terminal back, and is again when the program has it', async () => {
		const shown = new Console(40, 6);
		shown.isInBackground = true;
		shown.output.write('one\n');
		shown.statusLine.set(() => 'pulling');
		await shown.settled();
		shown.terminal.write('shell> half a li');
		shown.statusLine.set(() => 'pulling more');
		shown.resize(39);
		expect((await shown.settled()).rows).toEqual(['one', 'shell> half a li']);
		shown.output.write(' two\n');
		expect((await shown.settled()).rows).toEqual(['one', 'shell> half a li two']);
		shown.isInBackground = false;
		shown.signals.emit('SIGCONT');
		expect((await shown.settled()).rows).toEqual(['one', 'shell> half a li two', 'pulling more']);
		shown.isInBackground = true;
		shown.statusLine.end();
		shown.output.write('three\n');
		expect((await shown.settled()).rows.slice(0, 2)).toEqual(['one', 'shell> half a li two']);
	});

	test('makes room for the shell before Ctrl+Z stops the program', async () => {
		const shown = new Console(40, 6);
		shown.statusLine.set(() => 'pulling');
		for (let time = 1; time <= 2; time++) {
			expect((await shown.settled()).rows).toEqual(['pulling']);
			shown.signals.emit('SIGTSTP');
			expect((await shown.settled()).rows).toEqual(['']);
			// It is the signal's own default that stops it.
			expect(shown.stops).toHaveLength(time);
			expect(shown.stops.at(-1)).not.toContain('SIGTSTP');
			shown.signals.emit('SIGCONT');
		}
		shown.statusLine.end();
		expect(shown.signals.eventNames()).toEqual([]);
	});

	test('is no part of what goes elsewhere, and costs it nothing', async () => {
		const shown = new Console(40, 5);
		const pipe: string[] = [];
		const sink = new Writable({
			decodeStrings: false,
			write(text: string, _, done) {
				pipe.push(text);
				done();
			},
		});
		const piped = new Output(sink, shown.statusLine);
		shown.statusLine.set(() => 'pulling');
		piped.write('a line\n');
		await piped.flush();
		await shown.settled();
		expect(pipe.join('')).toBe('a line\n');
		shown.statusLine.end();
		shown.output.write('plain\n');
		await shown.settled();
		expect(shown.written.endsWith('plain\n')).toBe(true);
	});
});
