import {readFileSync} from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type {Problem} from '../source/model/error.ts';
import {ByoaiError, messageOf} from '../source/model/error.ts';
import {defaultLimits} from '../source/model/limits.ts';
import type {Orders, Report} from '../source/protocol/messages.ts';
import {parseOrders} from '../source/protocol/parse.ts';
import {pinnedTo} from '../source/protocol/pinning.ts';
import {codesOfStatus} from '../source/protocol/problem.ts';
import {agentWorkflowPath, exchangePath, registerPath} from '../source/protocol/routes.ts';

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
	/** Where it listens; information only. */
	readonly url?: string;
	readonly slots: number;
	readonly labels: Readonly<Record<string, string>>;
};

/** A workflow of the agent's own, for `POST /v1/agents/:name/workflow`. */
export type OwnWorkflow = {readonly session: string; readonly text: string; readonly file: string};

/** A connection on which nothing moves for so long beyond the wished wait is dead. */
const silenceMs = 5000;
/** A large workflow takes its time to be read and planned. */
const handInMs = 60_000;
/** At most so much of an error's text is shown. */
const shownErrorCharacters = 300;

/** Errors of TLS that mean: nobody whom this host trusts has signed the certificate. */
const untrusted: ReadonlySet<unknown> = new Set([
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/**
 * The orchestrator as an agent dials it. Calls reject with a `ByoaiError`: what it refuses has the code of the status
 * (`unauthorized`, `forbidden`, `invalid` and so on; `not_found`: it does not know the agent), a reply that cannot be read
 * is `malformed`, and all else, which may pass, is `unavailable`.
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

	/** Resolves with the id of the run that it became, where the reply names one. */
	async handIn(workflow: OwnWorkflow): Promise<string | undefined> {
		const reply = parseJson(await this.#post(agentWorkflowPath(this.#options.agent), workflow, handInMs));
		return isRecord(reply) && typeof reply.id === 'string' ? reply.id : undefined;
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
			throw new ByoaiError('unavailable', reasonOf(error), {retryable: true, cause: error});
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
				readAll(response).then(reply => (isSuccess(response) ? resolve(reply) : reject(refusal(response.statusCode ?? 0, reply))), reject);
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
				throw new ByoaiError('unavailable', `${endpointFile}: ${messageOf(error)}`, {
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
		if (bytes > defaultLimits.orders_bytes)
			throw new Error(`a reply of more than ${defaultLimits.orders_bytes} bytes (limit orders_bytes)`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function isSuccess({statusCode}: http.IncomingMessage): boolean {
	return statusCode === 200 || statusCode === 201;
}

/** What another status means; problem details say why, where there are any. */
function refusal(status: number, reply: Buffer): ByoaiError {
	const details = problemDetails(reply);
	const detail = typeof details.detail === 'string' ? details.detail : reply.toString('utf8', 0, 4096);
	const problems = Array.isArray(details.errors) ? details.errors.filter(isProblem) : [];
	// A 400 is as final as a 422: it is not taken, however often it is sent.
	const code = status === 400 ? 'invalid' : (codesOfStatus[status] ?? 'unavailable');
	return new ByoaiError(code, `HTTP ${status} ${detail.slice(0, shownErrorCharacters)}`.trim(), {retryable: true, problems});
}

function problemDetails(reply: Buffer): Readonly<Record<string, unknown>> {
	try {
		const value: unknown = JSON.parse(reply.toString('utf8'));
		return isRecord(value) ? value : {};
	} catch {
		return {}; // a proxy's page, perhaps: its text is shown as it is
	}
}

function isProblem(value: unknown): value is Problem {
	return isRecord(value) && typeof value.message === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null;
}

/** Why a request came to nothing, and what to do where that is known. */
function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const message = error.message || error.name;
	if (!('code' in error) || !untrusted.has(error.code)) return message;
	return `${message.split(';')[0]}: this host does not trust it; if it is the right one, name its file in NODE_EXTRA_CA_CERTS`;
}

function parseJson(reply: Buffer): unknown {
	try {
		return JSON.parse(reply.toString('utf8'));
	} catch (error) {
		throw new ByoaiError('malformed', 'the orchestrator answered with something else than JSON', {cause: error});
	}
}
