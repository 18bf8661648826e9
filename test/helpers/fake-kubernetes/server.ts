import type {IncomingMessage, ServerResponse} from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {selfSigned} from '../self-signed.ts';
import type {Access, Rule} from './access.ts';
import {forbidden, permits} from './access.ts';
import type {Image} from './container.ts';
import {discover} from './discovery.ts';
import {Kubelet} from './kubelet.ts';
import {sendLog} from './logs.ts';
import type {KubeObject} from './objects.ts';
import {podResource} from './pods.ts';
import {proxy} from './proxy.ts';
import type {ApiRequest} from './request.ts';
import {parseRequest, readJson} from './request.ts';
import type {Script} from './scripts.ts';
import {notFound, StatusError, unauthorized} from './status.ts';
import {Store} from './store.ts';
import {list, watch} from './watch.ts';
import {change, create, remove} from './writes.ts';

export type FakeOptions = {
	readonly images?: Readonly<Record<string, Image>>;
	/** What happens to a pod instead of being run. */
	readonly script?: (pod: KubeObject) => Script | undefined;
	readonly syncMs?: number;
	readonly bookmarkMs?: number;
	/** What its user may do; absent: everything. */
	readonly rules?: readonly Rule[];
	/** Namespaces with at most so many pods. */
	readonly quotas?: Readonly<Record<string, number>>;
	/** With a certificate that its kubeconfig holds; kubectl sends no token without. */
	readonly tls?: boolean;
};

export const fakeToken = 'fake-token';
const fakeUser = 'system:serviceaccount:byoai:byoai';
const namespaces = ['default', 'byoai', 'other'];

/** An API server in this process: real HTTP, real processes in its pods, and the behaviour of the recordings. */
export class FakeKubernetes {
	readonly store = new Store();
	readonly kubelet: Kubelet;
	/** All calls so far, as RBAC sees them, with the status of their answers. */
	readonly calls: Array<Access & {readonly status: number}> = [];
	/** Answers a request in place of the server; undefined: the server does. */
	intercept: (request: ApiRequest) => StatusError | undefined = () => undefined;
	/** Whether a request is done, and its connection breaks before the answer; not of watches and logs, which can be cut. */
	losesAnswer: (request: ApiRequest) => boolean = () => false;
	readonly #options: FakeOptions;
	readonly #sockets = new Set<Socket>();
	readonly #streams = new Set<ServerResponse>();
	#server: http.Server | undefined;
	#port = 0;
	/** While it is frozen. */
	#frozen: PromiseWithResolvers<void> | undefined;

	constructor(options: FakeOptions = {}) {
		this.#options = options;
		const {images = {}, script = () => undefined, syncMs = 2} = options;
		this.kubelet = new Kubelet({store: this.store, images, script, syncMs});
		for (const name of namespaces)
			this.store.create(kindOf('namespaces'), {kind: 'Namespace', apiVersion: 'v1', metadata: {name}, status: {phase: 'Active'}});
	}

	get url(): string {
		return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
	}

	/** A kubeconfig for it, as JSON, which is YAML. */
	kubeconfig(namespace?: string, contexts: readonly string[] = ['fake']): string {
		const trust = this.#options.tls
			? {'certificate-authority-data': Buffer.from(selfSigned.cert).toString('base64')}
			: {'insecure-skip-tls-verify': true};
		return JSON.stringify({
			apiVersion: 'v1',
			kind: 'Config',
			'current-context': contexts[0],
			clusters: [{name: 'fake', cluster: {server: this.url, ...trust}}],
			users: [{name: 'fake', user: {token: fakeToken}}],
			contexts: contexts.map(name => ({name, context: {cluster: 'fake', user: 'fake', ...(namespace !== undefined && {namespace})}})),
		});
	}

	/** The same port again after a stop. */
	async start(): Promise<void> {
		const serve: http.RequestListener = (request, response) => void this.#serve(request, response);
		const server = this.#options.tls ? https.createServer(selfSigned, serve) : http.createServer(serve);
		server.on('connection', socket => {
			this.#sockets.add(socket);
			if (this.#frozen !== undefined) socket.cork();
			socket.on('close', () => this.#sockets.delete(socket));
		});
		await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve));
		this.#port = (server.address() as AddressInfo).port;
		this.#server = server;
	}

