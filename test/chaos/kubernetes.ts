import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {FakeKubernetes, fakeToken} from '../helpers/fake-kubernetes/server.ts';
import {StatusError} from '../helpers/fake-kubernetes/status.ts';
import type {Absence, Kill, Trouble, Victim} from './fault.ts';
import {imageTask} from './flow.ts';
import type {Ground, Home, OpenHome} from './home.ts';

const namespace = 'byoai';

/**
 * Pods of an API server of the round's own, which lives in the process of the sweep and so outlives every orchestrator. What runs in its pods
 * are processes of this host.
 */
export function kubernetesHomes(dist: string): OpenHome {
	return async ground => {
		const agent = {argv: [process.execPath, join(dist, 'agent.js')], env: {NODE_COMPILE_CACHE: join(dist, '../compiled')}};
		const server = new FakeKubernetes({images: {'byoai-agent:latest': agent}});
		await server.start();
		return new KubernetesHome(server, ground);
	};
}

class KubernetesHome implements Home {
	readonly crew: Home['crew'];
	readonly data: string;
	readonly tasks = [imageTask({image: 'any', agent: 'crew'}, false)];
	readonly environment: Readonly<Record<string, string>>;
	readonly #server: FakeKubernetes;
	/** What goes on by itself. */
	readonly #works = new Set<Promise<void>>();

	constructor(server: FakeKubernetes, {directory, data}: Ground) {
		this.#server = server;
		this.data = data;
		// Stands for the pods' own file systems, which go with them.
		const temporary = join(directory, 'pods');
		mkdirSync(temporary);
		this.crew = {type: 'kubernetes', replicas: 2, slots: 2, env: {TMPDIR: temporary}};
		const kubeconfig = join(directory, 'kubeconfig');
		writeFileSync(kubeconfig, server.kubeconfig(namespace));
		this.environment = {KUBECONFIG: kubeconfig};
	}

	hiddenAgents(): number {
		return 0;
	}

	left(): readonly string[] {
		return this.#server.pods().map(({metadata: {name, deletionTimestamp}, status: {phase}}) => {
			return `pod ${name} (${phase}${deletionTimestamp === undefined ? '' : ', deleted'})`;
		});
	}

	async harm({absence, podGraceSeconds = 0}: Kill, victim: Victim): Promise<void> {
		if (victim === 'engine') await this.#leave(absence ?? {ms: 0, how: 'off'});
		if (victim === 'pods') await this.#deletePods(podGraceSeconds);
	}

	trouble({ms, cutEveryMs, failOneIn}: Trouble): void {
		const server = this.#server;
		this.#work(async () => {
			const cuts = cutEveryMs === undefined ? undefined : setInterval(() => server.cutAll(), cutEveryMs);
			if (failOneIn !== undefined) failRequests(server, failOneIn);
			await sleep(ms);
			clearInterval(cuts);
			server.intercept = () => undefined;
			server.losesAnswer = () => false;
		});
	}

	async whole(): Promise<void> {
		while (this.#works.size > 0) await Promise.all(this.#works);
	}

	isMissedIn(output: string): boolean {
		return output.includes('Kubernetes');
	}

	async close(): Promise<void> {
		await this.whole();
		await this.#server.close();
	}

	/** Resolves when the API server is gone. It comes back by itself, with its objects, and like a real one without what it remembered of changes. */
	async #leave({ms, how}: Absence): Promise<void> {
		await this.whole();
		const server = this.#server;
		if (how === 'silent') server.freeze();
		else await server.stop();
		this.#work(async () => {
			await sleep(ms);
			if (how === 'silent') return server.thaw();
			server.store.compact();
			await server.start();
		});
	}

	async #deletePods(graceSeconds: number): Promise<void> {
		const deletions = this.#server.pods().map(({metadata: {name}}) =>
			fetch(`${this.#server.url}/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=${graceSeconds}`, {
				method: 'DELETE',
				headers: {authorization: `Bearer ${fakeToken}`},
			}),
		);
		for (const {status} of await Promise.all(deletions)) if (status !== 200 && status !== 404) throw new Error(`not deleted: ${status}`);
	}

	#work(run: () => Promise<void>): void {
		const work = run().finally(() => this.#works.delete(work));
		this.#works.add(work);
	}
}

const refusals: ReadonlyArray<readonly [number, string]> = [
	[500, 'InternalError'],
	[503, 'ServiceUnavailable'],
	[429, 'TooManyRequests'],
	[504, 'Timeout'],
];

/** Of each `oneIn` requests one fails: in turn by each of these answers, or by none once it has been done. */
function failRequests(server: FakeKubernetes, oneIn: number): void {
	let requests = 0;
	let failures = 0;
	const isNext = () => ++requests % oneIn === 0;
	server.intercept = () => {
		if (!isNext()) return undefined;
		const [code, reason] = refusals[failures++ % (refusals.length + 1)] ?? [];
		return code === undefined ? undefined : new StatusError(code, reason, `failure ${failures} of the sweep`);
	};
	server.losesAnswer = () => requests % oneIn === 0 && failures % (refusals.length + 1) === 0;
}
