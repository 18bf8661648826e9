import {randomUUID} from 'node:crypto';
import type {KubeObject, Resource} from './objects.ts';

export type Change = {
	readonly version: number;
	readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
	readonly resource: Resource;
	readonly object: KubeObject;
};

/** What etcd is to a real one: objects with one counter of versions, and the newest changes for those who watch. */
export class Store {
	readonly #objects = new Map<string, KubeObject>();
	readonly #listeners = new Set<(change: Change) => void>();
	/** The newest changes; how many `historySize` says. */
	#history: Change[] = [];
	#version = 780;
	/** Changes of which not all listeners have heard. */
	readonly #untold: Change[] = [];
	/** Changes up to this one are forgotten. */
	#compacted = 0;
	historySize = 20_000;

	get version(): number {
		return this.#version;
	}

	get compacted(): number {
		return this.#compacted;
	}

	get(resource: Resource, namespace: string, name: string): KubeObject | undefined {
		const found = this.#objects.get(keyOf(resource, namespace, name));
		return found && structuredClone(found);
	}

	/** In the order of their names, as etcd has them. */
	list(resource: Resource, namespace?: string): KubeObject[] {
		const prefix = namespace === undefined ? `${resource.group}/${resource.name}/` : keyOf(resource, namespace, '');
		return [...this.#objects.entries()]
			.filter(([key]) => key.startsWith(prefix))
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([, object]) => structuredClone(object));
	}

	/** Keeps a new object. It must not be there yet. */
	create(resource: Resource, object: KubeObject): KubeObject {
		const metadata = {
			...object.metadata,
			uid: randomUUID(),
			generation: 1,
			creationTimestamp: now(),
		};
		return this.#put('ADDED', resource, {...object, metadata});
	}

	/** Changes an object where it is still there, and is still that one. */
	update(resource: Resource, {metadata}: KubeObject, change: (object: KubeObject) => KubeObject): KubeObject | undefined {
		const found = this.get(resource, metadata.namespace ?? '', metadata.name);
		if (found === undefined || (metadata.uid !== undefined && found.metadata.uid !== metadata.uid)) return undefined;
		const before = JSON.stringify(found);
		const changed = change(found);
		// As with a real one, a change that changes nothing is none.
		return JSON.stringify(changed) === before ? changed : this.#put('MODIFIED', resource, changed);
	}

	remove(resource: Resource, {metadata}: KubeObject): KubeObject | undefined {
		const key = keyOf(resource, metadata.namespace ?? '', metadata.name);
		const found = this.#objects.get(key);
		if (found === undefined || (metadata.uid !== undefined && found.metadata.uid !== metadata.uid)) return undefined;
		return this.#put('DELETED', resource, found);
	}

	/** All changes after a version; undefined: they are not all known any more. */
	since(version: number): Change[] | undefined {
		return version < this.#compacted ? undefined : this.#history.filter(change => change.version > version);
	}

	/** Forgets all changes so far, as a server does after some minutes, and when it is started again. */
	compact(): void {
		this.#history = [];
		this.#compacted = this.#version;
	}

	subscribe(listener: (change: Change) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#put(type: Change['type'], resource: Resource, object: KubeObject): KubeObject {
		const version = ++this.#version;
		const kept = structuredClone({...object, metadata: {...object.metadata, resourceVersion: String(version)}});
		const key = keyOf(resource, object.metadata.namespace ?? '', object.metadata.name);
		if (type === 'DELETED') this.#objects.delete(key);
		else this.#objects.set(key, kept);
		const change = {version, type, resource, object: kept};
		this.#history.push(change);
		if (this.#history.length > this.historySize) {
			this.#history = this.#history.slice(-Math.ceil(this.historySize / 2));
			this.#compacted = (this.#history[0]?.version ?? 1) - 1;
		}
		this.#untold.push(change);
		if (this.#untold.length === 1) this.#tell();
		return structuredClone(kept);
	}

	/** Everybody hears of changes in their order, also where a listener makes the next one while others have not heard of this one. */
	#tell(): void {
		for (let [change] = this.#untold; change !== undefined; [change] = this.#untold) {
			for (const listener of this.#listeners) listener(change);
			this.#untold.shift();
		}
	}
}

function keyOf({group, name: resource}: Resource, namespace: string, name: string): string {
	return `${group}/${resource}/${namespace}/${name}`;
}

/** As the API server writes times: to the second. */
export function now(at = Date.now()): string {
	return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
