import * as http from 'node:http';
import * as https from 'node:https';
import {ByoaiError, messageOf} from '../../model/error.ts';
import {orAborted} from '../abortable.ts';
import type {Cluster, Credentials} from './config.ts';
import type {Status} from './words.ts';
import {refusalInWords} from './words.ts';

export type Ask = {
	/** What is to be done, for messages: `make pod x`. */
	readonly doing: string;
	readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Below the server, with its query. */
	readonly path: string;
	readonly body?: unknown;
	readonly signal?: AbortSignal;
	/** An answer comes within this time, or not at all; absent: a minute. */
	readonly timeoutMs?: number;
};

/** Refused by the API server itself, which is there. `status` is that of HTTP. */
export class ApiError extends ByoaiError {
	readonly status: number;
	readonly said: Status;

	constructor(message: string, status: number, said: Status) {
		super('unavailable', message, {retryable: status === 429 || status >= 500 || status === 401});
		this.status = status;
		this.said = said;
	}
}

/** The API server could not be reached, or broke off. */
export class AwayError extends ByoaiError {
	constructor(message: string, cause: unknown) {
		super('unavailable', message, {retryable: true, cause});
	}
}

const answerMs = 60_000;
/** For a plugin of the kubeconfig to say who we are. */
const credentialsMs = 60_000;
/** A connection on which nothing moves is asked for life after so long, and then each second for ten. */
const probeMs = 15_000;

/** One API server, spoken to in JSON. Every call rejects with a `ByoaiError`: `ApiError` and `AwayError` tell who failed. */
export class KubeApi {
	readonly cluster: Cluster;

	constructor(cluster: Cluster) {
		this.cluster = cluster;
	}

	/** The answer's body. */
	async ask<T>({timeoutMs = answerMs, signal, ...ask}: Ask): Promise<T> {
		let late: AbortSignal | undefined;
		try {
			const credentials = await this.#credentials(signal);
			late = AbortSignal.timeout(timeoutMs);
			const either = signal === undefined ? late : AbortSignal.any([signal, late]);
			const response = await this.#send({...ask, signal: either}, credentials);
			return JSON.parse(await textOf(response)) as T;
		} catch (error) {
			signal?.throwIfAborted();
			if (error instanceof ApiError) throw error;
			const why = late?.aborted ? new Error(`it did not answer within ${timeoutMs / 1000} s`) : error;
			throw this.#away(ask.doing, why);
		}
	}

	/** The same for what may be gone, or not be there yet: then undefined. */
	async askOfGone<T>(ask: Ask): Promise<T | undefined> {
		try {
			return await this.ask<T>(ask);
		} catch (error) {
			if (error instanceof ApiError && error.status === 404) return undefined;
			throw error;
		}
	}

	/** An answer that comes bit by bit; undefined: there is none (204). Whoever reads it is told of a cut by an `AwayError`, too. */
	async open({signal, ...ask}: Ask): Promise<AsyncIterable<Buffer> | undefined> {
		try {
			const response = await this.#send({...ask, ...(signal && {signal})}, await this.#credentials(signal));
			if (response.statusCode === 204) {
				response.resume();
				return undefined;
			}
			return this.#read(response, ask.doing, signal);
		} catch (error) {
			signal?.throwIfAborted();
			throw error instanceof ApiError ? error : this.#away(ask.doing, error);
		}
	}

	async *#read(response: http.IncomingMessage, doing: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
		try {
			yield* response as AsyncIterable<Buffer>;
		} catch (error) {
			signal?.throwIfAborted();
			throw this.#away(doing, error);
		} finally {
			response.destroy();
		}
	}

	/** A plugin may have to log in first; that is not the server's time. */
	#credentials(signal: AbortSignal | undefined): Promise<Credentials> {
		const late = AbortSignal.timeout(credentialsMs);
		return orAborted(this.cluster.credentials(), signal === undefined ? late : AbortSignal.any([signal, late]));
	}

	async #send({doing, method = 'GET', path, body, signal}: Ask, {headers, kept}: Credentials): Promise<http.IncomingMessage> {
		const {server} = this.cluster;
		const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
		const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
		const url = new URL(server.pathname.replace(/\/+$/, '') + path, server);
		const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
			const request = (url.protocol === 'https:' ? https : http).request(url, {
				method,
				agent: kept,
				...(signal && {signal}),
				headers: {
					accept: 'application/json',
					'user-agent': 'byoai',
					...headers,
					...(text && {'content-type': type, 'content-length': text.length}),
				},
			});
			request.on('socket', socket => socket.setKeepAlive(true, probeMs));
			request.on('error', reject);
			request.on('response', resolve);
			request.end(text);
		});
		const {statusCode = 0} = response;
		if (statusCode >= 200 && statusCode < 300) return response;
		const said = statusOf(await textOf(response));
		throw new ApiError(refusalInWords({doing, status: statusCode, said, cluster: this.cluster.name}), statusCode, said);
	}

	#away(doing: string, error: unknown): AwayError {
		const {name, server} = this.cluster;
		const code = error instanceof Error && 'code' in error ? String(error.code) : '';
		const first = error instanceof AggregateError ? error.errors[0] : error;
		const why = messageOf(first);
		const mend = connectionCodes.has(code)
			? `Kubernetes does not answer at ${server.host} (${name}): start the cluster, or choose another with KUBECONFIG or BYOAI_KUBE_CONTEXT.`
			: `Kubernetes (${name}) cannot ${doing}:`;
		return new AwayError(`${mend} (${why})`.replace(/: \((.*)\)$/, ': $1'), error);
	}
}

const connectionCodes: ReadonlySet<string> = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ETIMEDOUT',
]);

async function textOf(response: http.IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
	return Buffer.concat(chunks).toString();
}

/** Unknown paths are refused in plain text. */
function statusOf(text: string): Status {
	try {
		const said: unknown = JSON.parse(text);
		return typeof said === 'object' && said !== null ? said : {message: text};
	} catch {
		return {message: text.trim()};
	}
}
