import {H3, HTTPError} from 'h3';
import {ByoaiError} from '../model/error.ts';
import {protocolVersion} from '../protocol/messages.ts';
import {epochHeader, healthPath} from '../protocol/routes.ts';
import {Guard} from './auth.ts';
import {eventsRoute} from './events.ts';
import type {Listening} from './listen.ts';
import {listen} from './listen.ts';
import {problemResponse} from './problem.ts';
import type {Route} from './request.ts';
import {agentRoutes} from './routes-agents.ts';
import {logRoutes} from './routes-logs.ts';
import {runRoutes} from './routes-runs.ts';
import type {Services} from './services.ts';
import {Streams} from './stream.ts';

export type Server = {
	/** Answers a request of this process, without a socket. */
	readonly fetch: (request: Request) => Promise<Response>;
	/** Listens on a host and port; port 0 is any free one. Rejects with `unavailable` where that cannot be. */
	readonly listen: (options: {host: string; port: number}) => Promise<Listening>;
};

/** The HTTP API over the services of one orchestrator. */
export function createServer(services: Services): Server {
	const {warn, limits} = services;
	const streams = new Streams(services);
	const guard = new Guard(services);
	const app = new H3({silent: true, onError: error => problemResponse(error, warn)});
	const health: Route = {
		method: 'GET',
		path: healthPath,
		access: 'anyone',
		handle(event) {
			event.res.headers.set(epochHeader, services.epoch);
			return {status: 'ok', version: services.version, protocol: protocolVersion};
		},
	};
	const routes = [
		health,
		...agentRoutes(services, guard),
		...runRoutes(services),
		...logRoutes(services, streams),
		eventsRoute(services, streams),
	];
	addRoutes(app, guard, routes);
	return {
		fetch: async request => app.fetch(request),
		listen: ({host, port}) => {
			const mostBytes = Math.max(limits.request_bytes, limits.exchange_bytes);
			return listen(app, {host, port, mostBytes, clock: services.clock, endStreams: () => streams.close()});
		},
	};
}

function addRoutes(app: H3, guard: Guard, routes: readonly Route[]): void {
	for (const {method, path, access, handle} of routes) {
		const admitted: Route['handle'] = event => {
			if (access === 'token') guard.admit(event.req);
			return handle(event);
		};
		app.on(method, path, admitted);
		if (method === 'GET') app.on('HEAD', path, admitted);
	}
	for (const [path, ofPath] of Map.groupBy(routes, route => route.path)) {
		const methods = ofPath.flatMap(({method}) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
		app.all(path, event => {
			guard.admit(event.req);
			throw new HTTPError({status: 405, message: `${path} takes ${methods.join(', ')} only`, headers: {allow: methods.join(', ')}});
		});
	}
	app.all('/**', event => {
		guard.admit(event.req);
		throw new ByoaiError('not_found', `there is nothing at ${event.url.pathname}`);
	});
}
