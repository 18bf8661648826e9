import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import {holdInput} from './held-input.ts';
import type {Host} from './host.ts';
import {clipboardSequence} from './host.ts';

export type RunProgram = (program: string, args: readonly string[], environment: NodeJS.ProcessEnv) => Promise<number>;

/** Gives the terminal to somebody else for so long. */
export type SuspendTerminal = (during: () => Promise<void>) => Promise<void>;

type HostParts = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	readonly runProgram: RunProgram;
	readonly stdin: NodeJS.ReadableStream;
	readonly lendKeys: () => () => void;
	readonly write: (text: string) => void;
	readonly suspend: SuspendTerminal;
	/** The terminal is this process's own again. */
	readonly regain: () => void;
};

/** The terminal as programs get it that are opened from the screen. */
export function hostOf({stdin, environment, runProgram, lendKeys, write, suspend, regain}: HostParts): Host {
	return {
		copy: text => write(clipboardSequence(text)),
		async run(program, args) {
			let status = 0;
			// Ink gives the terminal back for so long. `less` shows colours, unless it was told how to show things.
			await suspend(async () => {
				const readAgain = holdInput(stdin);
				const takeKeysAgain = lendKeys();
				try {
					status = await runProgram(program, args, {LESS: '-R', ...environment});
				} finally {
					regain();
					takeKeysAgain();
					readAgain();
				}
			});
			return status;
		},
		pager: environment.PAGER || 'less',
		directory: process.cwd(),
	};
}

/** Runs a program that has the terminal to itself. */
export async function runChild(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
	const {promise, resolve, reject} = Promise.withResolvers<number>();
	spawn(program, args, {stdio: 'inherit', env})
		.on('error', reject)
		.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
	return promise;
}
