import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {temporaryDirectory} from './temporary-directory.ts';

/** As much of a Docker engine as its client sees: `routes` answer by method and path, everything else is 404. */
export type FakeEngine = {
	/** For `DOCKER_HOST`. */
	readonly host: string;
	/** What was asked for, in order: `POST /images/create?fromImage=…`. */
	readonly asked: readonly string[];
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens at a socket of its own until the test is over. */
export async function startFakeEngine(
	routes: Readonly<Record<string, Answer>>,
	path = join(temporaryDirectory(), 'engine.sock'),
): Promise<FakeEngine> {
	const asked: string[] = [];
	const server = createServer((request, response) => {
		asked.push(`${request.method} ${request.url}`);
		const answer = routes[`${request.method} ${request.url?.split('?')[0]}`];
		if (answer === undefined) json(response, {message: `no such thing: ${request.url}`}, 404);
		else answer(request, response);
	});
	await new Promise<void>(resolve => server.listen(path, resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return {host: `unix://${path}`, asked};
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
	response.writeHead(status, {'content-type': 'application/json'});
	response.end(JSON.stringify(body));
}
