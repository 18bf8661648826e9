import {mkdir} from 'node:fs/promises';
import {posix} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {InstanceSpec} from '../../model/instance.ts';
import type {Facts} from './container.ts';
import {inspect, inspectOwn, isAlive, remove} from './container.ts';
import {ask, isAway, statusOf} from './engine.ts';
import type {DockerImages} from './images.ts';
import {dialsByAddress, seenFromOutside} from './inside.ts';
import {readinessProbe} from './probe.ts';
import {untilReady} from './ready.ts';
import type {DockerDefaults} from './spec.ts';
import {createOptions, imageOf} from './spec.ts';
import {parseVolume} from './volumes.ts';

export type Start = {
	readonly docker: Docker;
	readonly images: DockerImages;
	readonly defaults: DockerDefaults;
	/** The container that byoai itself runs in. */
	readonly own: Facts | undefined;
	readonly spec: InstanceSpec;
	/** Gives it up, and rejects with its reason; what is there by then stays. */
	readonly signal: AbortSignal;
};

/** After another start of the same instance was faster. */
const againMs = 50;

/** Makes sure that the container of an instance runs, and is ready where it has a probe. What cannot start leaves no container. */
export async function startContainer(start: Start): Promise<Facts> {
	const {docker, defaults, spec, signal} = start;
	for (;;) {
		signal.throwIfAborted();
		const known = await inspectOwn(docker, defaults.owner, spec.name);
		// One that runs a single command is started once: what is left of it tells how it ended.
		if (known !== undefined && spec.command !== undefined && known.State.Status !== 'created') return known;
		if (known !== undefined && isAlive(known) && !known.State.Paused) return ready(start, known);
		if (known !== undefined && known.State.Status !== 'created') await remove(docker, known.Id);
		else {
			const id = known?.Id ?? (await create(start));
			if (id === undefined) await sleep(againMs);
			else return ready(start, await begin(docker, id, spec));
		}
	}
}

/** The id of the new container; undefined when another one of its name was there first. */
async function create({docker, images, defaults, own, spec, signal}: Start): Promise<string | undefined> {
	await images.ensure(docker, imageOf(spec.agent, defaults), spec.agent.pullPolicy, signal);
	await makeDirectories(spec);
	const seen = own === undefined ? spec : await seenFromOutside(spec, own, defaults.network);
	const told = createOptions(await withWholePath(docker, seen), {...defaults, dialsByAddress: dialsByAddress(own)});
	signal.throwIfAborted();
	try {
		const {id} = await ask(`make a container for ${whose(spec)}`, docker.createContainer(told));
		return id;
	} catch (error) {
		if (statusOf(error) === 409) return undefined;
		throw error;
	}
}

/** A `working_dir` that is relative is so to the image's, which only the engine knows; and it takes no other than whole ones. */
async function withWholePath(docker: Docker, spec: InstanceSpec): Promise<InstanceSpec> {
	const {command, agent} = spec;
	if (command?.workingDir === undefined || posix.isAbsolute(command.workingDir) || agent.image === undefined) return spec;
	const {Config} = await ask(`look at image ${agent.image}`, docker.getImage(agent.image).inspect());
	return {...spec, command: {...command, workingDir: posix.join('/', Config.WorkingDir ?? '', command.workingDir)}};
}

/** Host directories that are not there yet; the engine would make them, too, but as root's. */
async function makeDirectories(spec: InstanceSpec): Promise<void> {
	const {agent, directory} = spec;
	for (const {source, isPath} of agent.volumes.map(text => parseVolume(text, directory))) {
		if (!isPath) continue;
		await mkdir(source, {recursive: true}).catch((error: NodeJS.ErrnoException) => {
			if (error.code === 'EEXIST') return; // a file: mounted as one
			throw new ByoaiError('unavailable', `The volume ${source} of ${whose(spec)} cannot be made: ${error.message}.`, {cause: error});
		});
	}
}

/** Starts what was made; 304 says that another start was faster. */
async function begin(docker: Docker, id: string, spec: InstanceSpec): Promise<Facts> {
	try {
		await ask(`start ${whose(spec)}`, docker.getContainer(id).start());
	} catch (error) {
		if (statusOf(error) !== 304) {
			if (isAway(error)) throw error;
			// Gone, or on its way: then the engine's words are about that.
			const facts = await inspect(docker, id);
			if (facts === undefined || facts.State.Status === 'removing') throw stopped(spec);
			await remove(docker, id);
			throw error;
		}
	}
	const facts = await inspect(docker, id);
	if (facts === undefined) throw stopped(spec);
	return facts;
}

async function ready({docker, own, spec, signal}: Start, facts: Facts): Promise<Facts> {
	const {agent, name: instance} = spec;
	const probe = readinessProbe(agent.readinessProbe);
	if (probe !== undefined && spec.command === undefined)
		await untilReady({docker, instance, container: facts.Id, probe, own, timeoutMs: agent.startTimeoutMs, signal});
	return facts;
}

/** Whose instance it is, in words. */
function whose({agent, command}: InstanceSpec): string {
	return command === undefined ? `agent ${agent.name}` : `task ${command.task}`;
}

function stopped({name}: InstanceSpec): ByoaiError {
	return new ByoaiError('unavailable', `Instance ${name} was stopped while it started.`, {retryable: true});
}
