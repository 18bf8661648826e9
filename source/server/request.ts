import {STATUS_CODES} from 'node:http';
import type {H3Event} from 'h3';
import * as z from 'zod';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {Guard} from './auth.ts';
import {readBody} from './body.ts';
import {checked} from './checked.ts';
import type {Call, Route} from './route.ts';

const noQuery = z.strictObject({});

/** The reply of a route to a request: who may not call is refused, then what cannot be read, and then the handler has it. */
export async function answer(route: Route, event: H3Event, {guard, limits}: {guard: Guard; limits: Limits}): Promise<unknown> {
	const {req, res} = event;
	const params = readParams(event, route);
	if (route.access === 'public') guard.admitPublic(req);
	if (route.access === 'token') guard.admit(req);
	const agent = route.access === 'agent' ? params.name : undefined;
	if (agent !== undefined) guard.admitAgent(req, agent);
	// A parameter that is not known is refused, too: a typing error is not passed over.
	const query = checked(route.query ?? noQuery, Object.fromEntries(event.url.searchParams), {code: 'malformed', what: 'the query'});
	const body = route.body === undefined ? undefined : await readBody(route.body, req, limits);
	if (route.access === 'agent' && agent === undefined) guard.admitAgent(req, nameIn(body));
	const reply = await route.handle({params, query, body, req, res, isOwn: req.ip === undefined});
	// Some clients show it, and some want it to be there.
	res.statusText = STATUS_CODES[res.status ?? 200] ?? '';
	return reply;
}

function readParams({context}: H3Event, {params}: Route): Call['params'] {
	const encoded = context.params ?? {};
	return Object.fromEntries(Object.keys(params).map(name => [name, decoded(encoded[name] ?? '')]));
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new ByoaiError('malformed', `${text} in the path is no percent-encoded UTF-8`);
	}
}

/** Empty, which is no agent's name, where there is none. */
function nameIn(body: unknown): string {
	return typeof body === 'object' && body !== null && 'name' in body && typeof body.name === 'string' ? body.name : '';
}
