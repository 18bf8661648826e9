import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import type Docker from 'dockerode';
import {remove} from './container.ts';
import type {Connect} from './engine.ts';
import {ask, askOfGone, createConnect} from './engine.ts';
import {directoryLabel, instanceLabel, ownerLabel, runLabel} from './spec.ts';

/** Single questions to the engine, for whoever looks at the whole. Each rejects with `unavailable`, in words, when it is not answered in time. */
export type DockerSurvey = {
	/** Where the engine is looked for, as in `DOCKER_HOST`. */
	readonly address: string;
	/** Whether `DOCKER_HOST` says so; else it is the usual place. */
	readonly isTold: boolean;
	engine(): Promise<EngineFacts>;
	host(): Promise<EngineHost>;
	/** Undefined: there is none of that name. */
	image(name: string): Promise<ImageFacts | undefined>;
	network(name: string): Promise<NetworkFacts | undefined>;
	/** All containers that byoai made, whoever's they are, ended ones too. */
	containers(): Promise<readonly MadeContainer[]>;
	/** Kills it, and takes it away with its nameless volumes. Resolves once it is gone. */
	remove(id: string): Promise<void>;
};

export type EngineFacts = {readonly version: string; readonly apiVersion: string};

/** The machine that the engine runs on, which is another one where it has a virtual machine, or where this process is in a container. */
export type EngineHost = {
	readonly name: string;
	/** Where it keeps images and containers: a path there. */
	readonly rootDirectory: string;
	/** Its networks are out of sight of the rest of its host. */
	readonly isRootless: boolean;
};

/** `bridge`: the interface of the engine's host that the network hangs on, where that is known. */
export type NetworkFacts = {readonly bridge?: string};
export type ImageFacts = {readonly bytes: number; readonly createdAt: number};

export type MadeContainer = {
	readonly id: string;
	readonly name: string;
	/** Id of a state directory. */
	readonly owner: string;
	/** That directory's path, as its orchestrator knew it. */
	readonly directory?: string;
	readonly instance?: string;
	readonly run?: string;
	/** Milliseconds since 1970. */
	readonly createdAt: number;
	/** In the engine's words: `Up 3 minutes`. */
	readonly status: string;
};

/** `host`: `DOCKER_HOST`; absent: the usual socket. Nothing is asked, and the engine's client not read, before something is wanted. */
export function createDockerSurvey({host, answerMs}: {readonly host?: string; readonly answerMs: number}): DockerSurvey {
	const connect: Connect = createConnect(host);
	const asked = async <T>(doing: string, question: (docker: Docker) => Promise<T>) => ask(doing, question(await connect()), answerMs);
	const askedOf = async <T>(doing: string, question: (docker: Docker) => Promise<T>) =>
		askOfGone(doing, question(await connect()), answerMs);
	return {
		address: host ?? `unix://${usualSocket()}`,
		isTold: host !== undefined,
		engine: async () => {
			const {Version, ApiVersion} = await asked('tell its version', docker => docker.version());
			return {version: Version, apiVersion: ApiVersion};
		},
		host: async () => {
			const {Name, DockerRootDir, SecurityOptions} = await asked('tell of its host', docker => docker.info());
			const isRootless = ((SecurityOptions ?? []) as readonly string[]).includes('name=rootless');
			return {name: Name, rootDirectory: DockerRootDir, isRootless};
		},
		image: async name => {
			const found = await askedOf(`look for image ${name}`, docker => docker.getImage(name).inspect());
			return found && {bytes: found.Size, createdAt: Date.parse(found.Created)};
		},
		network: async name => {
			const found = await askedOf(`look for network ${name}`, docker => docker.getNetwork(name).inspect());
			const bridge: unknown = found?.Options?.['com.docker.network.bridge.name'];
			return found && (typeof bridge === 'string' ? {bridge} : {});
		},
		containers: async () => {
			const filters = {label: [ownerLabel]};
			return (await asked('list containers', docker => docker.listContainers({all: true, filters}))).map(madeContainer);
		},
		remove: async id => remove(await connect(), id),
	};
}

function madeContainer({Id: id, Names, Labels, Created, Status: status}: Docker.ContainerInfo): MadeContainer {
	const [owner = '', directory, instance, run] = [ownerLabel, directoryLabel, instanceLabel, runLabel].map(label => Labels[label]);
	return {
		id,
		name: Names[0]?.replace(/^\//, '') ?? id,
		owner,
		createdAt: Created * 1000,
		status,
		...(directory !== undefined && {directory}),
		...(instance !== undefined && {instance}),
		...(run !== undefined && {run}),
	};
}

/** Where the client looks that no `DOCKER_HOST` tells: a Docker Desktop of this user's, else the socket of the system. */
function usualSocket(): string {
	const own = join(homedir(), '.docker/run/docker.sock');
	return existsSync(own) ? own : '/var/run/docker.sock';
}
