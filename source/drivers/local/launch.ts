import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {open} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../../model/error.ts';
import type {InstanceEnd} from '../../model/instance.ts';
import {lastOutput, logFile, readClaim} from './directory.ts';
import type {ProcessId} from './process.ts';

export type Launch = {
	/** For messages. */
	readonly name: string;
	readonly command: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
	readonly workingDirectory: string;
	/** The generation to claim. */
	readonly generation: string;
	/** How long the program may take to claim it. */
	readonly timeoutMs: number;
	/** A stop came: the program is killed, and nobody waits for it. */
	readonly stopped: AbortSignal;
	/** The driver closes: nobody waits, but the program goes on. */
	readonly closed: AbortSignal;
};

/** A process that this life of the orchestrator started, so that its exit status can be had. */
export type Child = {
	readonly pid: number;
	readonly ended: Promise<InstanceEnd>;
	readonly kill: () => void;
	readonly hasEnded: () => boolean;
};

/**
 * Starts the agent program, detached: with a session of its own it survives the terminal, Ctrl+C and the orchestrator, and
 * its output goes straight into a file. Resolves once a program holds the generation: this one, or another that was faster.
 */
export async function launch(options: Launch): Promise<{readonly holder: ProcessId; readonly child: Child}> {
	const child = await spawnAgent(options);
	try {
		const holder = await waitForHolder(options, child);
		if (holder.pid !== child.pid) await end(child);
		return {holder, child};
	} catch (error) {
		if (!options.closed.aborted || options.stopped.aborted) await end(child);
		throw error;
	}
}

/** How an end reads: `exited with code 3`, `killed by SIGKILL`. */
function describeEnd(exitCode: number | null, signal: string | null): InstanceEnd {
	if (signal !== null) return {cause: `killed by ${signal}`, signal};
	return {cause: `exited with code ${exitCode}`, ...(exitCode === null ? {} : {exitCode})};
}

async function end(child: Child): Promise<void> {
	child.kill();
	await child.ended;
}

async function waitForHolder({name, generation, timeoutMs, stopped, closed}: Launch, child: Child): Promise<ProcessId> {
	const deadline = performance.now() + timeoutMs;
	for (;;) {
		stopped.throwIfAborted();
		closed.throwIfAborted();
		// Asked before the claim is read, which then holds all that the child did.
		const ended = child.hasEnded();
		const claim = await readClaim(generation);
		if (typeof claim === 'object') return claim;
		if (claim === 'void' || !existsSync(generation)) throw new ByoaiError('unavailable', `Instance ${name} was stopped while it started.`);
		if (ended) throw new ByoaiError('unavailable', await failure(generation, (await child.ended).cause));
		if (performance.now() >= deadline) throw new ByoaiError('unavailable', await failure(generation, `was not up after ${timeoutMs} ms`));
		await sleep(10);
	}
}

async function failure(generation: string, what: string): Promise<string> {
	const output = await lastOutput(generation);
	return `The agent program did not start: it ${what}.${output === undefined ? '' : ` Its last output:\n${output}`}`;
}

async function spawnAgent({command, environment, workingDirectory, generation}: Launch): Promise<Child> {
	const [program = '', ...parameters] = command;
	const log = await open(logFile(generation), 'a', 0o600);
	try {
		const child = spawn(program, parameters, {
			cwd: workingDirectory,
			env: environment,
			detached: true,
			stdio: ['ignore', log.fd, log.fd],
		});
		const ended = new Promise<InstanceEnd>(resolve => {
			child.once('exit', (code, signal) => resolve(describeEnd(code, signal)));
		});
		const pid = await spawned(child, program);
		child.unref();
		return {pid, ended, kill: () => child.kill('SIGKILL'), hasEnded: () => child.exitCode !== null || child.signalCode !== null};
	} finally {
		await log.close();
	}
}

function spawned(child: ChildProcess, program: string): Promise<number> {
	return new Promise((resolve, reject) => {
		child.once('spawn', () => resolve(child.pid as number));
		child.on('error', cause => {
			reject(new ByoaiError('unavailable', `The agent program did not start: ${program} cannot be run (${cause.message}).`, {cause}));
		});
	});
}
