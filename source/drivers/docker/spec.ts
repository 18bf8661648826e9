import {createHash} from 'node:crypto';
import type {ContainerCreateOptions, HostConfig} from 'dockerode';
import type {InstanceCommand, InstanceSpec} from '../../model/instance.ts';
import type {AgentSpec} from '../../model/workflow.ts';
import {handedOverProblems, labelProblems} from '../agent-problems.ts';
import {agentVariables} from '../agent-variables.ts';
import {readinessProbe, readinessProblems} from './probe.ts';
import {quantity} from './quantities.ts';
import {mountOf, parseVolume, volumeProblems} from './volumes.ts';

/** What an orchestrator says of all its containers. */
export type DockerDefaults = {
	/** Id of the state directory: what carries it is ours, and nothing else is ever touched. */
	readonly owner: string;
	/** Its path, which is told to people who find what is left of it. */
	readonly ownerDirectory?: string;
	/** `AGENT_IMAGE` */
	readonly image: string;
	/** `DEFAULT_NETWORK` */
	readonly network: string;
	/** `uid:gid` of this process, so that what agents write on the host is ours; absent: the image's. */
	readonly user?: string;
	/** Agents are dialled at the addresses of their containers: their ports need not be published. */
	readonly dialsByAddress?: boolean;
	/** Processes in a container, where its `resources` do not say. */
	readonly pids: number;
	/** What the agent of an instance is told besides: its token. */
	readonly instanceEnvironment: (instance: string) => Readonly<Record<string, string>>;
};

export const ownerLabel = 'byoai.owner';
export const instanceLabel = 'byoai.instance';
export const agentLabel = 'byoai.agent';
export const runLabel = 'byoai.run';
export const taskLabel = 'byoai.task';
const attemptLabel = 'byoai.attempt';
export const directoryLabel = 'byoai.state-directory';

/** Where an agent listens in its container, unless its `env` says otherwise. */
const defaultAgentPort = 5000;
/** Only this host reaches what is published, unless an address is asked for. */
const loopback = '127.0.0.1';

/** The port of the agent's API in its container. */
export function agentPort({env}: AgentSpec): number {
	const port = Number(env.AGENT_API_PORT);
	return Number.isInteger(port) && port > 0 && port < 65_536 ? port : defaultAgentPort;
}

/** The image of an agent. */
export function imageOf({image}: AgentSpec, defaults: Pick<DockerDefaults, 'image'>): string {
	return image ?? defaults.image;
}

/** The same for the same instance in every life of the orchestrator: the engine then permits no second one. */
export function containerName(owner: string, instance: string): string {
	const readable = instance.replaceAll(/[^A-Za-z0-9_.-]/g, '.');
	const digest = readable === instance ? '' : `-${createHash('sha256').update(instance).digest('hex').slice(0, 6)}`;
	return `byoai-${owner.slice(0, 8)}-${readable}${digest}`;
}

/** What a container cannot be, in words for the author of the workflow; empty: all fine. */
export function validateDocker({agent, directory, command}: InstanceSpec, defaults: Pick<DockerDefaults, 'network'>): readonly string[] {
	return [
		...volumeProblems(agent.volumes, directory),
		...resourceProblems(agent),
		...(isOptions(agent.driverOptions?.docker ?? {}) ? [] : ['`driver_options.docker` must be a mapping.']),
		...(command === undefined ? agentProblems(agent, agent.network ?? defaults.network) : []),
	];
}

/** What a container cannot be in which an agent is to be reached. */
function agentProblems(agent: AgentSpec, network: string): string[] {
	return [
		...readinessProblems(agent.readinessProbe),
		...labelProblems(agent),
		...(network === 'none' || network === 'host' || network.startsWith('container:')
			? [`\`network\`: ${network} is not possible for an agent, which is dialled at a port of its own: name a bridge network.`]
			: []),
		...handedOverProblems(agent),
	];
}

