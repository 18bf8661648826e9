import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Victim} from './fault.ts';
import {kills} from './fault.ts';
import {imageTask} from './flow.ts';
import type {Ground, Home, OpenHome} from './home.ts';

/** Where the rounds with containers find an engine: this host's, or one that is their own and may be killed. */
export type Docker = {
	readonly host?: string;
	readonly image: string;
	/** kill -9 of the engine, and a new start of it. */
	readonly restart?: () => Promise<void>;
};

const image = 'byoai-chaos-agent';

/** Runs `docker` against the engine of the rounds; returns what it prints. */
export function dockerCommand({host}: {readonly host?: string}, ...argv: readonly string[]): string {
	const env = host === undefined ? process.env : {...process.env, DOCKER_HOST: host};
	return execFileSync('docker', argv, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env}).trim();
}

/** Builds an image with the agent program of `dist`; returns its name. */
export function buildImage(dist: string): string {
	const context = join(dist, '../image');
	mkdirSync(context);
	try {
		copyFileSync(join(dist, 'agent.js'), join(context, 'agent.js'));
		writeFileSync(join(context, 'Dockerfile'), 'FROM node:26-bookworm-slim\nCOPY agent.js /agent.js\nCMD ["node", "/agent.js"]\n');
		dockerCommand({}, 'build', '--quiet', '--tag', image, context);
		return image;
	} finally {
		rmSync(context, {recursive: true, force: true});
	}
}

/** Containers of an engine. */
export function dockerHomes(docker: Docker): OpenHome {
	return async (ground, plan) => {
		// The engine keeps the output of a task in its image; what is printed while it is dead, nobody has.
		const task = imageTask({image: docker.image, volumes: ['./data:/data'], agent: undefined}, kills(plan, 'engine'));
		return new DockerHome(docker, ground, [task]);
	};
}

class DockerHome implements Home {
	readonly crew = {type: 'docker', replicas: 2, slots: 2, volume: './data:/data'};
	readonly data = '/data';
	readonly tasks: Home['tasks'];
	readonly environment: Readonly<Record<string, string>>;
	readonly #docker: Docker;
	readonly #ground: Ground;

	constructor(docker: Docker, ground: Ground, tasks: Home['tasks']) {
		this.tasks = tasks;
		this.environment = {AGENT_IMAGE: docker.image, ...(docker.host !== undefined && {DOCKER_HOST: docker.host})};
		this.#docker = docker;
		this.#ground = ground;
	}

	hiddenAgents(): number {
		return this.#containers().length;
	}

	left(): readonly string[] {
		return this.#containers('--all').map(id => `container ${id}`);
	}

	async harm(_: unknown, victim: Victim): Promise<void> {
		if (victim === 'engine') await this.#docker.restart?.();
		if (victim === 'agents') for (const id of this.#containers()) this.#kill(id);
	}

	trouble(): void {
		throw new Error('connections to an engine on this host do not break');
	}

	async whole(): Promise<void> {
		// An engine is back when `harm` resolves.
	}

	isMissedIn(output: string): boolean {
		return output.includes('Docker');
	}

	async close(): Promise<void> {
		for (const id of this.#containers('--all')) dockerCommand(this.#docker, 'rm', '--force', '--volumes', id);
	}

	/** By id; only living ones unless `--all`. */
	#containers(...which: readonly string[]): readonly string[] {
		const owner = this.#ground.owner();
		if (owner === undefined) return [];
		const ids = dockerCommand(this.#docker, 'ps', '--quiet', ...which, '--filter', `label=byoai.owner=${owner}`);
		return ids.split('\n').filter(line => line !== '');
	}

	#kill(id: string): void {
		try {
			dockerCommand(this.#docker, 'kill', '--signal', 'KILL', id);
		} catch {
			// It has ended meanwhile, as it should sooner or later.
		}
	}
}
