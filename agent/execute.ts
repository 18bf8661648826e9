import {once} from 'node:events';
import {rmSync} from 'node:fs';
import {resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {messageOf} from '../source/model/error.ts';
import {startVariable} from '../source/model/instance.ts';
import type {Outcome} from '../source/model/run.ts';
import type {Environment} from '../source/model/workflow.ts';
import type {Assignment, LogStream} from '../source/protocol/messages.ts';
import type {CommandLine} from './command.ts';
import {commandLine} from './command.ts';
import type {Fifos, Pipes} from './fifos.ts';
import {closeWriteEnds} from './fifos.ts';
import {endGroup} from './process-group.ts';
import {startCommand} from './start-command.ts';

/** Why an attempt is ended before its time. */
export type Stop = {readonly status: 'failed' | 'timed_out' | 'cancelled' | 'lost'; readonly reason: string};

export type ExecutionOptions = {
	readonly assignment: Assignment;
	/** For scripts too long for an argument. */
	readonly directory: string;
	readonly fifos: Fifos;
	/** What commands inherit. */
	readonly environment: Environment;
	/** Takes output in the order of reading. */
	readonly write: (stream: LogStream, data: Buffer, at: number) => void;
	/** Its command is about to start; returns what it must carry as `BYOAI_START`. Either of the next two follows. */
	readonly starting: () => string;
	readonly notStarted: (mark: string) => void;
	/** Processes run in this group from now on. */
	readonly began: (group: number, mark: string) => void;
	/** Called before the command starts and when its own process has ended: the last moments at which `stop` makes a difference. */
	readonly lookAtClock: () => void;
	/** Nothing of this group runs any more. */
	readonly vanished: (group: number) => void;
};

/** What a command leaves running in its group gets so long to end after SIGTERM. */
const leftoverGraceMs = 2000;
/** After the last process of the group has gone, its output may take so long to be read, not counting the time when the spool is full. */
const drainMs = 1000;
const drainStepMs = 50;
/** The most that a timer of Node can wait. */
const longestTimerMs = 2 ** 31 - 1;

/** One attempt as processes: its command in a process group of its own, from the spawn to the last byte of its output. */
export class Execution {
	readonly #options: ExecutionOptions;
	#stop: Stop | undefined;
	/** Of `performance.now()`: when SIGTERM has had its time. */
	#killAt = Number.POSITIVE_INFINITY;
	#group: number | undefined;
	#ending: Promise<boolean> | undefined;
	#exited = false;
	#reading = true;
	/** Once it is lost, nobody may come to make room in the spool. */
	#mayWaitForSpool = true;
	#pipes: Pipes | undefined;
	#onStop: () => void = () => undefined;
	/** Resolves at the first `stop`. */
	readonly stopped = new Promise<void>(resolve => {
		this.#onStop = resolve;
	});

	constructor(options: ExecutionOptions) {
		this.#options = options;
	}

	/**
	 * Ends the attempt: SIGTERM to all of it, SIGKILL after the assignment's grace, `atMostMs` at most. Called again it can only
	 * shorten that; the first reason stands.
	 */
	stop(stop: Stop, atMostMs = Number.POSITIVE_INFINITY): void {
		if (!this.#exited) this.#stop ??= stop;
		this.#onStop();
		if (stop.status === 'lost') this.#mayWaitForSpool = false;
		this.#killAt = Math.min(this.#killAt, performance.now() + Math.min(this.#options.assignment.graceMs, atMostMs));
		if (this.#group !== undefined) this.#ending ??= endGroup(this.#group, () => this.#killAt);
	}

	/** False: stops reading, so that the command waits in its writes. */
	flow(on: boolean): void {
		this.#reading = on;
		for (const stream of this.#streams()) stream[on ? 'resume' : 'pause']();
	}

	/** Runs it. Resolves with the outcome when nothing of it runs any more and all output was written; never rejects. */
	async run(): Promise<Outcome> {
		let line: CommandLine | undefined;
		try {
			line = commandLine(this.#options.assignment, this.#options.directory);
			this.#pipes = await this.#options.fifos.take();
			return await this.#runCommand(line, this.#pipes);
		} catch (error) {
			return {status: 'failed', reason: `the command could not be started: ${messageOf(error)}`};
		} finally {
			for (const stream of this.#streams()) stream.destroy();
			if (line?.file !== undefined) rmSync(line.file, {force: true});
		}
	}

	async #runCommand(line: CommandLine, pipes: Pipes): Promise<Outcome> {
		const {assignment, environment} = this.#options;
		this.#options.lookAtClock();
		if (this.#stop) {
			closeWriteEnds(pipes);
			return this.#stop;
		}
		const mark = this.#options.starting();
		const started = await startCommand(line, {
			cwd: resolve(assignment.workingDir ?? '.'),
			env: {...environment, ...assignment.env, [startVariable]: mark},
			pipes,
			began: group => this.#began(group, mark),
		});
		if ('failure' in started) {
			this.#options.notStarted(mark);
			return started.failure;
		}
		const startedAt = performance.now();
		const drained = this.#read(pipes);
		const timer = after(assignment.timeoutMs, () => {
			this.stop({status: 'timed_out', reason: `timed out after ${(assignment.timeoutMs ?? 0) / 1000} s`});
		});
		const [exitCode, signal] = (await once(started.child, 'exit')) as [number | null, NodeJS.Signals | null];
		const durationMs = Math.round(performance.now() - startedAt);
		timer?.clear();
		this.#options.lookAtClock();
		this.#exited = true;
		const unkillable = !(await this.#endLeftovers(started.group));
		await this.#drain(drained);
		return this.#outcome({exitCode, signal, durationMs, unkillable});
	}

	#began(group: number, mark: string): void {
		this.#group = group;
		this.#options.began(group, mark);
	}

	#read({stdout, stderr}: Pipes): Promise<unknown> {
		stdout.on('data', (data: Buffer) => this.#options.write('stdout', data, Date.now()));
		stderr.on('data', (data: Buffer) => this.#options.write('stderr', data, Date.now()));
		if (!this.#reading) this.flow(false);
		// A pipe that breaks has nothing more to say, like one that ends.
		return Promise.all([stdout, stderr].map(stream => new Promise(done => stream.on('error', done).on('close', done))));
	}

	async #endLeftovers(group: number): Promise<boolean> {
		if (!this.#ending) this.#killAt = performance.now() + Math.min(this.#options.assignment.graceMs, leftoverGraceMs);
		this.#ending ??= endGroup(group, () => this.#killAt);
		const gone = await this.#ending;
		if (gone) this.#options.vanished(group);
		return gone;
	}

	/** Waits for the end of the pipes, but not for ever: a process that left the group may hold them open. */
	async #drain(drained: Promise<unknown>): Promise<void> {
		let ended = false;
		const end = drained.then(() => {
			ended = true;
		});
		for (let leftMs = drainMs; !ended && leftMs > 0; ) {
			await Promise.race([end, sleep(drainStepMs, undefined, {ref: false})]);
			if (this.#reading || !this.#mayWaitForSpool) leftMs -= drainStepMs;
		}
	}

	#outcome(end: {exitCode: number | null; signal: string | null; durationMs: number; unkillable: boolean}): Outcome {
		const {exitCode, signal, durationMs} = end;
		const reasons = [...(this.#stop ? [this.#stop.reason] : []), ...(end.unkillable ? ['some of its processes could not be killed'] : [])];
		return {
			status: this.#stop?.status ?? (exitCode === 0 ? 'succeeded' : 'failed'),
			...(exitCode !== null && {exitCode}),
			...(signal !== null && {signal}),
			...(reasons.length > 0 && {reason: reasons.join('; ')}),
			durationMs,
		};
	}

	#streams() {
		return this.#pipes ? [this.#pipes.stdout, this.#pipes.stderr] : [];
	}
}

/** Like setTimeout, for times of any length. */
function after(ms: number | undefined, act: () => void): {clear(): void} | undefined {
	if (ms === undefined) return undefined;
	let timer: NodeJS.Timeout;
	const wait = (leftMs: number) => {
		timer = setTimeout(() => (leftMs > longestTimerMs ? wait(leftMs - longestTimerMs) : act()), Math.min(leftMs, longestTimerMs));
	};
	wait(ms);
	return {clear: () => clearTimeout(timer)};
}
