import {setTimeout as sleep} from 'node:timers/promises';
import type {Image} from './container.ts';
import {Container} from './container.ts';
import type {KubeObject} from './objects.ts';
import {initialStatus, runningStatus, terminatedStatus, waitingStatus} from './pod-status.ts';
import {eventResource, podResource} from './pods.ts';
import {isReady} from './probe.ts';
import type {Script} from './scripts.ts';
import type {Store} from './store.ts';
import {now} from './store.ts';

export type KubeletOptions = {
	readonly store: Store;
	/** What stands for images; a pod without a command whose image is not here cannot pull it. */
	readonly images: Readonly<Record<string, Image>>;
	/** What happens to a pod instead of being run; undefined: it runs. */
	readonly script: (pod: KubeObject) => Script | undefined;
	/** Status is told so long after it changed: several changes within may be told as one. */
	readonly syncMs: number;
};

let addresses = 0;
/** One of loopback that no other pod has, also of servers in other processes: agents all listen at the same port. */
function newAddress(): string {
	const {pid} = process;
	return `127.${64 + (Math.floor(pid / 256) % 128)}.${pid % 256}.${(addresses++ % 254) + 1}`;
}

/** Scheduler, kubelet and container runtime in one: has pods run as real processes, or do what a script says. */
export class Kubelet {
	readonly #options: KubeletOptions;
	readonly #containers = new Map<string, Container>();
	readonly #finals = new Map<string, Promise<void>>();
	readonly #closing = new AbortController();
	/** Pods of names for which this is true are held before their container starts. */
	holds: (name: string) => boolean = () => false;

	constructor(options: KubeletOptions) {
		this.#options = options;
		options.store.subscribe(({type, resource, object}) => {
			if (resource.name !== 'pods') return;
			if (type === 'ADDED') void this.#run(object);
			if (type === 'DELETED') this.#containers.get(uidOf(object))?.kill('SIGKILL');
			if (type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined) void this.#terminate(object);
			else if (type === 'MODIFIED' && object.spec.activeDeadlineSeconds !== undefined) void this.#deadline(object);
		});
	}

	container(pod: KubeObject): Container | undefined {
		return this.#containers.get(uidOf(pod));
	}

	/** Containers that run. */
	get running(): Container[] {
		return [...this.#containers.values()].filter(container => !container.isOver);
	}

	async close(): Promise<void> {
		this.#closing.abort();
		for (const container of this.running) container.kill('SIGKILL');
		await Promise.all(this.running.map(({ended}) => ended));
	}

	async #run(pod: KubeObject): Promise<void> {
		const script = this.#options.script(pod);
		await this.#pause();
		for (const event of script?.events ?? []) this.#tell(pod, event);
		if (script?.type === 'statuses') return this.#play(pod, script.statuses, script.everyMs);
		const ip = newAddress();
		this.#update(pod, object => ({...object, spec: {...object.spec, nodeName: 'node-1'}, status: {...object.status, ...initialStatus()}}));
		await this.#pause();
		const image = this.#options.images[pod.spec.containers[0].image];
		this.#status(pod, status => ({...status, ...waitingStatus(pod, 'ContainerCreating')}));
		while (this.holds(pod.metadata.name) && !this.#closing.signal.aborted) await this.#pause();
		if (this.#isGone(pod)) return;
		if (image === undefined && pod.spec.containers[0].command === undefined) {
			const message = `failed to pull and unpack image "${pod.spec.containers[0].image}": not found`;
			return this.#play(pod, [
				waitingStatus(pod, 'ErrImagePull', message),
				waitingStatus(pod, 'ImagePullBackOff', `Back-off pulling image: ${message}`),
			]);
		}
		const container = new Container(pod, image, ip);
		this.#containers.set(uidOf(pod), container);
		void this.#watchOver(pod, container, ip);
		const ended = await container.ended;
		if (script?.type === 'ends') await this.#play(pod, script.statuses, script.everyMs);
		else await this.#finish(pod, terminatedStatus(pod, container, ended));
	}

