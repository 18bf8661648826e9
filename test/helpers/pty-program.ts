import type {IPty} from '@lydell/node-pty';
import {spawn} from '@lydell/node-pty';
import {onTestFinished} from 'vitest';
import type {CliPlace} from './cli.ts';
import {program} from './cli.ts';
import {ShownScreen, sequenceOf} from './shown-screen.ts';

export type PtyOptions = {
	readonly columns?: number;
	readonly rows?: number;
	readonly env?: NodeJS.ProcessEnv;
	/** What is started instead of the program itself. */
	readonly command?: readonly [file: string, ...argv: string[]];
};

export type PtyEnd = {readonly status: number; readonly signal: number | undefined};

/** The built program in a real pseudo-terminal, ended with the test at the latest. */
export class PtyProgram extends ShownScreen {
	readonly ended: Promise<PtyEnd>;
	/** Everything that it wrote. */
	output = '';
	readonly #pty: IPty;

	constructor(place: CliPlace, argv: readonly string[], {columns = 80, rows = 24, env = {}, command}: PtyOptions = {}) {
		super(columns, rows);
		const [file, ...rest] = command ?? [process.execPath, program];
		this.#pty = spawn(file, [...rest, ...argv], {
			name: env.TERM ?? 'xterm-256color',
			cols: columns,
			rows,
			cwd: place.directory,
			env: place.environment({LANG: 'C.UTF-8', ...env}),
		});
		this.#pty.onData(text => {
			this.output += text;
			this.terminal.write(text);
		});
		const {promise, resolve} = Promise.withResolvers<PtyEnd>();
		this.ended = promise;
		let hasEnded = false;
		this.#pty.onExit(({exitCode, signal}) => {
			hasEnded = true;
			resolve({status: exitCode, signal: signal === 0 ? undefined : signal});
		});
		onTestFinished(async () => {
			if (!hasEnded) this.#pty.kill('SIGKILL');
			await promise;
		});
	}

	get pid(): number {
		return this.#pty.pid;
	}

	/**
	 * Resolves once the screen's head says that of its run. A task can have that status, too, and an earlier one: who presses `q` at that is
	 * asked what is to become of the run.
	 */
	async showsRun(status: 'succeeded' | 'failed', timeout?: number): Promise<this> {
		return this.shows(new RegExp(`^ byoai {2}.* ${status} `), timeout);
	}

	/** Presses keys, all at once; names as in the keymap. */
	press(...keys: readonly string[]): this {
		for (const key of keys) this.#pty.write(sequenceOf(key));
		return this;
	}

	/** Text that arrives in one piece. */
	type(text: string): this {
		this.#pty.write(text);
		return this;
	}

	kill(signal: NodeJS.Signals): this {
		process.kill(this.pid, signal);
		return this;
	}

	resize(columns: number, rows: number): this {
		this.terminal.resize(columns, rows);
		this.#pty.resize(columns, rows);
		return this;
	}

	/** Nobody reads what it writes any more. */
	freeze(): void {
		this.#pty.pause();
	}

	thaw(): void {
		this.#pty.resume();
	}
}
