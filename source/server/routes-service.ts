import * as z from 'zod';
import {protocolVersion} from '../protocol/messages.ts';
import {epochHeader, healthPath} from '../protocol/routes.ts';
import type {Route} from './route.ts';
import {route} from './route.ts';
import type {Services} from './services.ts';

/** What the orchestrator says of itself. `routes`: all that there are. */
export function serviceRoutes(services: Services, routes: () => readonly Route[]): Route[] {
	return [healthRoute(services), openApiRoute(services, routes)];
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
			document ??= import('./openapi.ts').then(({openApiDocument}) => openApiDocument(routes(), version));
			return document;
		},
	});
}