	/** Tells that it runs, unless it is over by then, and when it is ready. */
	async #watchOver(pod: KubeObject, container: Container, ip: string): Promise<void> {
		const script = this.#options.script(pod);
		await this.#pause();
		if (container.isOver) return;
		const probe = pod.spec.containers[0].readinessProbe;
		this.#status(pod, status => ({...status, ...runningStatus(pod, container, ip, probe === undefined)}));
		if (script?.type === 'then') return this.#play(pod, script.statuses, script.everyMs);
		while (probe !== undefined && !container.isOver) {
			if (await isReady(probe, ip, container)) {
				if (!container.isOver) this.#status(pod, status => ({...status, ...runningStatus(pod, container, ip, true)}));
				return;
			}
			await sleep(Math.min(probe.periodSeconds ?? 10, 0.1) * 1000, undefined, {ref: false});
		}
	}

	/** First the container's state, then the pod's phase, as the recordings have it. */
	async #finish(pod: KubeObject, final: Record<string, unknown>): Promise<void> {
		if (this.#options.syncMs > 0) this.#status(pod, status => ({...status, ...final, phase: status.phase}));
		await this.#pause();
		this.#status(pod, status => ({...status, ...final}));
		this.#removeTerminated(pod);
	}

	async #play(pod: KubeObject, statuses: ReadonlyArray<Record<string, unknown>>, everyMs?: number): Promise<void> {
		for (const status of statuses) {
			this.#status(pod, before => ({...before, ...status}));
			await (everyMs === undefined ? this.#pause() : sleep(everyMs, undefined, {ref: false}));
		}
	}

	/** SIGTERM, SIGKILL after the grace period; then the pod itself goes, unless something holds it. */
	async #terminate(pod: KubeObject): Promise<void> {
		const container = this.container(pod);
		if (this.#options.script(pod)?.type === 'lost') return;
		if (this.#finals.has(uidOf(pod))) return this.#removeTerminated(pod);
		const work = this.#end(container, pod.metadata.deletionGracePeriodSeconds ?? 30);
		this.#finals.set(uidOf(pod), work);
		await work;
		if (container === undefined) this.#remove(pod);
	}

	async #end(container: Container | undefined, graceSeconds: number): Promise<void> {
		await this.#pause();
		if (container === undefined || container.isOver) return;
		container.kill('SIGTERM');
		const timer = setTimeout(() => container.kill('SIGKILL'), graceSeconds * 1000);
		await container.ended;
		clearTimeout(timer);
	}

	/** A deadline that is over ends the pod, and leaves it. */
	async #deadline(pod: KubeObject): Promise<void> {
		const container = this.container(pod);
		if (container === undefined || container.isOver || this.#finals.has(uidOf(pod))) return;
		const work = (async () => {
			await sleep(Math.max(0, container.startedAt + pod.spec.activeDeadlineSeconds * 1000 - Date.now()), undefined, {ref: false});
			this.#status(pod, status => ({
				...status,
				reason: 'DeadlineExceeded',
				message: 'Pod was active on the node longer than the specified deadline',
			}));
			await this.#end(container, pod.spec.terminationGracePeriodSeconds);
		})();
		this.#finals.set(uidOf(pod), work);
		await work;
		this.#finals.delete(uidOf(pod));
	}

	#removeTerminated(pod: KubeObject): void {
		const found = this.#options.store.get(podResource, pod.metadata.namespace ?? '', pod.metadata.name);
		if (found?.metadata.uid !== pod.metadata.uid || found?.metadata.deletionTimestamp === undefined) return;
		if (['Succeeded', 'Failed'].includes(found.status.phase)) this.#remove(found);
	}

	#remove(pod: KubeObject): void {
		const found = this.#options.store.get(podResource, pod.metadata.namespace ?? '', pod.metadata.name);
		if (found?.metadata.uid === pod.metadata.uid && (found?.metadata.finalizers ?? []).length === 0)
			this.#options.store.remove(podResource, pod);
	}

	#tell(pod: KubeObject, {reason, message}: {reason: string; message: string}): void {
		const {name = '', namespace = '', uid} = pod.metadata;
		this.#options.store.create(eventResource, {
			kind: 'Event',
			apiVersion: 'v1',
			metadata: {name: `${name}.${Math.random().toString(16).slice(2)}`, namespace},
			involvedObject: {kind: 'Pod', namespace, name, uid, apiVersion: 'v1'},
			reason,
			message,
			type: 'Warning',
			firstTimestamp: null,
			lastTimestamp: null,
			eventTime: now(),
		});
	}

	#isGone({metadata}: KubeObject): boolean {
		const found = this.#options.store.get(podResource, metadata.namespace ?? '', metadata.name);
		return found?.metadata.uid !== metadata.uid || found?.metadata.deletionTimestamp !== undefined || this.#closing.signal.aborted;
	}

	// biome-ignore lint/suspicious/noExplicitAny: a status, as it is kept
	#status(pod: KubeObject, change: (status: any) => object): void {
		this.#update(pod, object => ({...object, status: change(object.status)}));
	}

	#update(pod: KubeObject, change: (object: KubeObject) => KubeObject): void {
		this.#options.store.update(podResource, pod, change);
	}

	#pause(): Promise<void> {
		return sleep(this.#options.syncMs, undefined, {ref: false});
	}
}

function uidOf({metadata}: KubeObject): string {
	return metadata.uid ?? '';
}
