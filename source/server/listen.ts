import {STATUS_CODES} from 'node:http';
import type {Socket} from 'node:net';
import type {H3} from 'h3';
import {serve} from 'h3';
import type {Clock} from '../engine/clock.ts';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {Certificate} from './certificate.ts';
import {problemText, problemType} from './problem.ts';

export type ListenOptions = {
	readonly host: string;
	/** 0: any free one. */
	readonly port: number;
	/** Absent: plain HTTP. */
	readonly certificate?: Certificate | undefined;
	readonly limits: Limits;
	readonly clock: Clock;
	/** Ends the replies that have no end of their own. */
	readonly endStreams: () => void;
};

export type Listening = {
	/** How to reach it from this host: `http://127.0.0.1:5001`. */
	readonly url: string;
	/** Takes no more connections, ends streams, gives other replies a while, and then closes what is left. */
	close(): Promise<void>;
};

/** How long replies that are under way may take when the server closes. */
const closeGraceMs = 2000;
const idleCheckMs = 20;
/** How often it is looked for requests that take too long to arrive. */
const timeoutCheckMs = 5000;

/** Serves the app on a port. Rejects with `unavailable` where that cannot be. */
export async function listen(app: H3, {host, port, certificate, limits, clock, endStreams}: ListenOptions): Promise<Listening> {
	const server = serve(app, {
		hostname: host.replace(/^\[(.*)\]$/, '$1'),
		port,
		silent: true,
		gracefulShutdown: false,
		// The largest body of all; the routes have their own limits.
		maxRequestBodySize: Math.max(limits.request_bytes, limits.exchange_bytes),
		node: {...timeouts(limits), http2: false},
		...(certificate !== undefined && {tls: certificate}),
	});
	server.node?.server?.on('clientError', (error: Error, socket: Socket) => refuse(error, socket, limits));
	try {
		await server.ready();
	} catch (error) {
		throw new ByoaiError('unavailable', `cannot listen on ${host}, port ${port}: ${reasonOf(error)}`, {cause: error});
	}
	return {
		url: reachableUrl(server.url ?? ''),
		async close() {
			const closed = server.close();
			endStreams();
			// Connections become idle as their replies end, and each would stay open for another request.
			const sweep = setInterval(() => closeIdle(server), idleCheckMs);
			const cancel = clock.after(closeGraceMs, () => void server.close(true));
			await closed;
			clearInterval(sweep);
			cancel();
		},
	};
}

/** Who sends a request bit by bit holds a connection, and no longer than that. */
function timeouts({head_seconds, request_seconds}: Limits) {
	const [headersTimeout, requestTimeout] = [head_seconds * 1000, request_seconds * 1000];
	const connectionsCheckingInterval = Math.min(timeoutCheckMs, headersTimeout, requestTimeout);
	return {headersTimeout, requestTimeout, connectionsCheckingInterval, handshakeTimeout: headersTimeout};
}

/** Answers what is no HTTP, or does not come. */
function refuse(error: Error, socket: Socket, limits: Limits): void {
	const code = 'code' in error ? error.code : undefined;
	if (!socket.writable || code === 'ECONNRESET') {
		socket.destroy();
		return;
	}
	const {status, detail} = refusalOf(code, limits);
	const body = problemText(status, 'malformed', detail);
	const head = [
		`HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
		'connection: close',
		`content-type: ${problemType}`,
		`content-length: ${Buffer.byteLength(body)}`,
	];
	socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function refusalOf(code: unknown, {head_seconds, request_seconds}: Limits): {status: number; detail: string} {
	if (code === 'HPE_HEADER_OVERFLOW') return {status: 431, detail: 'the head of the request is too large'};
	if (code !== 'ERR_HTTP_REQUEST_TIMEOUT') return {status: 400, detail: 'this is no HTTP request'};
	const limits = `the limits head_seconds (${head_seconds}) and request_seconds (${request_seconds})`;
	return {status: 408, detail: `the request took longer to arrive than ${limits} permit`};
}

function closeIdle({node}: ReturnType<typeof serve>): void {
	if (node?.server !== undefined && 'closeIdleConnections' in node.server) node.server.closeIdleConnections();
}

function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return ('code' in error && obstacles[String(error.code)]) || error.message;
}

/** What keeps from listening, by the operating system's error code. */
const obstacles: Readonly<Record<string, string>> = {
	EADDRINUSE: 'something else listens there; stop it, or choose another port',
	EADDRNOTAVAIL: 'this host has no such address; 0.0.0.0 stands for all that it has',
	ENOTFOUND: 'no host of that name is known; 0.0.0.0 stands for all addresses of this one',
	EAI_AGAIN: 'that name cannot be looked up now; 0.0.0.0 stands for all addresses of this host',
	EACCES: 'this user may not listen on that port; those from 1024 on are for everybody',
};

/** Addresses that stand for all of this host's, and what reaches them from here. */
const loopbacks: Readonly<Record<string, string>> = {'0.0.0.0': '127.0.0.1', '[::]': '[::1]'};

function reachableUrl(listening: string): string {
	const {protocol, hostname, port} = new URL(listening);
	// The port is not told where it is the protocol's own.
	return `${protocol}//${loopbacks[hostname] ?? hostname}${port === '' ? '' : `:${port}`}`;
}
