import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import type {InstanceEnd} from '../../model/instance.ts';
import {orAborted} from '../abortable.ts';
import {endOf, endProgram, inspect, isAlive, killPaused} from './container.ts';
import type {Connect} from './engine.ts';
import {isAway} from './engine.ts';
import type {DockerEvents} from './events.ts';
import type {ContainerHandle} from './handle.ts';

type Watch = {
	readonly docker: Docker;
	readonly events: DockerEvents;
	readonly container: ContainerHandle;
	/** Whether its end was asked for here: that it came from outside is no news then, and its exit code is its own. */
	readonly isAsked: () => boolean;
	/** Ends the watching, with its reason. */
	readonly signal: AbortSignal;
};

/** Ends of containers: those that are waited for, and those that are asked for. */
export class DockerEnds {
	readonly #connect: Connect;
	readonly #events: DockerEvents;
	readonly #asked = new Set<string>();

	constructor(connect: Connect, events: DockerEvents) {
		this.#connect = connect;
		this.#events = events;
	}

	/** Resolves with the end of a container. */
	async watch(container: ContainerHandle, signal: AbortSignal): Promise<InstanceEnd> {
		const docker = await this.#connect();
		const isAsked = () => this.#asked.has(container.container);
		return watchContainer({docker, events: this.#events, container, isAsked, signal});
	}

	/** Has the program in a container end, and kills it after a while. */
	async ask(container: string, graceMs: number): Promise<void> {
		const docker = await this.#connect();
		const facts = await inspect(docker, container);
		if (facts === undefined) return;
		// What has ended before has done so by itself, or because of somebody else.
		if (isAlive(facts)) this.#asked.add(container);
		await endProgram(docker, facts, graceMs);
	}
}

/** After a look to which the engine gave no answer. */
const lookAgainMs = 500;

/** Resolves with the end of a container: looks at it now, and again whenever the engine has news of it. */
async function watchContainer({docker, events, container, isAsked, signal}: Watch): Promise<InstanceEnd> {
	let news = Promise.withResolvers<void>();
	let wasSeen = false;
	const cancel = events.follow(container.container, () => news.resolve());
	try {
		for (;;) {
			signal.throwIfAborted();
			news = Promise.withResolvers(); // before the look: what happens during it counts
			const seen = await look({docker, container, isAsked}, wasSeen);
			if (typeof seen === 'object') return seen;
			wasSeen ||= seen === 'runs';
			// One question may get lost while the stream of events, which would be news when it began anew, goes on.
			const again = seen === 'unknown' ? [sleep(lookAgainMs, undefined, {ref: false})] : [];
			await orAborted(Promise.race([news.promise, ...again]), signal);
		}
	} finally {
		cancel();
	}
}

/** `unknown`: the engine does not answer just now. */
async function look(
	{docker, container: handle, isAsked}: Pick<Watch, 'docker' | 'container' | 'isAsked'>,
	wasSeen: boolean,
): Promise<InstanceEnd | 'runs' | 'unknown'> {
	const {container, startedAt} = handle;
	try {
		const facts = await inspect(docker, container);
		if (facts === undefined) return {cause: wasSeen ? 'its container was removed by somebody else' : 'ended while nobody watched'};
		if (facts.State.StartedAt !== startedAt) return {cause: 'its container was restarted by somebody else'};
		if (!isAlive(facts)) return await endOf(docker, facts, isAsked());
		if (!facts.State.Paused) return 'runs';
		// Whether it ever goes on nobody can say, and if it did, what is tried again elsewhere would run twice.
		await killPaused(docker, container);
		return {cause: 'its container was paused by somebody else (docker pause), and was ended for that'};
	} catch (error) {
		if (isAway(error)) return 'unknown';
		throw error;
	}
}
