import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError, messageOf} from '../../model/error.ts';
import type {Handle, InstanceEnd, InstanceSpec, OutputPiece} from '../../model/instance.ts';
import type {AgentSpec} from '../../model/workflow.ts';
import {dialsByItself} from '../agent-problems.ts';
import type {Dialled, Driver} from '../driver.ts';
import {createTurns} from '../turns.ts';
import type {PodHandle} from './handle.ts';
import {fromHandle, handleOf} from './handle.ts';
import {atEachSite, listPods} from './list.ts';
import {lastWords, podOutput} from './log.ts';
import {LogCursor} from './log-cursor.ts';
import {podOptions} from './options.ts';
import type {PodFacts} from './pod.ts';
import {probePlaces} from './probe.ts';
import {dialledPod} from './reach.ts';
import type {Site, SitesOptions} from './site.ts';
import {Sites} from './site.ts';
import type {KubernetesDefaults} from './spec.ts';
import {podAgentPort, podName, validateKubernetes} from './spec.ts';
import type {Start} from './start.ts';
import {findPod, startPod} from './start.ts';
import {stateOf} from './state.ts';
import {despiteAbsence, endProgram, lookAt, removePod} from './stop.ts';

export type KubernetesDriverOptions = KubernetesDefaults &
	SitesOptions & {
		/** How long starts and stops wait for an API server that is away, as while it is started again. */
		readonly awayMs: number;
	};

/** Readings of output that are remembered, to go on with. */
const mostCursors = 10_000;
const placeRetryMs = 5000;

/**
 * Agents, and programs of tasks, in pods of Kubernetes clusters. The cluster remembers them: they are found again by name and by the label that
 * carries the orchestrator's own id. Nothing without that label is ever touched. Until something is asked of it, no cluster is spoken to,
 * nor is the client library read.
 */
export function createKubernetesDriver(options: KubernetesDriverOptions): Driver {
	return new KubernetesDriver(options);
}

class KubernetesDriver implements Driver {
	readonly name = 'kubernetes';
	readonly losesInstances = true;
	readonly #options: KubernetesDriverOptions;
	readonly #closing = new AbortController();
	readonly #turns = createTurns();
	readonly #sites: Sites;
	/** How far starts are, by instance. */
	readonly #progress = new Map<string, string>();
	/** Where starts of this life made pods, by instance. */
	readonly #begun = new Map<string, Site>();
	/** By uid. */
	readonly #cursors = new Map<string, LogCursor>();

	constructor(options: KubernetesDriverOptions) {
		this.#options = options;
		this.#sites = new Sites(options);
	}

