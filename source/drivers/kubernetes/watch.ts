import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError, messageOf} from '../../model/error.ts';
import {orAborted} from '../abortable.ts';
import type {KubeApi} from './api.ts';
import {ApiError} from './api.ts';
import {allPods} from './pages.ts';
import type {Pod, PodFacts} from './pod.ts';
import {factsOf} from './pod.ts';
import {ownerLabel} from './spec.ts';
import type {WatchEvent} from './watch-events.ts';
import {eventsOf} from './watch-events.ts';

export type PodWatchOptions = {
	readonly owner: string;
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
};

/** The server ends a watch after so long, and the next one goes on where it ended. */
const watchSeconds = 290;
/** A watch that says nothing for so long after its time, not even that it ends, is dead. */
const silentMs = (watchSeconds + 30) * 1000;
const lingerMs = 5000;
const lookMs = 10_000;
const shortestRetryMs = 100;
const longestRetryMs = 5000;

/**
 * All pods of an orchestrator in one namespace, as they are now: one list, then one watch for all who follow. Whatever breaks it, a new list
 * makes up for what was missed. Runs only while somebody follows, and a moment longer.
 */
export class PodWatch {
	readonly #api: KubeApi;
	readonly #options: PodWatchOptions;
	readonly #pods = new Map<string, PodFacts>();
	readonly #followers = new Map<() => void, string>();
	readonly #closing = new AbortController();
	/** Ends the current list or watch. */
	#reading = new AbortController();
	#isSynced = false;
	/** The version up to which all changes are known. */
	#seen = 0;
	#runs = false;
	/** Nobody has followed for a while. */
	#isIdle = false;
	#idle: NodeJS.Timeout | undefined;
	#failures = 0;

	constructor(api: KubeApi, options: PodWatchOptions) {
		this.#api = api;
		this.#options = options;
	}

	/** What is known of a pod. While somebody follows it, and `isSynced`, undefined means: it is not there. */
	get(pod: string): PodFacts | undefined {
		return this.#pods.get(pod);
	}

	/** Whether what is known is whole and kept up to date. */
	get isSynced(): boolean {
		return this.#isSynced;
	}

