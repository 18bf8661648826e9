import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../../model/error.ts';
import type {InstanceSpec} from '../../model/instance.ts';
import {ApiError} from './api.ts';
import {eventWords} from './events.ts';
import type {Pod, PodFacts} from './pod.ts';
import type {Site} from './site.ts';
import type {KubernetesDefaults} from './spec.ts';
import {podManifest, podName} from './spec.ts';
import {stateOf} from './state.ts';
import {lookAt, removePod} from './stop.ts';
import {isQuota} from './words.ts';

export type Start = {
	readonly site: Site;
	readonly defaults: KubernetesDefaults;
	readonly spec: InstanceSpec;
	/** Gives it up, and rejects with its reason; what is there by then stays. */
	readonly signal: AbortSignal;
	/** Told how far it is, in words, whenever that changes. */
	readonly onProgress: (words: string) => void;
};

/** What is found of a pod whose start is waited for. */
type Found =
	| {readonly type: 'there' | 'stopped'}
	| {readonly type: 'failed'; readonly words: string; readonly isHopeless: boolean}
	| {readonly type: 'look'};

/** After so long without a container, the cluster is asked what happens; then after twice that, and so on. */
const firstLookMs = 3000;
const longestLookMs = 60_000;
/** Before a pod that a quota does not permit is asked for again. */
const firstQuotaMs = 500;
const longestQuotaMs = 10_000;

/** Makes sure that the pod of an instance runs, and is ready where it has a probe. What cannot start leaves no pod. */
export async function startPod(start: Start): Promise<PodFacts> {
	const {spec, signal} = start;
	for (;;) {
		signal.throwIfAborted();
		const facts = (await create(start)) ?? (await take(start));
		if (facts === undefined) continue;
		const state = stateOf(facts, Date.now());
		// A pod of a task stays until it is stopped, and is found as it ended.
		if (state.type === 'ended' && spec.command !== undefined) return facts;
		return ready(start, facts);
	}
}

/** Waits in the same way for a pod that is there, and makes none. Undefined: none of this instance is. */
export async function findPod(start: Start): Promise<PodFacts | undefined> {
	const {site, defaults, spec, signal} = start;
	const there = await lookAt(site, podName(defaults.owner, spec.name), signal);
	if (there?.owner !== defaults.owner || there.instance !== spec.name) return undefined;
	const facts = await take(start);
	if (facts === undefined || stateOf(facts, Date.now()).type === 'ended') return facts;
	return ready(start, facts);
}

/** Undefined: there is one of that name already. While a quota is used up, it waits for other pods to end. */
async function create({site, defaults, spec, signal, onProgress}: Start): Promise<PodFacts | undefined> {
	const name = podName(defaults.owner, spec.name);
	const body = podManifest(spec, defaults);
	const deadline = performance.now() + spec.agent.startTimeoutMs;
	for (let waitMs = firstQuotaMs; ; waitMs = Math.min(longestQuotaMs, waitMs * 2)) {
		try {
			return site.watch.learn(await site.api.ask<Pod>({doing: `make pod ${name}`, method: 'POST', path: site.path, body}));
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			if (error.status === 409) return undefined;
			if (!isQuota(error.said)) throw error;
			if (performance.now() + waitMs > deadline) throw failure(spec, error.message, false);
			onProgress(error.message);
			await sleep(waitMs, undefined, {signal}).catch(() => signal.throwIfAborted());
		}
	}
}

/** The pod that is there already; undefined: it is gone now, whatever it was. */
async function take({site, defaults, spec, signal}: Start): Promise<PodFacts | undefined> {
	const name = podName(defaults.owner, spec.name);
	const pod = await site.api.askOfGone<Pod>({doing: `look at pod ${name}`, path: `${site.path}/${name}`});
	if (pod === undefined) return undefined;
	const facts = site.watch.learn(pod);
	if (facts.owner !== defaults.owner || facts.instance !== spec.name) {
		throw new ByoaiError(
			'unavailable',
			`A pod ${name} is there that byoai did not make: remove it (\`kubectl delete pod ${name}\`), or rename it.`,
		);
	}
	if (facts.deletion !== undefined) {
		await untilFree({site, spec, signal}, facts);
		// What it ran has begun, perhaps, and does so once only.
		if (spec.command !== undefined) throw failure(spec, 'its pod was removed by somebody else', false);
		return undefined;
	}
	const {type} = stateOf(facts, Date.now());
	if (type === 'ended' && spec.command !== undefined) return facts;
	if (type !== 'ended' && type !== 'failed') return facts;
	await removePod({site, pod: name, uid: facts.uid, graceMs: 0, signal});
	return undefined;
}

