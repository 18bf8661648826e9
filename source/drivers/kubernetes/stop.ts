import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../../model/error.ts';
import {ApiError, AwayError} from './api.ts';
import type {Pod, PodFacts} from './pod.ts';
import {factsOf} from './pod.ts';
import type {Site} from './site.ts';
import {stateOf} from './state.ts';

export type Removal = {
	readonly site: Site;
	readonly pod: string;
	/** Only this very pod, not a later one of its name. */
	readonly uid: string;
	/** Between SIGTERM and SIGKILL. */
	readonly graceMs: number;
	readonly signal: AbortSignal;
};

/** For a node to end what was killed, and the API server to forget it. */
const killMs = 60_000;
/** A pod cannot be forgotten before its node says that its processes are gone, so no grace at all is one second. */
const leastSeconds = 1;

/** Ends a pod, with all that runs in it. Resolves when the API server does not know it any more; fine when it is gone. */
export async function removePod({site, pod, uid, graceMs, signal}: Removal): Promise<void> {
	const body = {
		apiVersion: 'v1',
		kind: 'DeleteOptions',
		gracePeriodSeconds: Math.max(leastSeconds, Math.ceil(graceMs / 1000)),
		propagationPolicy: 'Background',
		preconditions: {uid},
	};
	try {
		const answer = await site.api.askOfGone<Pod>({doing: `remove pod ${pod}`, method: 'DELETE', path: `${site.path}/${pod}`, body});
		if (answer === undefined) return;
		if (answer.metadata.uid === uid) site.watch.learn(answer);
	} catch (error) {
		// Another one of its name: this one is gone.
		if (error instanceof ApiError && error.status === 409) return;
		throw error;
	}
	await untilGone({site, pod, uid, graceMs, signal});
}

async function untilGone({site, pod, uid, graceMs, signal}: Removal): Promise<void> {
	const timeout = AbortSignal.timeout(graceMs + killMs);
	const isGone = (facts: PodFacts | undefined) => (facts === undefined || facts.isGone || facts.uid !== uid ? true : undefined);
	try {
		await site.watch.until(pod, isGone, AbortSignal.any([signal, timeout]));
	} catch (error) {
		signal.throwIfAborted();
		if (!timeout.aborted) throw error;
		const node = site.watch.get(pod)?.node;
		throw new ByoaiError(
			'unavailable',
			`Kubernetes does not remove pod ${pod}${node === undefined ? '' : `: its node ${node} does not say that it has ended`}. Where the node is off for good, \`kubectl delete pod ${pod} --namespace ${site.api.cluster.place.namespace} --force\` does it.`,
			{retryable: true},
		);
	}
}

/** The pod as it is now; undefined: there is none of that name. */
export async function lookAt({api, path}: Site, pod: string, signal?: AbortSignal): Promise<PodFacts | undefined> {
	const found = await api.askOfGone<Pod>({doing: `look at pod ${pod}`, path: `${path}/${pod}`, ...(signal && {signal})});
	return found === undefined ? undefined : factsOf(found);
}

/** Does it again while the API server is away, for `awayMs` at most. What is done must be such that it may be repeated. */
export async function despiteAbsence<T>(work: () => Promise<T>, {awayMs, signal}: {awayMs: number; signal: AbortSignal}): Promise<T> {
	let wasAway = false;
	for (const deadline = performance.now() + awayMs; ; ) {
		try {
			return await work();
		} catch (error) {
			signal.throwIfAborted();
			wasAway ||= error instanceof AwayError;
			// A server that has just been started may not know yet what its users may do.
			const isPassing = error instanceof AwayError || (error instanceof ApiError && (error.retryable || (wasAway && error.status === 403)));
			if (!isPassing || performance.now() >= deadline) throw error;
			await sleep(500, undefined, {signal}).catch(() => signal.throwIfAborted());
		}
	}
}

/** Kubernetes ends a pod that is to stay by its deadline alone; this one is over. */
const overSeconds = 1;

/** Has the program of a pod end, and leaves the pod with its output and its exit code. Resolves once it has; fine when it had, or is gone. */
export async function endProgram({site, pod, uid, graceMs, signal}: Removal): Promise<void> {
	const facts = await lookAt(site, pod, signal);
	if (facts === undefined || isOver(facts, uid)) return;
	const body = {metadata: {uid}, spec: {activeDeadlineSeconds: overSeconds}};
	try {
		const answer = await site.api.askOfGone<Pod>({doing: `end pod ${pod}`, method: 'PATCH', path: `${site.path}/${pod}`, body, signal});
		if (answer === undefined) return;
	} catch (error) {
		if (error instanceof ApiError && error.status === 409) return; // another one of its name: this one is gone
		throw error;
	}
	const timeout = AbortSignal.timeout(graceMs + killMs);
	try {
		await site.watch.until(pod, now => (now === undefined || isOver(now, uid) ? true : undefined), AbortSignal.any([signal, timeout]));
	} catch (error) {
		signal.throwIfAborted();
		if (!timeout.aborted) throw error;
		throw new ByoaiError(
			'unavailable',
			`The program in pod ${pod} does not end${facts.node === undefined ? '' : ` on node ${facts.node}`}.`,
			{retryable: true},
		);
	}
}

function isOver(facts: PodFacts, uid: string): boolean {
	const {type} = stateOf(facts, Date.now());
	return facts.uid !== uid || facts.isGone || type === 'ended' || type === 'failed';
}
