import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import type {EventEmitter} from 'node:events';
import {once} from 'node:events';
import {closeSync, constants, openSync} from 'node:fs';
import {constants as system} from 'node:os';
import {isatty} from 'node:tty';
import {ByoaiError} from '../../model/error.ts';
import type {Host} from '../acting/host.ts';
import {clipboardSequence} from '../acting/host.ts';
import {holdInput} from './held-input.ts';
import {endTree} from './program-tree.ts';
import {stopProcess} from './stop-process.ts';

/** Runs a program on the terminal; resolves with its exit status. When `ending` is aborted, ends it. */
export type RunProgram = (program: string, args: readonly string[], environment: NodeJS.ProcessEnv, ending: AbortSignal) => Promise<number>;

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

/** The terminal as others get it: programs that are opened from the screen, and the shell. */
export class TerminalHost implements Host {
	readonly pager: string;
	readonly directory = process.cwd();
	readonly #parts: HostParts;
	readonly #ending = new AbortController();
	readonly #closed = Promise.withResolvers<void>();
	/** Resolves when the screen has the terminal again; undefined: it has it. */
	#lent: Promise<void> | undefined;
	/** Resolves when no program has it any more; undefined: none has it. */
	#running: Promise<unknown> | undefined;

	constructor(parts: HostParts) {
		this.#parts = parts;
		this.pager = parts.environment.PAGER || 'less';
	}

	copy(text: string): void {
		this.#parts.write(clipboardSequence(text));
	}

	/** Gives the terminal to somebody for so long; who has it already keeps it, and nothing is done. */
	async lend(during: () => Promise<void>): Promise<void> {
		if (this.#lent !== undefined) return;
		this.#lent = this.#parts.suspend(during);
		try {
			await this.#lent;
		} finally {
			this.#lent = undefined;
		}
	}

	/** Gives the terminal to the shell, as Ctrl+Z does; false: there is none. */
	async stop(signals: EventEmitter): Promise<boolean> {
		let hasStopped = true;
		await this.lend(async () => {
			hasStopped = await stopProcess(signals);
		});
		return hasStopped;
	}

	async run(program: string, args: readonly string[]): Promise<number> {
		while (this.#lent !== undefined) await this.#lent;
		if (this.#ending.signal.aborted) throw new ByoaiError('stopping', 'the screen is being left');
		let status = 0;
		await this.lend(async () => {
			const running = this.#runHere(program, args);
			this.#running = running.catch(() => undefined);
			try {
				status = await running;
			} finally {
				this.#running = undefined;
				// The screen is not to come back once more in order to go at once.
				if (this.#ending.signal.aborted) await this.#closed.promise;
			}
		});
		return status;
	}

	/** Takes the terminal back from a program that has it, which is ended; undefined: none has it. */
	takeBack(): Promise<unknown> | undefined {
		this.#ending.abort();
		return this.#running;
	}

	/** The screen is gone. */
	close(): void {
		this.#ending.abort();
		this.#closed.resolve();
	}

	async #runHere(program: string, args: readonly string[]): Promise<number> {
		const {environment, runProgram, stdin, lendKeys, write, regain} = this.#parts;
		const readAgain = holdInput(stdin);
		const takeKeysAgain = lendKeys();
		let wasKilled = false;
		try {
			// `less` shows colours, unless it was told how to show things.
			const status = await runProgram(program, args, {LESS: '-R', ...environment}, this.#ending.signal);
			wasKilled = status > signalled || this.#ending.signal.aborted;
			return status;
		} finally {
			regain();
			if (wasKilled) write(usualScreen);
			takeKeysAgain();
			readAgain();
		}
	}
}

/** What shells add to the number of a signal. */
const signalled = 128;
/** The normal screen, with a cursor, keys that send what they usually do, and no colours: whoever was killed may have left another. */
const usualScreen = '\u001b[?1047l\u001b[?25h\u001b[?1l\u001b>\u001b[m';

/** Runs a program that has the terminal to itself. */
export async function runChild(program: string, args: readonly string[], env: NodeJS.ProcessEnv, ending: AbortSignal): Promise<number> {
	const {promise, resolve, reject} = Promise.withResolvers<number>();
	const child = withTerminal(stdio => spawn(program, args, {stdio, env}))
		.on('error', reject)
		.on('exit', (code, signal) => resolve(code ?? signalled + (signal === null ? 0 : system.signals[signal])));
	let end: Promise<void> | undefined;
	const onEnding = () => {
		if (child.pid !== undefined) end = endTree(child.pid);
	};
	ending.addEventListener('abort', onEnding, {once: true});
	try {
		const status = await promise;
		// What it started may end after it.
		await end;
		if (status > signalled || ending.aborted) await saneModes();
		return status;
	} finally {
		ending.removeEventListener('abort', onEnding);
	}
}

type Way = number | 'inherit';

/**
 * Starts a program with the terminal opened anew for it, where that can be. What a child inherits is made to wait for the terminal, and with it this
 * process, which shares it: where nobody reads, what it had still to write would hold it up.
 */
function withTerminal(start: (stdio: [Way, Way, Way]) => ChildProcess): ChildProcess {
	const opened = [0, 1, 2].map(openAgain);
	const [stdin = 'inherit', stdout = 'inherit', stderr = 'inherit'] = opened;
	try {
		return start([stdin, stdout, stderr]);
	} finally {
		for (const way of opened) if (way !== 'inherit') closeSync(way);
	}
}

function openAgain(fd: number): Way {
	if (process.platform !== 'linux' || !isatty(fd)) return 'inherit';
	try {
		return openSync(`/proc/self/fd/${fd}`, constants.O_RDWR | constants.O_NOCTTY);
	} catch {
		return 'inherit'; // it is another user's, as after `su`
	}
}

const modesWithinMs = 1000;

/** Lines, echo and signals as usual: whoever was killed may have left them as programs have them that draw. How they were before byoai began, Node sets when it ends. */
async function saneModes(): Promise<void> {
	// It would wait for ever for a terminal that nobody reads.
	const child = withTerminal(([stdin]) =>
		spawn('stty', ['sane'], {stdio: [stdin, 'ignore', 'ignore'], timeout: modesWithinMs, killSignal: 'SIGKILL'}),
	);
	try {
		await once(child, 'exit');
	} catch {
		// There is no `stty`: whoever has the terminal next sets what it needs.
	}
}
