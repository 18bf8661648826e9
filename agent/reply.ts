import type {ServerResponse} from 'node:http';
import {STATUS_CODES} from 'node:http';
import type {Duplex} from 'node:stream';
import type {ErrorCode, Problem} from '../source/model/error.ts';
import {ByoaiError} from '../source/model/error.ts';
import {statuses} from '../source/protocol/problem.ts';

/** An error as RFC 9457 problem details have it. */
export type ProblemReply = {
	readonly status: number;
	readonly code: ErrorCode;
	readonly detail: string;
	readonly errors?: readonly Problem[];
};

/** With 429: the caller may come again after so many seconds. */
const retryAfterSeconds = 5;

/** What the HTTP layer refuses by itself, by its code. */
const unreadable: Readonly<Record<string, readonly [status: number, detail: string]>> = {
	ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
	HPE_HEADER_OVERFLOW: [431, 'the head of the request is too large'],
};

/** Answers with 200; nothing is sent any more to who has gone. */
export function sendJson(response: ServerResponse, value: unknown): void {
	send(response, 200, 'application/json', JSON.stringify(value));
}

/** Answers with an error, unless the caller has gone. */
export function sendProblem(response: ServerResponse, problem: ProblemReply): void {
	if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer');
	if (problem.status === 429) response.setHeader('retry-after', retryAfterSeconds);
	send(response, problem.status, 'application/problem+json', problemText(problem));
}

/** What is answered to an error; what was not foreseen is told to `say`, and the caller learns nothing of it but that it happened. */
export function problemOf(error: unknown, say: (message: string) => void): ProblemReply {
	if (error instanceof ByoaiError) {
		const {code, message, problems} = error;
		return {status: statuses[code], code, detail: message, ...(problems.length > 0 && {errors: problems})};
	}
	say(error instanceof Error ? (error.stack ?? error.message) : String(error));
	return {status: 500, code: 'internal', detail: 'an unforeseen error of the agent; its own output says more'};
}

/** Answers what cannot be taken for a request, or did not come in time, and closes the connection. */
export function refuseUnreadable(error: Error, socket: Duplex): void {
	const code = 'code' in error ? error.code : undefined;
	if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
	const [status, detail] = unreadable[String(code)] ?? [400, 'this is no HTTP request'];
	const body = problemText({status, code: 'malformed', detail});
	const head = ['content-type: application/problem+json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close'];
	socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function problemText({status, code, detail, errors}: ProblemReply): string {
	return JSON.stringify({type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code, ...(errors && {errors})});
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
	if (response.destroyed || response.headersSent) return;
	response.writeHead(status, {'content-type': type, 'content-length': Buffer.byteLength(text)});
	response.end(text);
}