/** An earlier pod of this name is being removed. On a node that is lost, that may take for ever. */
async function untilFree({site, spec, signal}: Pick<Start, 'site' | 'spec' | 'signal'>, {name, uid, node}: PodFacts): Promise<void> {
	const late = AbortSignal.timeout(spec.agent.startTimeoutMs);
	const isFree = (now: PodFacts | undefined) => (now === undefined || now.isGone || now.uid !== uid ? true : undefined);
	try {
		await site.watch.until(name, isFree, AbortSignal.any([signal, late]));
	} catch (error) {
		signal.throwIfAborted();
		if (!late.aborted) throw error;
		throw failure(spec, `its earlier pod ${name} is still being removed${node === undefined ? '' : ` by node ${node}`}`, false);
	}
}

async function ready(start: Start, {name, uid}: PodFacts): Promise<PodFacts> {
	const {site, spec, signal} = start;
	const timeoutMs = spec.agent.startTimeoutMs;
	let [stage, deadline, lookMs] = ['', 0, firstLookMs];
	for (;;) {
		const now = stageOf(site.watch.get(name));
		// How long an image is pulled does not count for what comes after.
		if (now !== stage) [stage, deadline, lookMs] = [now, performance.now() + timeoutMs, firstLookMs];
		const left = deadline - performance.now();
		const found = await waitFor(start, {name, uid, stage}, stage === 'creating' ? lookMs : Math.max(1, left));
		const facts = site.watch.get(name);
		if (found.type === 'there' && facts !== undefined) return facts;
		if (found.type === 'failed') return giveUp(start, {name, uid}, found.words, found.isHopeless);
		if (found.type !== 'look' || facts === undefined) throw stopped(spec);
		if (stageOf(facts) !== stage) continue;
		lookMs = Math.min(longestLookMs, lookMs * 2);
		const {words = progressOf(facts), isFinal} = await eventWords(site, facts, signal);
		if (isFinal) return giveUp(start, {name, uid}, words ?? '', true);
		const isLate = performance.now() >= deadline && (stage !== 'creating' || words !== progressOf(facts));
		if (words !== undefined) start.onProgress(words);
		if (isLate)
			return giveUp(
				start,
				{name, uid},
				`it ${stage === 'running' ? 'was not ready' : 'did not start'} within ${timeoutMs / 1000} s (start_timeout): ${words}`,
				false,
			);
	}
}

/** What a pod waits for. That its image is pulled may take any time; that it has a node, or gets ready, may not. */
function stageOf(facts: PodFacts | undefined): 'creating' | 'scheduling' | 'running' {
	if (facts?.isRunning) return 'running';
	return facts?.unschedulable === undefined ? 'creating' : 'scheduling';
}

async function giveUp(
	{site, spec, signal}: Start,
	{name, uid}: Pick<PodFacts, 'name' | 'uid'>,
	words: string,
	hopeless: boolean,
): Promise<never> {
	await removePod({site, pod: name, uid, graceMs: 0, signal});
	throw failure(spec, words, hopeless);
}

/** Waits for the pod to run, or for something to be said of it; `look`: it waits for something else now, or neither came in time. */
async function waitFor(
	{site, spec, signal, onProgress}: Start,
	pod: {name: string; uid: string; stage: string},
	ms: number,
): Promise<Found> {
	const timeout = AbortSignal.timeout(Math.ceil(ms));
	const hasProbe = spec.agent.readinessProbe !== undefined && spec.command === undefined;
	const sameStage = (facts: PodFacts): Found | undefined => (stageOf(facts) === pod.stage ? undefined : {type: 'look'});
	const look = (facts: PodFacts | undefined): Found | undefined => {
		if (facts === undefined || facts.uid !== pod.uid || facts.isGone || facts.deletion !== undefined) return {type: 'stopped'};
		const words = progressOf(facts);
		if (words !== undefined) onProgress(words);
		const state = stateOf(facts, Date.now());
		if (state.type === 'failed') return state;
		if (state.type === 'runs') return hasProbe && !facts.isReady ? sameStage(facts) : {type: 'there'};
		if (state.type === 'starting') return sameStage(facts);
		return hasProbe ? {type: 'failed', words: `it did not get ready: it ${state.end.cause}`, isHopeless: false} : {type: 'there'};
	};
	try {
		return await site.watch.until(pod.name, look, AbortSignal.any([signal, timeout]));
	} catch (error) {
		signal.throwIfAborted();
		if (timeout.aborted) return {type: 'look'};
		throw error;
	}
}

/** How far a start is; undefined: it is there. */
function progressOf(facts: PodFacts): string | undefined {
	const state = stateOf(facts, Date.now());
	if (state.type === 'starting') return state.words;
	return state.type === 'runs' && !facts.isReady ? 'its readiness probe has not passed yet' : undefined;
}

function failure({name}: InstanceSpec, words: string, isHopeless: boolean): ByoaiError {
	return new ByoaiError('unavailable', `Instance ${name} cannot be started: ${words}${/[.!)]$/.test(words) ? '' : '.'}`, {
		retryable: !isHopeless,
	});
}

function stopped({name}: InstanceSpec): ByoaiError {
	return new ByoaiError('unavailable', `Instance ${name} was stopped while it started.`, {retryable: true});
}
