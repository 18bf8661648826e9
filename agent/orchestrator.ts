import {readFileSync} from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type {ErrorCode} from '../source/model/error.ts';
import {ByoaiError} from '../source/model/error.ts';
import type {Orders, Report} from '../source/protocol/messages.ts';
import {parseOrders} from '../source/protocol/parse.ts';
import {pinnedTo} from '../source/protocol/pinning.ts';
import {exchangePath, registerPath} from '../source/protocol/routes.ts';

export type OrchestratorOptions = {
	readonly agent: string;
	/** Where it is; absent: the endpoint file alone says so. */
	readonly url?: string;
	/** JSON `{"url": …}`; read again whenever the orchestrator cannot be reached. */
	readonly endpointFile?: string;
	readonly token?: string;
};

/** What an agent says to make itself known. */
export type Registration = {
	readonly name: string;
	readonly type: string;
	readonly mode: 'pull';
	readonly slots: number;
	readonly labels: Readonly<Record<string, string>>;
};

/** A connection on which nothing moves for so long beyond the wished wait is dead. */
const silenceMs = 5000;
/** Orders larger than this are refused. */
const replyBytesLimit = 64 * 1024 * 1024;
/** At most so much of an error's text is shown. */
const shownErrorCharacters = 300;

const codes: Readonly<Record<number, ErrorCode>> = {401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 413: 'too_large'};

/**
 * The orchestrator as an agent dials it. Calls reject with a `ByoaiError`: `unauthorized`, `forbidden`, `not_found` (it does
 * not know the agent), `malformed` (its reply), and `unavailable` for all else that may pass.
 */
export class Orchestrator {
	readonly #options: OrchestratorOptions;
	readonly #connections = {'http:': new http.Agent({keepAlive: true}), 'https:': new https.Agent({keepAlive: true})};
	#url: string | undefined;
	/** Of the orchestrator, where the endpoint file says which it shows. */
	#certificate: string | undefined;

	constructor(options: OrchestratorOptions) {
		this.#options = options;
	}

	/** Whether it is one of this host, which tells by a file where it is. */
	get isLocal(): boolean {
		return this.#options.endpointFile !== undefined;
	}

	/** Where it is dialled, for messages. */
	get url(): string {
		return this.#url ?? this.#options.url ?? this.#options.endpointFile ?? '';
	}

	async register(registration: Registration): Promise<void> {
		await this.#post(registerPath, registration, silenceMs);
	}

	async exchange(report: Report): Promise<Orders> {
		const reply = await this.#post(exchangePath(this.#options.agent), report, report.waitMs + silenceMs);
		return parseOrders(parseJson(reply));
	}

	/** Ends what is under way. */
	close(): void {
		for (const connections of Object.values(this.#connections)) connections.destroy();
	}

	async #post(path: string, body: unknown, timeoutMs: number): Promise<Buffer> {
		this.#url ??= this.#locate();
		const url = new URL(this.#url.replace(/\/+$/, '') + path);
		try {
			return await this.#request(url, Buffer.from(JSON.stringify(body)), timeoutMs);
		} catch (error) {
			this.#url = undefined; // a restarted orchestrator may listen elsewhere, and another one where it was
			if (error instanceof ByoaiError) throw error;
			throw new ByoaiError('unavailable', error instanceof Error ? error.message || error.name : String(error), {
				retryable: true,
				cause: error,
			});
		}
	}

	#request(url: URL, body: Buffer, timeoutMs: number): Promise<Buffer> {
		const {token} = this.#options;
		const secure = url.protocol === 'https:';
		return new Promise((resolve, reject) => {
			const request = (secure ? https : http).request(url, {
				method: 'POST',
				agent: this.#connections[secure ? 'https:' : 'http:'],
				...(this.#certificate !== undefined && pinnedTo(this.#certificate)),
				headers: {
					'content-type': 'application/json',
					'content-length': body.length,
					...(token !== undefined && {authorization: `Bearer ${token}`}),
				},
			});
			request.setTimeout(timeoutMs, () => request.destroy(new Error(`no reply within ${timeoutMs / 1000} s`)));
			request.on('error', reject);
			request.on('response', response => {
				readAll(response).then(
					reply => (response.statusCode === 200 ? resolve(reply) : reject(refusal(response.statusCode ?? 0, reply))),
					reject,
				);
			});
			request.end(body);
		});
	}

	#locate(): string {
		const {endpointFile, url} = this.#options;
		this.#certificate = undefined;
		try {
			const found: unknown = endpointFile === undefined ? undefined : JSON.parse(readFileSync(endpointFile, 'utf8'));
			if (typeof found === 'object' && found !== null && 'url' in found && typeof found.url === 'string') {
				this.#certificate = 'certificate' in found && typeof found.certificate === 'string' ? found.certificate : undefined;
				return new URL(found.url).href;
			}
		} catch (error) {
			if (url === undefined)
				throw new ByoaiError('unavailable', `${endpointFile}: ${error instanceof Error ? error.message : String(error)}`, {
					retryable: true,
				});
		}
		if (url === undefined) throw new ByoaiError('unavailable', `${endpointFile} names no url`, {retryable: true});
		return url;
	}
}

async function readAll(response: http.IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		if (bytes > replyBytesLimit) throw new Error(`a reply of more than ${replyBytesLimit} bytes`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

/** What a status other than 200 means; problem details say why, where there are any. */
function refusal(status: number, reply: Buffer): ByoaiError {
	const text = reply.toString('utf8', 0, 4096);
	const detail = /"detail"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
	const code = codes[status] ?? 'unavailable';
	return new ByoaiError(code, `HTTP ${status} ${detail.slice(0, shownErrorCharacters)}`.trim(), {retryable: true});
}

function parseJson(reply: Buffer): unknown {
	try {
		return JSON.parse(reply.toString('utf8'));
	} catch (error) {
		throw new ByoaiError('malformed', 'the orchestrator answered with something else than JSON', {cause: error});
	}
}