const resourceKeys: Readonly<Record<'requests' | 'limits', readonly string[]>> = {
	requests: ['cpu', 'memory'],
	limits: ['cpu', 'memory', 'pids'],
};

function resourceProblems({resources}: AgentSpec): string[] {
	return (['requests', 'limits'] as const).flatMap(kind =>
		Object.entries(resources?.[kind] ?? {}).flatMap(([key, text]) => {
			if (!resourceKeys[kind].includes(key))
				return [
					`\`resources.${kind}.${key}\`: a container has ${resourceKeys[kind].join(', ')} only; more can be said in driver_options.docker.`,
				];
			const value = quantity(text);
			return value === undefined || value <= 0 ? [`\`resources.${kind}.${key}\`: ${text} must be more than nothing.`] : [];
		}),
	);
}

/**
 * The image's own is left out: nobody acts on it, and the engine starts a process for it in each container every few seconds: 2 % of a core for
 * each agent that does nothing (8 of the default image, engine 20.10). Agents are known to be well by their lease.
 */
const noHealthCheck = {Test: ['NONE']};

/** All that the engine is told of an instance. `driver_options.docker` is added to it: mappings are merged, lists joined. */
export function createOptions(spec: InstanceSpec, defaults: DockerDefaults): ContainerCreateOptions & {name: string} {
	const {agent, name, command} = spec;
	const ports = command === undefined ? portsOf(agent, defaults) : {};
	const user = agent.user ?? defaults.user;
	const added = agent.driverOptions?.docker;
	const own: ContainerCreateOptions = {
		Image: imageOf(agent, defaults),
		Env: Object.entries(environmentOf(spec, defaults)).map(([key, value]) => `${key}=${value}`),
		ExposedPorts: Object.fromEntries(Object.keys(ports).map(port => [port, {}])),
		...(user !== undefined && {User: user}),
		...(command !== undefined && commandOptions(command)),
		...(!(isOptions(added) && 'Healthcheck' in added) && {Healthcheck: noHealthCheck}),
		HostConfig: hostConfig(spec, defaults, ports),
	};
	const all = (isOptions(added) ? merged({...own}, added) : own) as ContainerCreateOptions;
	return {...all, name: containerName(defaults.owner, name), Labels: {...all.Labels, ...labelsOf(spec, defaults), ...placeOf(defaults)}};
}

/** The image's own entry point gives way: the command runs as it is written. */
function commandOptions({argv, workingDir}: InstanceCommand): ContainerCreateOptions {
	const [program = 'sh', ...options] = argv;
	return {Entrypoint: [program], Cmd: options, ...(workingDir !== undefined && {WorkingDir: workingDir})};
}

/** Where its owner is, for people who find it. */
function placeOf({ownerDirectory}: DockerDefaults): Record<string, string> {
	return ownerDirectory === undefined ? {} : {[directoryLabel]: ownerDirectory};
}

function labelsOf({agent, name, command}: InstanceSpec, {owner}: DockerDefaults): Record<string, string> {
	if (command !== undefined) {
		const {ref, task} = command;
		return {[ownerLabel]: owner, [instanceLabel]: name, [runLabel]: ref.run, [taskLabel]: task, [attemptLabel]: String(ref.attempt)};
	}
	const run = /~(r[0-9a-z]{11})(?:~|$)/.exec(name)?.[1];
	return {[ownerLabel]: owner, [instanceLabel]: name, [agentLabel]: agent.name, ...(run !== undefined && {[runLabel]: run})};
}

/** Has the container's first process hand a signal on to all of the command's processes, not to its shell alone. */
const signalsAll = {TINI_KILL_PROCESS_GROUP: '1'};

