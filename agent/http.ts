import * as http from 'node:http';
import type {AddressInfo} from 'node:net';
import {ByoaiError} from '../source/model/error.ts';
import type {LimitName} from '../source/model/limits.ts';
import {defaultLimits} from '../source/model/limits.ts';
import {agentAuthorizationHeader} from '../source/protocol/routes.ts';
import type {Access} from './access.ts';
import {problemOf, refuseUnreadable, sendJson, sendProblem} from './reply.ts';
import {readJson} from './request.ts';

/** A request that was admitted, with its JSON body where it has one. */
export type Call = {
	readonly body: unknown;
	readonly headers: http.IncomingHttpHeaders;
	/** Aborted when the caller hangs up before the answer. */
	readonly gone: AbortSignal;
};

export type Route = {
	readonly method: 'GET' | 'POST';
	/** What bounds the body. */
	readonly limit: LimitName;
	/** Everybody may call it, without a token. */
	readonly open?: true;
	/** Its value, or what it resolves with, is the reply; undefined: the caller has gone, and nobody is answered. */
	readonly answer: (call: Call) => unknown;
};

export type HttpOptions = {
	readonly access: Access;
	readonly routes: Readonly<Record<string, Route>>;
	readonly say: (message: string) => void;
	/** How long the head of a request may take to come. */
	readonly headMs?: number;
	/** How long all of it may take. */
	readonly requestMs?: number;
};

/** A host that has gone without a word is noticed by the system after this and a few probes. */
const keepAliveDelayMs = 30_000;
/** What a reply gets to be sent when the server closes. */
const closeGraceMs = 1000;
const idleCheckMs = 20;
/** Connections that are closed for their number are told so often. */
const dropsToldMs = 60_000;

/** The agent's HTTP API: bounds and admits requests, and answers every error as problem details. */
export class HttpServer {
	readonly #options: HttpOptions;
	readonly #server: http.Server;
	#dropsToldUntil = 0;

	constructor(options: HttpOptions) {
		this.#options = options;
		const {headMs = 10_000, requestMs = 60_000} = options;
		this.#server = http.createServer({
			keepAlive: true,
			keepAliveInitialDelay: keepAliveDelayMs,
			headersTimeout: headMs,
			requestTimeout: requestMs,
			connectionsCheckingInterval: Math.ceil(Math.min(headMs, requestMs) / 4),
		});
		this.#server.maxConnections = defaultLimits.agent_connections;
		this.#server.on('drop', () => this.#dropped());
		this.#server.on('clientError', (error, socket) => refuseUnreadable(error, socket));
		// A body is read once its sender is admitted; nobody is told to send it before.
		for (const event of ['request', 'checkContinue'] as const)
			this.#server.on(event, (request, response) => void this.#serve(request, response));
	}

	/** Resolves with where it listens. Rejects with what the system says. */
	async listen(host: string, port: number): Promise<{readonly address: string; readonly port: number}> {
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', reject);
			this.#server.listen({host, port}, () => {
				this.#server.off('error', reject);
				resolve();
			});
		});
		const {address, port: chosen} = this.#server.address() as AddressInfo;
		return {address, port: chosen};
	}

	/** Takes no more connections and closes those there are, after what was answered already went out. */
	async close(): Promise<void> {
		if (!this.#server.listening) return;
		const closed = new Promise(resolve => this.#server.close(resolve));
		// Connections become idle as their replies end, and each would stay open for another request.
		const sweep = setInterval(() => this.#server.closeIdleConnections(), idleCheckMs);
		const timer = setTimeout(() => this.#server.closeAllConnections(), closeGraceMs);
		await closed;
		clearInterval(sweep);
		clearTimeout(timer);
	}

	#dropped(): void {
		if (performance.now() < this.#dropsToldUntil) return;
		this.#dropsToldUntil = performance.now() + dropsToldMs;
		this.#options.say(`connections are closed: the limit agent_connections permits ${defaultLimits.agent_connections} at once`);
	}

	async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
		const gone = new AbortController();
		response.on('close', () => response.writableFinished || gone.abort());
		try {
			const route = this.#route(request);
			const methods = route.method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
			if (!methods.includes(request.method ?? '')) {
				response.setHeader('allow', methods.join(', '));
				return sendProblem(response, {
					status: 405,
					code: 'malformed',
					detail: `this takes ${methods.join(' and ')}, not ${request.method}`,
				});
			}
			const body = route.method === 'POST' ? await readJson(request, response, route.limit) : undefined;
			const answer = await route.answer({body, headers: request.headers, gone: gone.signal});
			if (answer !== undefined) sendJson(response, answer);
		} catch (error) {
			sendProblem(response, problemOf(error, this.#options.say));
		}
	}

	/** Looks a route up, and whether its caller may have it. */
	#route({url = '', headers, socket}: http.IncomingMessage): Route {
		const {access, routes} = this.#options;
		const path = url.split('?')[0] ?? '';
		const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
		if (!route) throw new ByoaiError('not_found', `an agent has ${Object.keys(routes).join(', ')}, and not ${path.slice(0, 200)}`);
		if (route.open) return route;
		const {host = '', origin} = headers;
		// Where something stands between, such as the API server of a cluster, the usual header is that one's own.
		const between = headers[agentAuthorizationHeader];
		const authorization = typeof between === 'string' ? between : headers.authorization;
		access.admit({
			address: socket.remoteAddress ?? '',
			host,
			...(authorization !== undefined && {authorization}),
			...(origin !== undefined && {origin}),
		});
		return route;
	}
}
