import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {messageOf} from '../source/model/error.ts';
import type {Environment} from '../source/model/workflow.ts';
import {GroupRecord} from './group-record.ts';
import type {Lease} from './lease.ts';
import type {WatchdogMessage} from './watchdog.ts';
import {watchdogArgument, watchdogReady} from './watchdog.ts';

export type GuardOptions = {
	/** The file that Node runs as the watchdog: the agent's program. Absent: there is none, for whoever started the agent does its work. */
	readonly program?: string;
	/** Temporary files, which the watchdog removes once the agent is gone. */
	readonly directory: string;
	/** Of a deployed agent: where the watchdog writes down who it is, and the agent what it runs. */
	readonly instanceDirectory: string | undefined;
	readonly environment: Environment;
	readonly say: (message: string) => void;
};

/**
 * The agent's hold of its watchdog: starts it, tells it what there is to guard, and starts another one when it ends. What
 * it is told is in the pipe, beyond this process's life, when the call returns.
 */
export class Guard {
	readonly #options: GuardOptions;
	readonly #id = randomBytes(8).toString('hex');
	#starts = 0;
	readonly #starting = new Set<string>();
	readonly #groups = new Map<number, {readonly direct: boolean}>();
	readonly #record: GroupRecord | undefined;
	#lease: Lease | undefined;
	#child: ChildProcess | undefined;
	#ready: Promise<void> | undefined;
	#closed = false;

	constructor(options: GuardOptions) {
		this.#options = options;
		const {instanceDirectory, say} = options;
		if (instanceDirectory !== undefined) this.#record = new GroupRecord(instanceDirectory, say);
	}

	/** Resolves once a watchdog listens; nothing may start before. Rejects when none can be had; asking again tries again. */
	ready(): Promise<void> {
		const {program} = this.#options;
		if (program === undefined) return Promise.resolve();
		this.#ready ??= this.#start(program).catch((error: unknown) => {
			this.#ready = undefined;
			throw error;
		});
		return this.#ready;
	}

	/** The watchdog's process id, while one runs. */
	get pid(): number | undefined {
		return this.#child?.pid;
	}

	/** Process groups of commands that run. */
	get groups(): readonly number[] {
		return [...this.#groups.keys()];
	}

	/**
	 * A command is about to start. Returns the mark that it must carry as `BYOAI_START`: an agent that is killed in that very moment leaves a
	 * process whose number nobody has been told.
	 */
	starting(): string {
		const mark = `${this.#id}-${++this.#starts}`;
		this.#starting.add(mark);
		this.#record?.starting(mark);
		this.#tell({type: 'starting', mark});
		return mark;
	}

	/** It could not be started. */
	notStarted(mark: string): void {
		this.#starting.delete(mark);
		this.#record?.notStarted(mark);
		this.#tell({type: 'not-started', mark});
	}

	/** It runs. `direct`: it is no attempt, so that the end of a lease does not concern it. */
	began(group: number, {mark, direct}: {mark: string; direct: boolean}): void {
		this.#starting.delete(mark);
		this.#groups.set(group, {direct});
		this.#record?.began(group, mark);
		this.#tell({type: 'began', group, mark, direct});
	}

	vanished(group: number): void {
		this.#groups.delete(group);
		this.#record?.vanished(group);
		this.#tell({type: 'vanished', group});
	}

	renewed(lease: Lease): void {
		this.#lease = lease;
		this.#tell({type: 'lease', lease});
	}

	/** Lets the watchdog go, once nothing is left that it guards. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#record?.close();
		const child = this.#child;
		if (!child) return;
		const ended = once(child, 'exit');
		child.stdin?.end();
		await ended;
	}

	async #start(program: string): Promise<void> {
		const {directory, instanceDirectory, environment} = this.#options;
		const instance = instanceDirectory === undefined ? [] : [instanceDirectory];
		const child = spawn(process.execPath, [program, watchdogArgument, directory, ...instance], {
			stdio: ['pipe', 'pipe', 'inherit'],
			env: environment,
			detached: true, // what a terminal sends is for the agent
		});
		child.stdin.on('error', () => undefined); // it has ended: `exit` says so
		const ended = once(child, 'exit').then(([code, signal]) => {
			this.#ended();
			throw new Error(`the watchdog ended (${signal ?? `exit code ${code}`})`);
		});
		ended.catch(() => undefined); // who waits for `ready` hears of it
		this.#child = child;
		for (const mark of this.#starting) this.#tell({type: 'starting', mark});
		for (const [group, {direct}] of this.#groups) this.#tell({type: 'began', group, mark: '', direct});
		if (this.#lease) this.#tell({type: 'lease', lease: this.#lease});
		const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
		if (String(line).trim() !== watchdogReady) throw new Error(`the watchdog said ${String(line)}`);
	}

	#ended(): void {
		this.#child = undefined;
		this.#ready = undefined;
		if (this.#closed) return;
		this.#options.say('the watchdog ended; starting another');
		// One that does not start is tried again before the next command.
		this.ready().catch((error: unknown) => this.#options.say(`no watchdog: ${messageOf(error)}`));
	}

	#tell(message: WatchdogMessage): void {
		this.#child?.stdin?.write(`${JSON.stringify(message)}\n`);
	}
}
