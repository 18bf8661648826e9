import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import type {InstanceEnd} from '../model/instance.ts';
import {orAborted} from './abortable.ts';
import {endOf, inspect, isAlive, killPaused} from './docker-container.ts';
import {isAway} from './docker-engine.ts';
import type {DockerEvents} from './docker-events.ts';
import type {ContainerHandle} from './docker-handle.ts';

export type Watch = {
	readonly docker: Docker;
	readonly events: DockerEvents;
	readonly container: ContainerHandle;
	/** Whether this driver has asked the program of the container to end. */
	readonly isEnding: () => boolean;
	/** Ends the watching, with its reason. */
	readonly signal: AbortSignal;
};

/** After a look to which the engine gave no answer. */
const lookAgainMs = 500;

/** Resolves with the end of a container: looks at it now, and again whenever the engine has news of it. */
export async function watchContainer({docker, events, container, isEnding, signal}: Watch): Promise<InstanceEnd> {
	let news = Promise.withResolvers<void>();
	let wasSeen = false;
	const cancel = events.follow(container.container, () => news.resolve());
	try {
		for (;;) {
			signal.throwIfAborted();
			news = Promise.withResolvers(); // before the look: what happens during it counts
			const seen = await look({docker, container, isEnding}, wasSeen);
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
	{docker, container: {container, startedAt}, isEnding}: Pick<Watch, 'docker' | 'container' | 'isEnding'>,
	wasSeen: boolean,
): Promise<InstanceEnd | 'runs' | 'unknown'> {
	try {
		const facts = await inspect(docker, container);
		if (facts === undefined) return {cause: wasSeen ? 'its container was removed by somebody else' : 'ended while nobody watched'};
		if (facts.State.StartedAt !== startedAt) return {cause: 'its container was restarted by somebody else'};
		if (!isAlive(facts)) return await endOf(docker, facts, isEnding());
		if (!facts.State.Paused) return 'runs';
		// Whether it ever goes on nobody can say, and if it did, what is tried again elsewhere would run twice.
		await killPaused(docker, container);
		return {cause: 'its container was paused by somebody else (docker pause), and was ended for that'};
	} catch (error) {
		if (isAway(error)) return 'unknown';
		throw error;
	}
}
