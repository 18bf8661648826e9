import * as http from 'node:http';
import * as https from 'node:https';
import {isIP} from 'node:net';
import {ByoaiError} from '../model/error.ts';
import {guardedLookup, isDiallable, refusedAddress} from './address.ts';

export type HttpCall = {
	readonly method: 'GET' | 'POST';
	readonly url: URL;
	readonly headers: Readonly<Record<string, string>>;
	/** Goes as JSON. */
	readonly body?: unknown;
	/** A larger reply is refused, and named by its limit. */
	readonly replyBytes: {readonly most: number; readonly limit: string};
	/** Gives the call up. */
	readonly signal: AbortSignal;
	/** Uses a connection again, and keeps it; a call on a kept connection that had just been closed is made once more. */
	readonly keepAlive: boolean;
	/** Who the connection is with, when it is not the agent. */
	readonly gateway?: Gateway;
};

/**
 * Somebody between an agent and us, such as the API server of a cluster, whom the own configuration names. It wants to know who asks, so
 * `Authorization` is its own: what the agent itself is to be told goes into another header.
 */
export type Gateway = {
	/** What goes with each request to it, as it is at that moment. */
	credentials(keepAlive: boolean): Promise<{readonly headers: Readonly<Record<string, string>>; readonly agent: http.Agent}>;
	/** What an answer of its own, not of the agent's, says in words; undefined: the agent has answered. */
	refusal(status: number, body: string): string | undefined;
};

export type HttpReply = {
	readonly status: number;
	readonly headers: http.IncomingHttpHeaders;
	readonly body: Buffer;
};

/** A connection is made in so much time, or not at all. The reply may take hours. */
const connectMs = 10_000;
/** A connection on which nothing moves is asked for life after so long, and then each second for ten: so the death of a host is noticed. */
const probeMs = 15_000;

/**
 * Calls agents: bounded in what is taken in, without a time limit of its own beyond that for connecting. Redirects are replies like any
 * other. Every connection is guarded against addresses that must not be dialled. Calls reject with a `ByoaiError`: `forbidden` for such
 * an address, `too_large` for a reply, `unavailable` for a connection that could not be made or broke.
 */
export class HttpCaller {
	readonly #kept = {'http:': new http.Agent({keepAlive: true}), 'https:': new https.Agent({keepAlive: true})};
	readonly #single = {'http:': new http.Agent(), 'https:': new https.Agent()};

	async call(call: HttpCall): Promise<HttpReply> {
		const host = call.url.hostname.replace(/^\[(.*)\]$/, '$1');
		if (call.gateway === undefined && isIP(host) !== 0 && !isDiallable(host)) throw refusedAddress(host, host);
		const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
		try {
			const reply = await this.#send(call, body).catch((error: unknown) => {
				if (!(error instanceof StaleConnection)) throw error;
				return this.#send({...call, keepAlive: false}, body);
			});
			const refused = reply.status >= 400 ? call.gateway?.refusal(reply.status, reply.body.toString('utf8', 0, 4096)) : undefined;
			if (refused !== undefined) throw new ByoaiError('unavailable', refused, {retryable: true});
			return reply;
		} catch (error) {
			if (error instanceof ByoaiError) throw error;
			throw new ByoaiError('unavailable', inWords(error, call.url), {retryable: true, cause: error});
		}
	}

	/** Ends connections, and with them the calls under way. */
	close(): void {
		for (const agent of [...Object.values(this.#kept), ...Object.values(this.#single)]) agent.destroy();
	}

	async #send({method, url, headers, replyBytes, signal, keepAlive, gateway}: HttpCall, body: Buffer | undefined): Promise<HttpReply> {
		const secure = url.protocol === 'https:';
		const agents = keepAlive ? this.#kept : this.#single;
		const between = await gateway?.credentials(keepAlive);
		return new Promise((resolve, reject) => {
			const request = (secure ? https : http).request(url, {
				method,
				agent: between?.agent ?? agents[secure ? 'https:' : 'http:'],
				...(between === undefined && {lookup: guardedLookup}),
				signal,
				headers: {
					accept: 'application/json',
					...headers,
					...between?.headers,
					...(body && {'content-type': 'application/json', 'content-length': body.length}),
				},
			});
			boundConnecting(request, secure);
			request.on('error', error => reject(request.reusedSocket && !signal.aborted ? new StaleConnection({cause: error}) : error));
			request.on('response', response => readAll(response, replyBytes).then(resolve, reject));
			request.end(body);
		});
	}
}

class StaleConnection extends Error {
	constructor(options: {cause: unknown}) {
		super('a kept connection had been closed', options);
	}
}

function boundConnecting(request: http.ClientRequest, secure: boolean): void {
	request.on('socket', socket => {
		socket.setKeepAlive(true, probeMs);
		if (!socket.connecting) return;
		const timer = setTimeout(() => request.destroy(new Error(`no connection within ${connectMs / 1000} s`)), connectMs);
		socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(timer));
		socket.once('close', () => clearTimeout(timer));
	});
}

async function readAll(response: http.IncomingMessage, {most, limit}: HttpCall['replyBytes']): Promise<HttpReply> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		// Leaving the loop destroys the connection.
		if (bytes > most) throw new ByoaiError('too_large', `its answer is larger than the limit ${limit} permits (${most} bytes)`);
		chunks.push(chunk);
	}
	return {status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks)};
}

const meanings: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'nothing listens there (connection refused)',
	ECONNRESET: 'the connection broke off',
	EPIPE: 'the connection broke off',
	ENOTFOUND: 'no such host is known',
	EAI_AGAIN: 'its name cannot be looked up now',
	EHOSTUNREACH: 'the host cannot be reached',
	ENETUNREACH: 'the network cannot be reached',
	ETIMEDOUT: 'the connection broke off: the host does not answer any more',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: trust it with NODE_EXTRA_CA_CERTS',
	SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody who is trusted here: trust them with NODE_EXTRA_CA_CERTS',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody who is trusted here: trust them with NODE_EXTRA_CA_CERTS',
	ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
	CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** What went wrong with a connection, with where. The same trouble is always told in the same words. */
function inWords(error: unknown, {host}: URL): string {
	const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
	const first = error instanceof AggregateError ? error.errors[0] : error;
	const message = first instanceof Error ? first.message || first.name : String(first);
	return `${host}: ${meanings[code] ?? message}`;
}
