import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFailed, onTestFinished} from 'vitest';
import type {AtEnd} from './temporary-directory.ts';
import {temporaryDirectory} from './temporary-directory.ts';

/** The built program. */
export const program = join(import.meta.dirname, '../../dist/cli.js');

/** A directory of its own for a test: state, configuration, current directory. What is left of agents ends when it is removed. */
export class CliPlace {
	readonly directory: string;
	readonly state: string;
	readonly #atEnd: AtEnd;

	/** `atEnd`: when it is for more than one test. */
	constructor(atEnd: AtEnd = onTestFinished) {
		this.#atEnd = atEnd;
		this.directory = temporaryDirectory(atEnd);
		this.state = join(this.directory, 'state');
	}

	/** Puts a file here; returns its path. */
	file(name: string, text: string): string {
		const path = join(this.directory, name);
		writeFileSync(path, text);
		return path;
	}

	/** All that a program started here has: PATH, where it keeps things, and what is given. */
	environment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
		const {PATH, TMPDIR, NODE_COMPILE_CACHE} = process.env;
		return {
			PATH,
			...(TMPDIR && {TMPDIR}),
			...(NODE_COMPILE_CACHE && {NODE_COMPILE_CACHE}),
			BYOAI_STATE_DIR: this.state,
			XDG_CONFIG_HOME: this.directory,
			...env,
		};
	}

	/** Starts the built program here. */
	start(argv: readonly string[], env: NodeJS.ProcessEnv = {}, stdout: 'pipe' | number = 'pipe'): Cli {
		if (!existsSync(program)) throw new Error(`${program} is not there: run "npm run build" first`);
		const child = spawn(process.execPath, [program, ...argv], {
			cwd: this.directory,
			env: this.environment(env),
			stdio: ['ignore', stdout, 'pipe'],
		});
		const cli = new Cli(child, this.#atEnd);
		if (this.#atEnd === onTestFinished) onTestFailed(() => cli.tell(argv));
		return cli;
	}

	/** Runs the program to its end. */
	async run(argv: readonly string[], env?: NodeJS.ProcessEnv, stdout?: number): Promise<Ended> {
		return this.start(argv, env, stdout).ended;
	}
}

/** Of each of its outputs, the last characters that a failed test shows. */
const toldText = 2000;

export type Ended = {
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
};

/** A program in a process of its own, ended with the test at the latest. */
export class Cli {
	readonly process: ChildProcess;
	readonly ended: Promise<Ended>;
	stdout = '';
	stderr = '';

	constructor(child: ChildProcess, atEnd: AtEnd = onTestFinished) {
		this.process = child;
		child.stdout?.on('data', (chunk: Buffer) => {
			this.stdout += chunk.toString();
		});
		child.stderr?.on('data', (chunk: Buffer) => {
			this.stderr += chunk.toString();
		});
		this.ended = once(child, 'close').then(([status, signal]) => ({status, signal, stdout: this.stdout, stderr: this.stderr}));
		atEnd(async () => {
			if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
			await this.ended;
		});
	}

	/** Says on standard error how far it came. */
	tell(argv: readonly string[]): void {
		const {exitCode, signalCode} = this.process;
		const [out, err] = [this.stdout, this.stderr].map(text => text.slice(-toldText));
		console.error(`byoai ${argv.join(' ')}: ${exitCode ?? signalCode ?? 'not ended'}\n${out}\n${err}`);
	}

	/** Resolves once standard output or standard error matches. */
	async says(pattern: RegExp): Promise<RegExpExecArray> {
		const find = () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
		await expect.poll(find, {message: String(pattern), timeout: 25_000}).not.toBeNull();
		const found = find();
		if (found === null) throw new Error(`${pattern} was there, and is not`);
		return found;
	}
}
