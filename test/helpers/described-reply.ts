import {expect} from 'vitest';
import type {Route} from '../../source/server/route.ts';
import {problemDetails} from '../../source/server/schemas/problem.ts';
import type {Server} from '../../source/server/server.ts';

/** The server's reply; fails when it is none of those that the route says it may give. */
export async function describedReply(server: Server, request: Request): Promise<Response> {
	const {method} = request;
	const {pathname} = new URL(request.url);
	const reply = await server.fetch(request);
	if (method === 'HEAD') return reply;
	const what = `${method} ${pathname.slice(0, 100)} → ${reply.status}`;
	if (reply.status >= 400) {
		expect(reply.headers.get('content-type'), what).toBe('application/problem+json');
		expectShape(problemDetails, await reply.clone().json(), what);
		return reply;
	}
	const described = server.routes.find(route => route.method === method && matches(route, pathname))?.replies[reply.status];
	expect(described, `${what} is described`).toBeDefined();
	for (const name of Object.keys(described?.headers ?? {})) expect(reply.headers.has(name), `${what}: ${name}`).toBe(true);
	if (described?.schema === undefined) expect(await reply.clone().text(), what).toBe('');
	else if (described.contentType === undefined) expectShape(described.schema, await reply.clone().json(), what);
	return reply;
}

/** The schema knows all of the value's keys: those that it does not know it leaves out. */
export function expectShape(schema: {parse(value: unknown): unknown}, value: unknown, what?: string): void {
	expect(schema.parse(value), what).toEqual(value);
}

function matches({path}: Route, pathname: string): boolean {
	return new URLPattern({pathname: path.replace(/\*\*:(\w+)$/, ':$1(.*)')}).test({pathname});
}
