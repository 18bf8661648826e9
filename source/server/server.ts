import type {H3Event} from 'h3';
import {H3, HTTPError} from 'h3';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import {Guard} from './auth.ts';
import {eventsRoute} from './events.ts';
import type {Listening} from './listen.ts';
import {listen} from './listen.ts';
import {problemResponse} from './problem.ts';
import {answer} from './request.ts';
import type {Route} from './route.ts';
import {oneAgentRoutes} from './routes-agent.ts';
import {agentRoutes} from './routes-agents.ts';
import {deployRoute} from './routes-deploy.ts';
import {logRoutes} from './routes-logs.ts';
import {retryRoute} from './routes-retry.ts';
import {runRoutes} from './routes-runs.ts';
import {serviceRoutes} from './routes-service.ts';
import type {Services} from './services.ts';
import {Streams} from './stream.ts';
import {Submissions} from './submit.ts';

export type Server = {
	/** All that it answers to. */
	readonly routes: readonly Route[];
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
	const submissions = new Submissions(services);
	const app = new H3({silent: true, onError: error => problemResponse(error, warn)});
	const routes: readonly Route[] = [
		...serviceRoutes(services, () => routes),
		...agentRoutes(services, guard),
		...oneAgentRoutes(services, guard, submissions),
		deployRoute(services),
		...runRoutes(services, submissions),
		retryRoute(services, submissions),
		...logRoutes(services, streams),
		eventsRoute(services, streams),
	];
	addRoutes(app, routes, {guard, limits});
	return {
		routes,
		fetch: async request => app.fetch(request),
		listen: ({host, port}) => {
			const mostBytes = Math.max(limits.request_bytes, limits.exchange_bytes);
			return listen(app, {host, port, mostBytes, clock: services.clock, endStreams: () => streams.close()});
		},
	};
}

function addRoutes(app: H3, routes: readonly Route[], context: {guard: Guard; limits: Limits}): void {
	const {guard} = context;
	for (const each of routes) {
		const handler = (event: H3Event) => answer(each, event, context);
		app.on(each.method, each.path, handler);
		if (each.method === 'GET') app.on('HEAD', each.path, handler);
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
