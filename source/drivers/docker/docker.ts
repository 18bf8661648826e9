import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {Handle, InstanceSpec} from '../../model/instance.ts';
import {dialsByItself} from '../agent-problems.ts';
import type {Driver} from '../driver.ts';
import {createTurns} from '../turns.ts';
import {endInstance, inspect, inspectOwn, lastOutput} from './container.ts';
import {ask, createConnect, despiteRestart} from './engine.ts';
import {DockerEvents} from './events.ts';
import {fromHandle, handleOf} from './handle.ts';
import {DockerImages} from './images.ts';
import {createOwnContainer} from './inside.ts';
import type {DockerLoginsOptions} from './logins.ts';
import {DockerLogins} from './logins.ts';
import {containerOutput} from './output.ts';
import {addressOf} from './reach.ts';
import {createRootNotice} from './root.ts';
import type {DockerDefaults} from './spec.ts';
import {agentPort, imageOf, instanceLabel, ownerLabel, validateDocker} from './spec.ts';
import {startContainer} from './start.ts';
import {usageOf} from './usage.ts';
import {DockerEnds} from './watch.ts';

export type DockerDriverOptions = DockerDefaults & {
	/** `DOCKER_HOST`; absent: the usual socket. */
	readonly host?: string;
	readonly logins: DockerLoginsOptions;
	/** The agent program in one file, of which the default image is made where it is not there. */
	readonly agentProgram: string;
	/** What may be the id of a container that byoai itself runs in; absent: it is looked up. */
	readonly ownIds?: () => Promise<readonly string[]>;
	/** How long an agent may take to end after SIGTERM, before SIGKILL. */
	readonly stopGraceMs: number;
	/** How long starts and stops wait for an engine that is away, as while it is started again. */
	readonly awayMs: number;
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
};

/** For an engine to say that it is there. */
const pingMs = 5000;

/**
 * Agents in containers of a Docker engine on this host. The engine remembers them: they are found again by name and by the label that
 * carries the orchestrator's own id. Nothing without that label is ever touched. Until something is asked of it, the engine is not
 * spoken to, nor is its client read.
 */
export function createDockerDriver(options: DockerDriverOptions): Driver {
	const {owner, stopGraceMs, awayMs, warn} = options;
	const closing = new AbortController();
	const turns = createTurns();
	const connect = createConnect(options.host);
	const events = new DockerEvents({connect, owner, warn});
	const ends = new DockerEnds(connect, events);
	const sayRoot = createRootNotice(options);
	const images = new DockerImages({logins: new DockerLogins(options.logins), agentProgram: options.agentProgram});
	const ownContainer = createOwnContainer(options.ownIds);
	/** Images that are waited for, by instance. */
	const wanted = new Map<string, string>();

	async function start(spec: InstanceSpec, stopped: AbortSignal): Promise<Handle> {
		const problems = validateDocker(spec, options);
		if (problems.length > 0) throw new ByoaiError('invalid', problems.join('\n'));
		sayRoot(spec);
		wanted.set(spec.name, imageOf(spec.agent, options));
		try {
			const signal = AbortSignal.any([stopped, closing.signal]);
			const docker = await connect();
			const begin = async () => startContainer({docker, images, defaults: options, own: await ownContainer(docker), spec, signal});
			return handleOf(await despiteRestart(begin, {awayMs, signal}));
		} finally {
			wanted.delete(spec.name);
		}
	}

	return {
		name: 'docker',
		probe: async () => {
			await ask('answer', (await connect()).ping(), pingMs);
		},
		start: spec => turns.start(spec.name, stopped => start(spec, stopped)),
		stop: ({name, handle}) =>
			turns.stop(name, () =>
				despiteRestart(
					async () => endInstance(await connect(), {owner, name, container: handle && fromHandle(handle).container, graceMs: stopGraceMs}),
					{
						awayMs,
						signal: closing.signal,
					},
				),
			),
		watch: (_name, handle, signal) => ends.watch(fromHandle(handle), AbortSignal.any([signal, closing.signal])),
		find: async ({name}) => findOwn(await connect(), owner, name),
		list: async () => listOwn(await connect(), owner),
		output: async function* output(handle, from, signal) {
			const docker = await connect();
			yield* containerOutput(docker, fromHandle(handle).container, from, AbortSignal.any([signal, closing.signal]));
		},
		lastOutput: async ({name}) => {
			const docker = await connect();
			const facts = await inspectOwn(docker, owner, name);
			return facts && lastOutput(docker, facts.Id, facts.Config.Tty);
		},
		end: (handle, graceMs) => ends.ask(fromHandle(handle).container, graceMs),
		reach: ({agent}, handle) => {
			if (dialsByItself(agent)) return undefined;
			const {container} = fromHandle(handle);
			return connect().then(async docker => addressOf({docker, container, port: agentPort(agent), own: await ownContainer(docker)}));
		},
		usage: async function* (handle, signal) {
			yield* usageOf(await connect(), fromHandle(handle).container, AbortSignal.any([signal, closing.signal]));
		},
		progress: instance => images.progress(wanted.get(instance) ?? ''),
		close: async () => {
			closing.abort(new ByoaiError('stopping', 'The Docker driver was closed.'));
			events.close();
			await turns.settled();
		},
	};
}

async function findOwn(docker: Docker, owner: string, instance: string): Promise<Handle | undefined> {
	const facts = await inspectOwn(docker, owner, instance);
	// One that was made and not started runs when a start begins it.
	return facts === undefined || facts.State.Status === 'created' ? undefined : handleOf(facts);
}

async function listOwn(docker: Docker, owner: string): Promise<ReadonlyArray<{name: string; handle: Handle}>> {
	const filters = {label: [`${ownerLabel}=${owner}`]};
	const found = await ask('list containers', docker.listContainers({all: true, filters}));
	const all = await Promise.all(found.map(({Id}) => inspect(docker, Id)));
	return all.flatMap(facts => {
		const name = facts?.Config.Labels[instanceLabel];
		return facts === undefined || name === undefined ? [] : [{name, handle: handleOf(facts)}];
	});
}
