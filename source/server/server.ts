import type {H3Config, H3Event} from 'h3';
import {H3, HTTPError} from 'h3';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import {isExchange} from '../protocol/routes.ts';
import {Guard} from './auth.ts';
import type {Certificate} from './certificate.ts';
import {eventsRoute} from './events.ts';
import {Gate} from './gate.ts';
import type {Listening} from './listen.ts';
import {listen} from './listen.ts';
import {Metrics} from './metrics.ts';
import {problemResponse, refusalResponse} from './problem.ts';
import {answer} from './request.ts';
import type {Route} from './route.ts';
import {oneAgentRoutes} from './routes/agent.ts';
import {agentRoutes} from './routes/agents.ts';
import {deployRoute} from './routes/deploy.ts';
import {logRoutes} from './routes/logs.ts';
import {retryRoute} from './routes/retry.ts';
import {runRoutes} from './routes/runs.ts';
import {serviceRoutes} from './routes/service.ts';
import {taskRoute} from './routes/task.ts';
import {workflowRoutes} from './routes/workflows.ts';
import type {Services} from './services.ts';
import {Streams} from './stream.ts';
import {Submissions} from './submit.ts';

export type Server = {
	/** All that it answers to. */
	readonly routes: readonly Route[];
	/** Answers a request of this process, without a socket. */
	readonly fetch: (request: Request) => Promise<Response>;
	/** Listens on a host and port; port 0 is any free one. Rejects with `unavailable` where that cannot be. */
	readonly listen: (options: {host: string; port: number; certificate?: Certificate | undefined}) => Promise<Listening>;
};

/** The HTTP API over the services of one orchestrator. */
export function createServer(services: Services): Server {
	const {limits, clock} = services;
	const streams = new Streams(services);
	const guard = new Guard(services);
	const submissions = new Submissions(services);
	const metrics = new Metrics(services, streams);
	const app = new H3({silent: true, ...hooks(services, metrics)});
	const routes: readonly Route[] = [
		...serviceRoutes(services, metrics, () => routes),
		...agentRoutes(services, guard),
		...oneAgentRoutes(services, guard, submissions),
		deployRoute(services),
		...workflowRoutes(services),
		...runRoutes(services, submissions),
		taskRoute(services),
		retryRoute(services, submissions),
		...logRoutes(services, streams),
		eventsRoute(services, streams),
	];
	addRoutes(app, routes, {guard, limits});
	return {
		routes,
		fetch: async request => app.fetch(request),
		listen: options => listen(app, {...options, limits, clock, endStreams: () => streams.close()}),
	};
}

/** What happens to every request, whatever it asks for. */
function hooks({clock, limits, warn}: Services, metrics: Metrics): Pick<H3Config, 'onRequest' | 'onResponse' | 'onError'> {
	const gate = new Gate({clock, limits});
	const started = new WeakMap<H3Event, number>();
	return {
		onRequest(event) {
			started.set(event, clock.monotonic());
			if (!isExchange(event.url.pathname)) gate.enter(event.req.ip);
		},
		onError(error, {req}) {
			const {cause} = error;
			if (!(cause instanceof ByoaiError && (cause.code === 'unauthorized' || cause.code === 'forbidden')))
				return problemResponse(error, warn);
			return refusalResponse(gate.afterRefusal(cause, req.ip));
		},
		onResponse({status}, event) {
			const route = event.context.matchedRoute?.route ?? '';
			const {method} = event.req;
			metrics.answered(
				{
					route: route === everything ? 'none' : route,
					method: methods.has(method) ? method : 'other',
					status: String(status),
				},
				(clock.monotonic() - (started.get(event) ?? clock.monotonic())) / 1000,
			);
		},
	};
}

const everything = '/**';
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function addRoutes(app: H3, routes: readonly Route[], context: {guard: Guard; limits: Limits}): void {
	const {guard} = context;
	for (const each of routes) {
		app.on(each.method, each.path, event => answer(each, event, context));
		if (each.method === 'GET') app.on('HEAD', each.path, async event => withoutBody(await answer(each, event, context)));
	}
	for (const [path, ofPath] of Map.groupBy(routes, route => route.path)) {
		const allow = [...ofPath.flatMap(({method}) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'].join(', ');
		app.all(path, event => {
			guard.admit(event.req);
			if (event.req.method === 'OPTIONS') return new Response(null, {status: 204, headers: {allow}});
			throw new HTTPError({status: 405, message: `${path} takes ${allow} only`, headers: {allow}});
		});
	}
	app.all(everything, event => {
		guard.admit(event.req);
		throw new ByoaiError('not_found', `there is nothing at ${event.url.pathname.slice(0, 200)}; /openapi.json tells what there is`);
	});
}

/** A stream that nobody will read is ended at once. */
async function withoutBody(reply: unknown): Promise<unknown> {
	if (reply instanceof Response) await reply.body?.cancel();
	return reply;
}
