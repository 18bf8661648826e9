import {setTimeout as sleep} from 'node:timers/promises';
import type {Reach} from './agents/instance-contacts.ts';
import type {Config} from './config.ts';
import {createDockerDriver} from './drivers/docker/docker.ts';
import type {Driver} from './drivers/driver.ts';
import {createKubernetesDriver} from './drivers/kubernetes/kubernetes.ts';
import {createLocalDriver} from './drivers/local/local.ts';
import type {Refusals} from './drivers/refusals.ts';
import {driverRefusals} from './drivers/refusals.ts';
import type {Handle} from './model/instance.ts';
import type {AgentSpec, AgentType} from './model/workflow.ts';
import {isImageAgent} from './model/workflow.ts';
import type {StateDirectory} from './store/state-directory.ts';
import {deriveToken} from './store/tokens.ts';

export type DriverSetOptions = {
	readonly config: Config;
	readonly directory: StateDirectory;
	/** argv that starts the agent program on this host. */
	readonly agentProgram: readonly string[];
	readonly warn: (message: string) => void;
};

/** What starts agents: all drivers of an orchestrator, which ask nothing of anybody before they are used. */
export type DriverSet = Refusals & {
	readonly drivers: ReadonlyMap<AgentType, Driver>;
	/** Whether these agents can be started here now. Rejects with `unavailable`, and what to do about it. */
	readonly probe: (agents: readonly AgentSpec[]) => Promise<void>;
	readonly reach: Reach;
	/** How far the start of an instance is, where it takes long. */
	readonly progress: (instance: string) => string | undefined;
	/** The last that an instance of such an agent has printed so far; undefined: nothing, or it cannot be had now. */
	readonly lastOutput: (type: AgentType, instance: {name: string; handle?: Handle}) => Promise<string | undefined>;
	close(): Promise<void>;
};

const stopMarginMs = 5000;
/** Whoever asks how an agent is does not wait longer for what its instance has printed. */
const lastOutputMs = 2000;
/** For an engine to be started again. That there is one has been made sure of before a run began. */
const engineAwayMs = 60_000;

export function createDriverSet(options: DriverSetOptions): DriverSet {
	const drivers = new Map<AgentType, Driver>([
		['local', localDriver(options)],
		['docker', dockerDriver(options)],
		['kubernetes', kubernetesDriver(options)],
	]);
	const {key} = options.directory;
	return {
		drivers,
		...driverRefusals(options.config.docker),
		probe: async agents => {
			for (const type of new Set(agents.map(agent => agent.type)))
				await drivers.get(type)?.probe(agents.filter(agent => agent.type === type));
		},
		reach: ({handle, ...spec}) => {
			if (isImageAgent(spec.name)) return undefined;
			const dialled = drivers.get(spec.agent.type)?.reach?.(spec, handle);
			return dialled?.then(found => ({
				agent: spec.name,
				token: deriveToken(key, 'agent', spec.name),
				...(typeof found === 'string' ? {url: found} : found),
			}));
		},
		progress: instance => {
			for (const driver of drivers.values()) {
				const progress = driver.progress?.(instance);
				if (progress !== undefined) return progress;
			}
			return undefined;
		},
		lastOutput: async (type, instance) => {
			const found = drivers.get(type)?.lastOutput?.(instance);
			// An engine that is away is told of elsewhere, and nobody waits for it here.
			return Promise.race([found?.catch(() => undefined), sleep(lastOutputMs, undefined, {ref: false})]);
		},
		close: async () => {
			await Promise.all([...drivers.values()].map(driver => driver.close()));
		},
	};
}

function localDriver({config, directory, agentProgram}: DriverSetOptions): Driver {
	return createLocalDriver({
		directory: directory.instances,
		command: agentProgram,
		environment: config.environment,
		instanceEnvironment: instance => ({
			...instanceEnvironment({config, directory}, instance),
			BYOAI_ENDPOINT_FILE: `${directory.path}/endpoint`,
		}),
		stopGraceMs: config.intervals.graceMs + stopMarginMs,
	});
}

function dockerDriver({config, directory, agentProgram, warn}: DriverSetOptions): Driver {
	const {host, image, network} = config.docker;
	const user = ownUser();
	return createDockerDriver({
		owner: directory.id,
		ownerDirectory: directory.path,
		image,
		network,
		pids: config.limits.container_pids,
		instanceEnvironment: instance => instanceEnvironment({config, directory}, instance),
		logins: {directory: config.docker.loginDirectory, environment: config.environment},
		agentProgram: agentProgram.at(-1) ?? '',
		stopGraceMs: config.intervals.graceMs + stopMarginMs,
		awayMs: engineAwayMs,
		warn,
		...(host !== undefined && {host}),
		...(user !== undefined && {user}),
	});
}

function kubernetesDriver({config, directory, warn}: DriverSetOptions): Driver {
	const {image, ...place} = config.kubernetes;
	return createKubernetesDriver({
		owner: directory.id,
		image,
		defaults: place,
		memory: `${directory.path}/kubernetes-places.json`,
		instanceEnvironment: instance => instanceEnvironment({config, directory}, instance),
		stopGraceMs: config.intervals.graceMs + stopMarginMs,
		awayMs: engineAwayMs,
		warn,
	});
}

/** What the agent of every instance is told. */
function instanceEnvironment(
	{config, directory}: Pick<DriverSetOptions, 'config' | 'directory'>,
	instance: string,
): Record<string, string> {
	return {BYOAI_TOKEN: deriveToken(directory.key, 'agent', instance), AGENT_SPOOL_BYTES: String(config.limits.agent_spool_bytes)};
}

/** `uid:gid` of this process; undefined where there is no such thing. */
function ownUser(): string | undefined {
	const [user, group] = [process.getuid?.(), process.getgid?.()];
	return user === undefined || group === undefined ? undefined : `${user}:${group}`;
}
