import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {processesWith, signalAll} from '../found-processes.ts';
import {ContainerLog} from './container-log.ts';
import type {KubeObject} from './objects.ts';
import {expanded} from './pods.ts';

/** What stands for an image: the program that its containers run where their pod names none. */
export type Image = {readonly argv: readonly string[]; readonly env?: Readonly<Record<string, string>>};

export type ContainerEnd = {readonly exitCode: number; readonly startError?: string};

const signalNumbers: Readonly<Record<string, number>> = {
	SIGHUP: 1,
	SIGINT: 2,
	SIGQUIT: 3,
	SIGABRT: 6,
	SIGKILL: 9,
	SIGSEGV: 11,
	SIGTERM: 15,
};

/** A container of a pod, as a real process of this machine in a group of its own. Its address is one of loopback that no other pod has. */
export class Container {
	readonly log = new ContainerLog();
	readonly startedAt = Date.now();
	readonly ended: Promise<ContainerEnd>;
	readonly #child: ChildProcess;
	/** In the environment of all that runs in it. */
	readonly #mark = randomUUID();
	#isOver = false;

	constructor(pod: KubeObject, image: Image | undefined, ip: string) {
		const [spec] = pod.spec.containers;
		const env = environmentOf(spec.env ?? [], ip);
		const args: string[] = (spec.args ?? []).map((text: string) => expanded(text, env));
		const command: string[] = spec.command?.map((text: string) => expanded(text, env)) ?? image?.argv ?? [];
		const [program = 'false', ...rest] = [...command, ...args];
		this.#child = spawn(program, rest, {
			cwd: spec.workingDir ?? '/',
			env: {PATH: process.env.PATH, HOSTNAME: pod.metadata.name, ...image?.env, ...env, FAKE_CONTAINER: this.#mark},
			stdio: ['ignore', 'pipe', 'pipe'],
			detached: true,
		});
		this.#child.stdout?.on('data', chunk => this.log.add('stdout', chunk));
		this.#child.stderr?.on('data', chunk => this.log.add('stderr', chunk));
		this.ended = this.#end();
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	get pid(): number | undefined {
		return this.#child.pid;
	}

	/** To the first process alone, as a container runtime does. */
	kill(signal: NodeJS.Signals): void {
		if (this.#isOver) return;
		if (signal === 'SIGKILL') this.#killAll();
		else this.#child.kill(signal);
	}

	/** Its group at once, and where there is a /proc also what has a group of its own: nothing in a container outlives it. */
	#killAll(): void {
		try {
			if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
		// What was just being started is there at the next look.
		for (let found = processesWith(this.#mark); found.length > 0; found = processesWith(this.#mark)) signalAll(found, 'SIGKILL');
	}

	async #end(): Promise<ContainerEnd> {
		const child = this.#child;
		const end = await new Promise<ContainerEnd>(resolve => {
			child.on('error', error =>
				resolve({exitCode: 128, startError: `failed to create containerd task: unable to start container process: exec: ${error.message}`}),
			);
			child.on('exit', (code, signal) => {
				this.#killAll(); // with its first process all of a container ends
				const result = {exitCode: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0)};
				child.once('close', () => resolve(result));
			});
		});
		this.#isOver = true;
		this.log.end();
		return end;
	}
}

/** As a program in the pod would have it; the agent listens at the pod's own address instead of at all of them. */
function environmentOf(
	list: ReadonlyArray<{name: string; value?: string; valueFrom?: {fieldRef?: {fieldPath: string}}}>,
	ip: string,
): Record<string, string> {
	const env: Record<string, string> = {};
	for (const {name, value, valueFrom} of list) {
		env[name] = valueFrom?.fieldRef?.fieldPath === 'status.podIP' ? ip : expanded(value ?? '', env);
	}
	if (env.AGENT_HOST === '0.0.0.0') env.AGENT_HOST = ip;
	return env;
}