	/** The server alone: pods go on. */
	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (server === undefined) return;
		const closed = new Promise(resolve => server.close(resolve));
		this.cutAll();
		await closed;
	}

	/** From now on nothing comes on any connection, and requests wait, also those of clients that die meanwhile; `thaw` lets all of it go on. */
	freeze(): void {
		this.#frozen ??= Promise.withResolvers();
		for (const socket of this.#sockets) socket.cork();
	}

	thaw(): void {
		this.#frozen?.resolve();
		this.#frozen = undefined;
		for (const socket of this.#sockets) socket.uncork();
	}

	/** Breaks all connections, whatever goes over them; new ones are taken. */
	cutAll(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	/** Cuts what is open: all connections, or streams (watches, logs) of one kind. */
	cut(which: (request: IncomingMessage) => boolean = () => true): number {
		const cut = [...this.#streams].filter(response => which(response.req));
		for (const response of cut) response.destroy();
		return cut.length;
	}

	/** Ends them in good order instead, as a server does when their time is over. */
	endStreams(which: (request: IncomingMessage) => boolean): number {
		const ended = [...this.#streams].filter(response => which(response.req));
		for (const response of ended) response.end();
		return ended.length;
	}

	async close(): Promise<void> {
		await this.kubelet.close();
		await this.stop();
	}

	pods(): KubeObject[] {
		return this.store.list(podResource);
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		await this.#frozen?.promise;
		const url = new URL(request.url ?? '/', this.url);
		const wanted = parseRequest(request, url);
		try {
			this.#admit(request, wanted);
			if (wanted === undefined) return discover(response, url);
			if (wanted.verb !== 'watch' && wanted.subresource !== 'log' && this.losesAnswer(wanted)) loseAnswer(response);
			await this.#answer(wanted, response);
		} catch (error) {
			const status = error instanceof StatusError ? error : new StatusError(500, 'InternalError', String(error));
			if (response.headersSent) response.destroy();
			else send(response, status.code, status.body, status.headers);
		} finally {
			if (wanted !== undefined) this.#record(wanted, response.statusCode);
		}
	}

	#record({verb, group, resource, subresource, namespace, name}: Access, status: number): void {
		this.calls.push({verb, group, resource, subresource, namespace, name, status});
	}

	#admit({headers: {authorization}}: IncomingMessage, wanted: ApiRequest | undefined): void {
		if (authorization !== `Bearer ${fakeToken}`) throw unauthorized();
		if (wanted === undefined) return;
		const {rules} = this.#options;
		if (rules !== undefined && !permits(rules, wanted)) throw forbidden(wanted, fakeUser);
		const refusal = this.intercept(wanted);
		if (refusal !== undefined) throw refusal;
	}

	async #answer(wanted: ApiRequest, response: ServerResponse): Promise<void> {
		const {verb, kind, name, subresource, request} = wanted;
		const {store} = this;
		if (kind.name === 'selfsubjectaccessreviews') return send(response, 201, this.#review(await readJson(request)));
		if (subresource === 'log' || subresource === 'proxy') return this.#pod(wanted, response);
		if (verb === 'list') return send(response, 200, list(store, wanted));
		if (verb === 'watch') {
			this.#open(response);
			return watch(store, wanted, response, this.#options.bookmarkMs ?? 60_000);
		}
		if (verb === 'create') return send(response, 201, create(store, wanted, await readJson(request), this.#options.quotas ?? {}));
		const found = store.get(kind, wanted.namespace, name);
		if (found === undefined) throw notFound(kind.name, name);
		if (verb === 'get') return send(response, 200, found);
		if (verb === 'delete') return send(response, 200, remove(store, kind, found, wanted, await readJson(request)));
		send(response, 200, change(store, kind, found, wanted, await readJson(request)));
	}

	/** What goes to a pod itself. */
	async #pod(wanted: ApiRequest, response: ServerResponse): Promise<void> {
		const [, name = '', port = '80'] = /^(?:https?:)?([^:]+)(?::(\d+))?$/.exec(wanted.name) ?? [];
		const pod = this.store.get(podResource, wanted.namespace, name);
		if (pod === undefined) throw notFound('pods', name);
		this.#open(response);
		if (wanted.subresource === 'log') return sendLog(response, pod, this.kubelet.container(pod), wanted.query);
		await proxy(wanted.request, response, pod, Number(port), wanted.rest || '/');
	}

	#open(response: ServerResponse): void {
		this.#streams.add(response);
		response.on('close', () => this.#streams.delete(response));
	}

	#review(review: KubeObject | undefined): KubeObject {
		const {verb = '', group = '', resource = '', subresource = '', namespace = '', name = ''} = review?.spec?.resourceAttributes ?? {};
		const {rules} = this.#options;
		const allowed = rules === undefined || permits(rules, {verb, group, resource, subresource, namespace, name});
		return {...review, metadata: {name: ''}, spec: review?.spec, status: {allowed}};
	}
}

function loseAnswer(response: ServerResponse): void {
	response.write = () => true;
	response.end = () => response.destroy();
}

function kindOf(resource: string): ApiRequest['kind'] {
	const wanted = parseRequest({method: 'GET'} as IncomingMessage, new URL(`http://x/api/v1/${resource}`));
	if (wanted === undefined) throw new Error(`no kind ${resource}`);
	return wanted.kind;
}

export function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
	response
		.writeHead(status, {'content-type': 'application/json', 'cache-control': 'no-cache, private', ...headers})
		.end(`${JSON.stringify(body)}\n`);
}