	probe(agents?: readonly AgentSpec[]): Promise<void> {
		return probePlaces(this.#sites, agents);
	}

	start(spec: InstanceSpec): Promise<Handle> {
		return this.#turns.start(spec.name, stopped => this.#start(spec, AbortSignal.any([stopped, this.#closing.signal])));
	}

	find(spec: InstanceSpec): Promise<Handle | undefined> {
		return this.#turns.start(spec.name, stopped => this.#begin(spec, AbortSignal.any([stopped, this.#closing.signal]), findPod));
	}

	stop({name, handle}: {name: string; handle?: Handle}): Promise<void> {
		return this.#turns.stop(name, () => this.#despiteRestart(() => this.#stop(name, handle), this.#closing.signal));
	}

	async watch(_name: string, handle: Handle, ended: AbortSignal): Promise<InstanceEnd> {
		const signal = AbortSignal.any([ended, this.#closing.signal]);
		const pod = fromHandle(handle);
		const site = await this.#siteOf(pod, signal);
		const {facts, end} = await site.watch.until(pod.pod, endLook(pod), signal);
		// All that the program of a task prints is read anyway.
		if (facts === undefined || facts.isTask || end.output !== undefined || facts.terminated === undefined || facts.isGone) return end;
		const output = await lastWords(site, facts, {previous: facts.before !== undefined && facts.waiting !== undefined});
		return {...end, ...(output !== undefined && {output})};
	}

	list(): Promise<ReadonlyArray<{name: string; handle: Handle}>> {
		return listPods(this.#sites, this.#options);
	}

	reach({agent}: InstanceSpec, handle: Handle): Promise<Dialled> | undefined {
		if (dialsByItself(agent)) return undefined;
		const pod = fromHandle(handle);
		return this.#sites.get(pod.place).then(site => dialledPod(site, pod, podAgentPort(agent)));
	}

	progress(instance: string): string | undefined {
		return this.#progress.get(instance);
	}

	async lastOutput({name, handle}: {name: string; handle?: Handle}): Promise<string | undefined> {
		const known = handle && fromHandle(handle);
		const site = this.#begun.get(name) ?? (known && (await this.#sites.get(known.place)));
		return site && lastWords(site, {name: known?.pod ?? podName(this.#options.owner, name)});
	}

	async *output(handle: Handle, from: number, ended: AbortSignal): AsyncIterable<OutputPiece> {
		const signal = AbortSignal.any([ended, this.#closing.signal]);
		const pod = fromHandle(handle);
		const site = await this.#siteOf(pod, signal);
		yield* podOutput({site, pod, cursor: this.#cursorOf(pod), signal, warn: this.#options.warn}, from);
	}

	async end(handle: Handle, graceMs: number): Promise<void> {
		const {signal} = this.#closing;
		const pod = fromHandle(handle);
		const site = await this.#siteOf(pod, signal);
		await this.#despiteRestart(() => endProgram({site, pod: pod.pod, uid: pod.uid, graceMs, signal}), signal);
	}

	async close(): Promise<void> {
		this.#closing.abort(new ByoaiError('stopping', 'The Kubernetes driver was closed.'));
		await this.#turns.settled();
		await this.#sites.close();
	}

	async #start(spec: InstanceSpec, signal: AbortSignal): Promise<Handle> {
		const problems = validateKubernetes(spec);
		if (problems.length > 0) throw new ByoaiError('invalid', problems.join('\n'));
		const handle = await this.#begin(spec, signal, startPod);
		if (handle === undefined) throw new ByoaiError('internal', `Instance ${spec.name} was started, and is not there.`);
		return handle;
	}

	/** Has a pod of an instance made, or found, and waits for it. */
	async #begin(
		spec: InstanceSpec,
		signal: AbortSignal,
		begin: (start: Start) => Promise<PodFacts | undefined>,
	): Promise<Handle | undefined> {
		try {
			const site = await this.#sites.get(podOptions(spec.agent).place);
			this.#sites.remember(site);
			this.#begun.set(spec.name, site);
			const onProgress = (words: string) => void this.#progress.set(spec.name, words);
			const start = {site, defaults: this.#options, spec, signal, onProgress};
			const pod = await this.#despiteRestart(() => begin(start), signal);
			return pod && handleOf({place: site.place, pod: pod.name, uid: pod.uid});
		} finally {
			this.#progress.delete(spec.name);
		}
	}

	async #stop(instance: string, handle: Handle | undefined): Promise<void> {
		const {owner, stopGraceMs: graceMs} = this.#options;
		const {signal} = this.#closing;
		if (handle !== undefined) {
			// The uid of a pod that we made is all that has to be told.
			const {place, pod, uid} = fromHandle(handle);
			const site = await this.#sites.get(place);
			if (!site.watch.isWithout(pod, uid)) await removePod({site, pod, uid, graceMs, signal});
			this.#cursors.delete(uid);
			this.#begun.delete(instance);
			return;
		}
		const name = podName(owner, instance);
		const remove = async (site: Site) => {
			const pod = await lookAt(site, name, signal);
			if (pod?.owner === owner && pod.instance === instance) await removePod({site, pod: name, uid: pod.uid, graceMs, signal});
		};
		const begun = this.#begun.get(instance);
		if (begun === undefined) await atEachSite(this.#sites, this.#options.warn, remove);
		else await remove(begun);
		this.#begun.delete(instance);
	}

	#despiteRestart<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
		return despiteAbsence(work, {awayMs: this.#options.awayMs, signal});
	}

	/** Its configuration may be put right: that it cannot be read now is no end of what runs there. */
	async #siteOf({place}: PodHandle, signal: AbortSignal): Promise<Site> {
		for (let told = false; ; told = true) {
			try {
				return await this.#sites.get(place);
			} catch (error) {
				if (!told) this.#options.warn(`pods are out of sight: ${messageOf(error)}`);
				await sleep(placeRetryMs, undefined, {signal}).catch(() => signal.throwIfAborted());
			}
		}
	}

	#cursorOf({uid}: PodHandle): LogCursor {
		const cursor = this.#cursors.get(uid) ?? new LogCursor();
		this.#cursors.delete(uid);
		this.#cursors.set(uid, cursor);
		for (const oldest of this.#cursors.keys()) {
			if (this.#cursors.size <= mostCursors) break;
			this.#cursors.delete(oldest);
		}
		return cursor;
	}
}

/** Finds the end of a pod. */
function endLook({uid}: PodHandle): (facts: PodFacts | undefined) => {facts?: PodFacts; end: InstanceEnd} | undefined {
	let wasSeen = false;
	return facts => {
		if (facts === undefined || facts.uid !== uid) {
			return {end: {cause: wasSeen ? 'its pod was removed by somebody else' : 'ended while nobody watched'}};
		}
		wasSeen = true;
		const state = stateOf(facts, Date.now());
		if (state.type === 'ended') return {facts, end: state.end};
		return state.type === 'failed' ? {facts, end: {cause: state.words}} : undefined;
	};
}