	/** Whether it is known that a pod is not there any more, which was there. */
	isWithout(pod: string, uid: string): boolean {
		if (!this.#isSynced) return false;
		const facts = this.#pods.get(pod);
		return facts === undefined || facts.isGone || facts.uid !== uid;
	}

	/** Calls `onNews` when something changed about a pod, or may have. */
	follow(pod: string, onNews: () => void): () => void {
		this.#followers.set(onNews, pod);
		this.#isIdle = false;
		if (!this.#runs) void this.#run();
		return () => {
			this.#followers.delete(onNews);
			const facts = this.#pods.get(pod);
			if (facts?.isGone) this.#forget(facts);
			if (this.#followers.size === 0) this.#linger();
		};
	}

	/** Takes what an answer to another request says of a pod, unless the watch is beyond that, and knows better: even that it is gone. */
	learn(pod: Pod): PodFacts {
		const facts = factsOf(pod);
		if (facts.version > this.#seen) this.#take(facts);
		return facts;
	}

	/**
	 * Resolves with what `look` finds in a pod, as soon as it finds something; undefined goes to it for a pod that is not there. Rejects with the
	 * signal's reason.
	 */
	async until<T>(pod: string, look: (facts: PodFacts | undefined) => T | undefined, signal: AbortSignal): Promise<T> {
		let news = Promise.withResolvers<void>();
		const cancel = this.follow(pod, () => news.resolve());
		const either = AbortSignal.any([signal, this.#closing.signal]);
		try {
			for (;;) {
				either.throwIfAborted();
				news = Promise.withResolvers(); // before the look: what happens during it counts
				const facts = this.get(pod);
				const found = facts === undefined && !this.#isSynced ? undefined : look(facts);
				if (found !== undefined) return found;
				await orAborted(news.promise, either);
			}
		} finally {
			cancel();
		}
	}

	close(): void {
		clearTimeout(this.#idle);
		this.#closing.abort(new ByoaiError('stopping', 'The Kubernetes driver was closed.'));
		this.#reading.abort();
	}

	/** Who starts one pod after the other should not need a new list for each. */
	#linger(): void {
		clearTimeout(this.#idle);
		this.#idle = setTimeout(() => {
			if (this.#followers.size > 0) return;
			this.#isIdle = true;
			this.#reading.abort();
		}, lingerMs);
		this.#idle.unref();
	}

	get #isWanted(): boolean {
		return !this.#isIdle && !this.#closing.signal.aborted;
	}

	async #run(): Promise<void> {
		this.#runs = true;
		// What time alone changes, as that a node has been away for too long, is no news of the server's.
		const looks = setInterval(() => this.#tell(() => true), lookMs);
		looks.unref();
		let version: string | undefined;
		let listed = Number.NEGATIVE_INFINITY;
		while (this.#isWanted) {
			this.#reading = new AbortController();
			try {
				if (version === undefined) {
					version = await this.#list();
					listed = performance.now();
				}
				version = await this.#watch(version);
			} catch (error) {
				version = undefined;
				this.#isSynced = false;
				if (!this.#isWanted) break;
				// What a version was good for is over after some minutes: that is no failure, unless it comes again and again.
				const isExpired = error instanceof ApiError && error.status === 410;
				const isSoon = performance.now() - listed < lingerMs;
				if ((!isExpired || isSoon) && !this.#reading.signal.aborted) await this.#rest(error);
			}
		}
		clearInterval(looks);
		this.#runs = false;
		this.#isSynced = false;
		this.#seen = 0;
		this.#pods.clear();
		// Somebody may have come while the last look was being given up.
		if (this.#isWanted) void this.#run();
	}

	/** What becomes of runs hangs on the watch: the wait before it is tried again grows, but never to more than seconds. */
	async #rest(error: unknown): Promise<void> {
		if (this.#failures++ === 2) this.#options.warn(`the pods in ${this.#api.cluster.name} are out of sight: ${messageOf(error)}`);
		const ms = Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(this.#failures, 10));
		await sleep(ms / 2 + (Math.random() * ms) / 2, undefined, {ref: false, signal: this.#closing.signal}).catch(() => undefined);
	}

	/** All pods there are; resolves with the version that they make up. */
	async #list(): Promise<string> {
		const {pods, version} = await allPods(this.#api, this.#options.owner, this.#reading.signal);
		const found = new Set(pods.map(({name}) => name));
		for (const [name, facts] of this.#pods) {
			// Made after the list was: its own answer told of it.
			if (!found.has(name) && facts.version <= Number(version)) this.#pods.delete(name);
		}
		for (const facts of pods) this.#take(facts);
		this.#seen = Number(version);
		this.#isSynced = true;
		if (this.#failures > 2) this.#options.warn(`the pods in ${this.#api.cluster.name} are in sight again`);
		this.#failures = 0;
		this.#tell(() => true);
		return version;
	}

	/** Follows the changes after a version; resolves with the last one that was told, when the server ends the watch in good order. */
	async #watch(from: string): Promise<string> {
		const query = new URLSearchParams({
			watch: 'true',
			allowWatchBookmarks: 'true',
			labelSelector: this.#selector,
			resourceVersion: from,
			timeoutSeconds: String(watchSeconds),
		});
		const idle = new AbortController();
		const timer = setTimeout(() => idle.abort(new Error('nothing came')), silentMs);
		timer.unref();
		try {
			const signal = AbortSignal.any([this.#reading.signal, idle.signal]);
			const chunks = await this.#api.open({doing: 'watch pods', path: `${this.#path}?${query}`, signal});
			let version = from;
			for await (const event of eventsOf(chunks ?? [])) {
				timer.refresh();
				version = this.#event(event) ?? version;
			}
			return version;
		} finally {
			clearTimeout(timer);
		}
	}

	/** The version that an event brings. */
	#event({type, object}: WatchEvent): string | undefined {
		if (type === 'ERROR') throw new ApiError(`the watch ends: ${object.message ?? ''}`, object.code ?? 500, object);
		if (type !== 'BOOKMARK') this.#take(factsOf(object, type === 'DELETED'));
		const version = object.metadata.resourceVersion;
		this.#seen = Math.max(this.#seen, Number(version ?? 0));
		return version;
	}

	#take(facts: PodFacts): void {
		const known = this.#pods.get(facts.name);
		if (known !== undefined && known.version > facts.version) return;
		this.#pods.set(facts.name, facts);
		this.#tell(pod => pod === facts.name);
		// Who looked has seen how it ended.
		if (facts.isGone && this.#pods.get(facts.name) === facts) queueMicrotask(() => this.#forget(facts));
	}

	/** A pod that is gone is remembered for as long as somebody follows it. */
	#forget(facts: PodFacts): void {
		if (this.#pods.get(facts.name) === facts && ![...this.#followers.values()].includes(facts.name)) this.#pods.delete(facts.name);
	}

	#tell(isMeant: (pod: string) => boolean): void {
		for (const [onNews, pod] of this.#followers) if (isMeant(pod)) onNews();
	}

	get #path(): string {
		return `/api/v1/namespaces/${encodeURIComponent(this.#api.cluster.place.namespace)}/pods`;
	}

	get #selector(): string {
		return `${ownerLabel}=${this.#options.owner}`;
	}
}
