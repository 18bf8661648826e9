import * as z from 'zod';
import {protocolVersion} from '../../protocol/messages.ts';
import {epochHeader, healthPath} from '../../protocol/routes.ts';
import {expositionType} from '../exposition.ts';
import type {Metrics} from '../metrics.ts';
import type {ProcessMetrics} from '../process-metrics.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import type {Services} from '../services.ts';

/** What the orchestrator says of itself. `routes`: all that there are. */
export function serviceRoutes(services: Services, metrics: Metrics, routes: () => readonly Route[]): Route[] {
	return [healthRoute(services), metricsRoute(metrics), openApiRoute(services, routes)];
}

function healthRoute({epoch, version}: Services): Route {
	return route({
		method: 'GET',
		path: healthPath,
		id: 'health',
		summary: 'Say that it is there',
		tag: 'service',
		access: 'anyone',
		replies: {
			200: {
				description: 'It is there.',
				schema: z.object({status: z.literal('ok'), version: z.string(), protocol: z.literal(protocolVersion)}),
				headers: {[epochHeader]: 'Which start of which orchestrator it is: random.'},
				example: {status: 'ok', version: '1.0.0', protocol: protocolVersion},
			},
		},
		handle({res}) {
			res.headers.set(epochHeader, epoch);
			return {status: 'ok', version, protocol: protocolVersion};
		},
	});
}

function metricsRoute(metrics: Metrics): Route {
	let ofProcess: Promise<ProcessMetrics> | undefined;
	return route({
		method: 'GET',
		path: '/metrics',
		id: 'readMetrics',
		summary: 'Tell metrics',
		description: "In Prometheus' text format: runs, tasks, agents, slots, the journal, requests, output, and the process.",
		tag: 'service',
		access: 'token',
		replies: {200: {description: 'Metrics.', contentType: 'text/plain', schema: z.string()}},
		async handle() {
			// Watching the event loop costs something, and begins when somebody wants to know.
			ofProcess ??= import('../process-metrics.ts').then(({ProcessMetrics}) => new ProcessMetrics());
			return new Response(metrics.text((await ofProcess).metrics()), {headers: {'content-type': expositionType}});
		},
	});
}

function openApiRoute({version}: Services, routes: () => readonly Route[]): Route {
	let document: Promise<object> | undefined;
	return route({
		method: 'GET',
		path: '/openapi.json',
		id: 'describeApi',
		summary: 'Describe the API',
		description: 'This document.',
		tag: 'service',
		access: 'public',
		replies: {200: {description: 'An OpenAPI 3.1 document.', schema: z.looseObject({openapi: z.string()})}},
		handle() {
			// Made when somebody asks for it, and then kept.
			document ??= import('../openapi.ts').then(({openApiDocument}) => openApiDocument(routes(), version));
			return document;
		},
	});
}