function environmentOf(spec: InstanceSpec, {instanceEnvironment}: DockerDefaults): Readonly<Record<string, string>> {
	const {agent, name, command} = spec;
	if (command !== undefined) return {...signalsAll, ...command.env};
	return {
		...agent.env,
		AGENT_HOST: '0.0.0.0',
		AGENT_API_PORT: String(agentPort(agent)),
		...agentVariables(spec),
		// All that the agent started ends with the container, and the container with the agent. One that hangs past its lease is stopped from here.
		AGENT_WATCHDOG: 'none',
		...instanceEnvironment(name),
	};
}

/**
 * What is read from the engine must be what was printed, to the byte: its usual log takes text alone, and may be none, or one that forgets. All of it
 * stays until the attempt is settled.
 */
const exactLog = {Type: 'local', Config: {'max-size': '1t', 'max-file': '1', compress: 'false'}};

function hostConfig({agent, directory, command}: InstanceSpec, defaults: DockerDefaults, ports: Ports): HostConfig {
	return {
		Init: true,
		SecurityOpt: ['no-new-privileges'],
		CapDrop: ['ALL'],
		NetworkMode: agent.network ?? defaults.network,
		Mounts: agent.volumes.map(text => mountOf(parseVolume(text, directory))),
		PortBindings: ports,
		RestartPolicy: {Name: 'no'},
		...(command !== undefined && {LogConfig: exactLog}),
		...limitsOf(agent, defaults),
	};
}

function limitsOf({resources}: AgentSpec, {pids}: DockerDefaults): HostConfig {
	const limit = (key: string) => quantity(resources?.limits?.[key] ?? '');
	const request = (key: string) => quantity(resources?.requests?.[key] ?? '');
	const [cpu, memory, shares, reserved] = [limit('cpu'), limit('memory'), request('cpu'), request('memory')];
	return {
		PidsLimit: Math.round(limit('pids') ?? pids),
		...(cpu !== undefined && {NanoCpus: Math.round(cpu * 1e9)}),
		// No swap beside it: a limit that is reached should be seen, not make everything slow.
		...(memory !== undefined && {Memory: Math.round(memory), MemorySwap: Math.round(memory)}),
		...(shares !== undefined && {CpuShares: Math.max(2, Math.round(shares * 1024))}),
		...(reserved !== undefined && {MemoryReservation: Math.round(reserved)}),
	};
}

type Ports = Readonly<Record<string, Array<{HostIp: string; HostPort: string}>>>;

/** The agent's own port, and that of its probe, on any free one of this host; then what the author wants published. */
function portsOf(agent: AgentSpec, {dialsByAddress = false}: DockerDefaults): Ports {
	const bindings: Record<string, Array<{HostIp: string; HostPort: string}>> = {};
	const publish = (port: string, HostPort = '', HostIp = loopback) => {
		bindings[port] ??= [];
		bindings[port].push({HostIp, HostPort});
	};
	const own = new Set([agentPort(agent)]);
	const probed = readinessProbe(agent.readinessProbe);
	if (probed !== undefined && probed.type !== 'exec') own.add(probed.port);
	if (!dialsByAddress) for (const port of own) publish(`${port}/tcp`);
	for (const text of agent.ports) {
		const found = /^(?:(?:(.+):)?(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text);
		if (found === null) continue; // the file's schema has refused it
		const [, address, host, container = '', protocol = 'tcp'] = found;
		publish(`${container}/${protocol}`, host, address?.replace(/^\[(.*)\]$/, '$1'));
	}
	return bindings;
}

type Options = Readonly<Record<string, unknown>>;

function isOptions(value: unknown): value is Options {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `ours` comes last in lists, so that of variables named twice ours holds. */
function merged(ours: Options, added: Options): Options {
	const result: Record<string, unknown> = {...ours};
	for (const [key, value] of Object.entries(added)) {
		const own = result[key];
		if (isOptions(own) && isOptions(value)) result[key] = merged(own, value);
		else result[key] = Array.isArray(own) && Array.isArray(value) ? [...value, ...own] : value;
	}
	return result;
}
