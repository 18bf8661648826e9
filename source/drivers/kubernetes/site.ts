import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {KubeApi} from './api.ts';
import {openCluster} from './config.ts';
import type {Place} from './handle.ts';
import {placeKey, placeOf} from './handle.ts';
import {isMapping} from './patch.ts';
import type {PodWatchOptions} from './watch.ts';
import {PodWatch} from './watch.ts';

/** A place that is in use, named in full: its API server, and the watch over our pods there. */
export type Site = {readonly place: Place; readonly api: KubeApi; readonly watch: PodWatch; readonly path: string};

export type SitesOptions = PodWatchOptions & {
	/** What an agent does not say of its place. */
	readonly defaults: Place;
	/** Remembers where pods of ours may be; absent: nowhere but at the default place, and at those of this life. */
	readonly memory?: string;
};

/** The places in use, each opened once. */
export class Sites {
	readonly #options: SitesOptions;
	readonly #open = new Map<string, Promise<Site>>();
	readonly #known: Map<string, Place>;

	constructor(options: SitesOptions) {
		this.#options = options;
		const places = [options.defaults, ...remembered(options.memory)];
		this.#known = new Map(places.map(place => [placeKey(place), place]));
	}

	/** Rejects with `unavailable` when it cannot be told where that is. */
	get(named: Place): Promise<Site> {
		const place = this.resolve(named);
		const key = placeKey(place);
		const known = this.#open.get(key);
		if (known !== undefined) return known;
		const opening = this.#start(place, key);
		this.#open.set(key, opening);
		// A kubeconfig may be put right, and then is read again.
		opening.catch(() => this.#open.delete(key));
		return opening;
	}

	/** With what goes without saying. Another kubeconfig has contexts of its own. */
	resolve(named: Place): Place {
		const {defaults} = this.#options;
		const isElsewhere = named.kubeconfig !== undefined && named.kubeconfig !== defaults.kubeconfig;
		const isOther = isElsewhere || (named.context !== undefined && named.context !== defaults.context);
		if (isElsewhere) return named;
		// The namespace that goes without saying is one of the context that does.
		if (isOther) return {...(defaults.kubeconfig !== undefined && {kubeconfig: defaults.kubeconfig}), ...named};
		return {...defaults, ...named};
	}

	/** Notes, for later lives too, that pods of ours may be there: before the first is. */
	remember({place}: Site): void {
		const {memory} = this.#options;
		if (this.#known.has(placeKey(place))) return;
		this.#known.set(placeKey(place), place);
		if (memory === undefined) return;
		writeFileSync(`${memory}.new`, JSON.stringify([...this.#known.values()]), {mode: 0o600});
		renameSync(`${memory}.new`, memory);
	}

	/** Where pods of ours may be; the first is the usual place. */
	get known(): readonly Place[] {
		return [...this.#known.values()];
	}

	async close(): Promise<void> {
		for (const opening of this.#open.values()) {
			const site = await opening.catch(() => undefined);
			site?.watch.close();
			site?.api.cluster.close();
		}
	}

	async #start(named: Place, key: string): Promise<Site> {
		const cluster = await openCluster(named);
		const {place} = cluster;
		const whole = placeKey(place);
		const known = whole === key ? undefined : this.#open.get(whole);
		if (known !== undefined) {
			cluster.close();
			return known;
		}
		const api = new KubeApi(cluster);
		const path = `/api/v1/namespaces/${encodeURIComponent(place.namespace)}/pods`;
		const site = {place, api, watch: new PodWatch(api, this.#options), path};
		this.#open.set(whole, Promise.resolve(site));
		return site;
	}
}

function remembered(memory: string | undefined): Place[] {
	if (memory === undefined) return [];
	try {
		const read: unknown = JSON.parse(readFileSync(memory, 'utf8'));
		return Array.isArray(read) ? read.filter(isMapping).map(placeOf) : [];
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
		throw error;
	}
}
