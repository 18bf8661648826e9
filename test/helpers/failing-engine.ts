import type {IncomingMessage, ServerResponse} from 'node:http';
import {request as ask, createServer} from 'node:http';
import {join} from 'node:path';
import type {AtEnd} from './temporary-directory.ts';
import {temporaryDirectory} from './temporary-directory.ts';

/** `refuses`: answers 500, nothing is done. `cuts`: ends the connection, nothing is done. `loses`: it is done, and the answer gets lost. */
export const failures = ['refuses', 'cuts', 'loses'] as const;
export type Failure = (typeof failures)[number];

export type FailingEngine = {
	/** For `DOCKER_HOST`. */
	readonly host: string;
	/** What was asked for, in order: `POST /containers/create`. */
	readonly asked: readonly string[];
};

/** This machine's own Docker engine, of whose answers the one to the `call`th question (from 1) fails; 0: none does. */
export async function startFailingEngine(call: number, failure: Failure, atEnd?: AtEnd): Promise<FailingEngine> {
	const asked: string[] = [];
	const server = createServer((question, answer) => {
		const number = asked.push(`${question.method} ${question.url?.split('?')[0]?.replaceAll(/[0-9a-f]{64}/g, '<id>')}`);
		if (number !== call) return forward(question, answer);
		question.on('error', () => undefined); // cut on purpose
		if (failure === 'loses') return forward(question, undefined);
		if (failure === 'cuts') return question.socket.destroy();
		answer.writeHead(500, {'content-type': 'application/json'}).end('{"message": "broken on purpose"}');
	});
	const path = join(temporaryDirectory(atEnd), 'engine.sock');
	await new Promise<void>(resolve => server.listen(path, resolve));
	const close = () => {
		server.closeAllConnections();
		server.close();
	};
	atEnd?.(close);
	return {host: `unix://${path}`, asked};
}

const socketPath = /^unix:\/\/(.+)$/.exec(process.env.DOCKER_HOST ?? '')?.[1] ?? '/var/run/docker.sock';

/** `answer` undefined: the connection ends as soon as the engine has answered. */
function forward(question: IncomingMessage, answer: ServerResponse | undefined): void {
	const {method, url, headers, socket} = question;
	const real = ask({socketPath, method, path: url, headers, agent: false}, reply => {
		if (answer === undefined) {
			real.destroy();
			socket.destroy();
			return;
		}
		answer.writeHead(reply.statusCode ?? 502, reply.headers);
		answer.flushHeaders();
		reply.on('error', () => answer.destroy());
		reply.pipe(answer);
	});
	real.on('error', () => socket.destroy());
	answer?.on('close', () => real.destroy());
	question.pipe(real);
}
