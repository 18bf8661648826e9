import {constants, statSync} from 'node:fs';
import {access, mkdir} from 'node:fs/promises';
import {isAbsolute} from 'node:path';
import {ByoaiError} from '../../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec} from '../../model/instance.ts';
import {orAborted} from '../abortable.ts';
import type {Driver} from '../driver.ts';
import {createTurns} from '../turns.ts';
import type {Generation} from './directory.ts';
import {addGeneration, generations, instanceNames, lastOutput, newestGeneration, refuseClaims, removeInstance} from './directory.ts';
import type {Child} from './launch.ts';
import {launch} from './launch.ts';
import type {ProcessId} from './process.ts';
import {isAlive, isSame, toProcessId} from './process.ts';
import {agentEnvironment, validateLocal} from './spec.ts';
import {endAgents, endLeft} from './stop.ts';
import {adoptedEnd, instanceEnd} from './watch.ts';

export type LocalDriverOptions = {
	/** Where each instance gets a directory of its own. */
	readonly directory: string;
	/** argv of the agent program itself, not of a wrapper: the process that it starts claims the instance. */
	readonly command: readonly string[];
	/** What an agent process inherits, save for `BYOAI_*` and `AGENT_*`. */
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** What the agent of an instance is told besides: its token, where its orchestrator is. */
	readonly instanceEnvironment: (instance: string) => Readonly<Record<string, string>>;
	/** How long an agent may take to end after SIGTERM, and then its watchdog after it, before SIGKILL. */
	readonly stopGraceMs: number;
};

/**
 * Agents as processes of their own on this host. They outlive the orchestrator, whatever ends it, and are found again by what
 * they wrote into their directory (`local-directory.ts` says what and why). One process an instance: tasks are the agent's.
 */
export function createLocalDriver(options: LocalDriverOptions): Driver {
	const {directory, command, stopGraceMs} = options;
	const closing = new AbortController();
	const turns = createTurns();
	const children = new Map<string, {readonly holder: ProcessId; readonly child: Child}>();

	async function start(spec: InstanceSpec, stopped: AbortSignal): Promise<Handle> {
		stopped.throwIfAborted();
		closing.signal.throwIfAborted();
		const newest = await newestGeneration(directory, spec.name);
		if (isHeld(newest)) return toHandle(newest.claim, newest.generation);
		// Nobody may have watched it: what a dead agent left goes before anything new comes.
		if (newest !== undefined && newest.claim !== 'none') await endLeft(spec.name, newest.generation, stopGraceMs);
		const generation = newest?.claim === 'none' ? newest.generation : await addGeneration(directory, spec.name, newest?.number);
		const environment = {
			...agentEnvironment(options.environment, spec, options.instanceEnvironment(spec.name)),
			BYOAI_INSTANCE_DIR: generation,
		};
		const launched = await launch({
			name: spec.name,
			command,
			environment,
			workingDirectory: placeFor(spec, generation),
			generation,
			timeoutMs: spec.agent.startTimeoutMs,
			stopped,
			closed: closing.signal,
		});
		if (launched.holder.pid === launched.child.pid) children.set(spec.name, launched);
		return toHandle(launched.holder, generation);
	}

	async function stop(name: string, handle: Handle | undefined): Promise<void> {
		const known = await generations(directory, name);
		const agents = handle === undefined ? [] : [fromHandle(handle).holder];
		for (const generation of known) {
			const holder = await refuseClaims(generation);
			if (holder !== undefined) agents.push(holder);
		}
		await endAgents(name, agents, known, stopGraceMs);
		await removeInstance(directory, name);
		children.delete(name);
	}

	async function watch(name: string, handle: Handle, signal: AbortSignal): Promise<InstanceEnd> {
		const {holder, generation} = fromHandle(handle);
		const own = children.get(name);
		const ends = AbortSignal.any([signal, closing.signal]);
		const agentEnd = own !== undefined && isSame(own.holder, holder) ? own.child.ended : adoptedEnd(holder, ends);
		return orAborted(instanceEnd(agentEnd, generation, ends), ends);
	}

	return {
		name: 'local',
		probe: () => probe(directory, command),
		start: spec => {
			const problems = validateLocal(spec);
			if (problems.length > 0) return Promise.reject(new ByoaiError('invalid', problems.join('\n')));
			return turns.start(spec.name, stopped => explained(() => start(spec, stopped)));
		},
		stop: ({name, handle}) => turns.stop(name, () => explained(() => stop(name, handle))),
		watch: (name, handle, signal) => explained(() => watch(name, handle, signal)),
		list: () => explained(() => listLiving(directory)),
		lastOutput: ({name}) =>
			explained(async () => {
				const newest = await newestGeneration(directory, name);
				return newest && lastOutput(newest.generation);
			}),
		close: async () => {
			closing.abort(new ByoaiError('stopping', 'The local driver was closed.'));
			await turns.settled();
		},
	};
}

async function listLiving(directory: string): Promise<ReadonlyArray<{name: string; handle: Handle}>> {
	const living: {name: string; handle: Handle}[] = [];
	for (const name of await instanceNames(directory)) {
		const newest = await newestGeneration(directory, name);
		if (isHeld(newest)) living.push({name, handle: toHandle(newest.claim, newest.generation)});
	}
	return living;
}

/** Whether an agent that lives holds the generation. */
function isHeld(newest: Generation | undefined): newest is Generation & {claim: ProcessId} {
	return typeof newest?.claim === 'object' && isAlive(newest.claim);
}

function toHandle(holder: ProcessId, generation: string): Handle {
	return {driver: 'local', ...holder, directory: generation};
}

function fromHandle({driver, pid, startTime, directory}: Handle): {holder: ProcessId; generation: string} {
	const holder = toProcessId(pid, startTime);
	if (driver !== 'local' || holder === undefined || typeof directory !== 'string') {
		throw new ByoaiError('internal', 'This handle is none of the local driver.');
	}
	return {holder, generation: directory};
}

/**
 * Where an agent process is: in the directory of its workflow, where that is there. Each task says by itself where it runs, and an agent
 * for all runs must not fail for the directory of the first one.
 */
function placeFor({directory}: InstanceSpec, generation: string): string {
	return statSync(directory, {throwIfNoEntry: false})?.isDirectory() === true ? directory : generation;
}

async function probe(directory: string, command: readonly string[]): Promise<void> {
	try {
		await mkdir(directory, {recursive: true, mode: 0o700});
		await access(directory, constants.W_OK | constants.X_OK);
	} catch (cause) {
		const message = `${directory} cannot be written (${(cause as Error).message}): make it writable, or set BYOAI_STATE_DIR to a directory that is.`;
		throw new ByoaiError('unavailable', message, {cause});
	}
	for (const file of command.filter(isAbsolute)) {
		await access(file, constants.R_OK).catch((cause: Error) => {
			throw new ByoaiError('unavailable', `The agent program cannot be read (${cause.message}): install byoai again, or build it.`, {
				cause,
			});
		});
	}
}

/** Translates what the operating system refuses. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof ByoaiError || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
		throw new ByoaiError('unavailable', `Agents cannot run on this host: ${(error as Error).message}.`, {cause: error});
	}
}
