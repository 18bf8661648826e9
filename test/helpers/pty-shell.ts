import {chmodSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import type {CliPlace} from './cli.ts';
import {program} from './cli.ts';
import {PtyProgram} from './pty-program.ts';

/** A shell with job control, in which somebody starts the built program by a name that is short wherever the project lies. */
export class PtyShell extends PtyProgram {
	readonly #commandLine: string;
	readonly #pidFile: string;

	constructor(place: CliPlace, argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
		super(place, [], {command: ['bash', '--norc', '--noprofile', '-i'], env: {PS1: 'shell> ', ...env}});
		chmodSync(place.file('byoai', `#!/bin/sh\necho $$ >byoai.pid\nexec '${process.execPath}' '${program}' "$@"\n`), 0o755);
		this.#commandLine = ['./byoai', ...argv].join(' ');
		this.#pidFile = join(place.directory, 'byoai.pid');
	}

	async start(): Promise<void> {
		await this.shows('shell>');
		this.type(`${this.#commandLine}\r`);
	}

	/** Signals the program alone, and not the shell. */
	override kill(signal: NodeJS.Signals): this {
		process.kill(Number(readFileSync(this.#pidFile, 'utf8')), signal);
		return this;
	}

	/** Stops the program with Ctrl+Z; the shell takes commands then. */
	async suspend(): Promise<void> {
		this.press('ctrl+z');
		await this.shows('Stopped');
		this.type('echo typed in the $((40 + 2))nd shell\r');
		await this.shows('typed in the 42nd shell');
	}

	/** Brings the program back; the shell has said so. */
	async resume(): Promise<void> {
		const before = this.output.length;
		this.type('fg\r');
		await expect.poll(() => this.output.slice(before), {timeout: 10_000}).toContain(this.#commandLine);
	}

	/** The program is over: it succeeded, and the terminal is as it was. */
	async isBack(): Promise<void> {
		await this.shows(/✔ run r\w+ succeeded.*\nshell>/);
		this.type('echo $?:$(stty -a | grep -o " echo ")\r');
		await this.shows('0: echo');
	}
}
