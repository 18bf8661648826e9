import type {RunStatus} from '../model/run.ts';
import {epochHeader, healthPath} from '../protocol/routes.ts';
import type {AgentRow, LogLine, LogRecord, RunDetail, RunRow, Snapshot, ViewChange} from '../protocol/views.ts';
import {readChunks} from './chunks.ts';
import {brokenOff, errorOf, unreachable} from './reply.ts';
import {readServerEvents} from './sse.ts';
import {readTextLines} from './text-lines.ts';

export type ClientOptions = {
	/** The global one, or the server's own where it lives in this process. */
	readonly fetch: (request: Request) => Promise<Response>;
	/** Where the orchestrator is: `http://127.0.0.1:5001`. */
	readonly url: string;
	readonly token?: string;
};

export type Health = {
	readonly status: 'ok';
	readonly version: string;
	readonly protocol: number;
	/** Which start of which orchestrator it is: random, and in its endpoint file too. */
	readonly epoch?: string;
};

/** What to run: text with where it comes from, or the name of a file of the orchestrator's workflow directory. */
export type RunRequest =
	| {
			readonly text: string;
			/** As the user named it. */
			readonly file?: string;
			/** Absolute: where its tasks run on the orchestrator's host. */
			readonly directory: string;
			readonly params?: Readonly<Record<string, unknown>>;
			/** Take an active run of the same file, text and params instead of starting another. */
			readonly resume?: boolean;
	  }
	| {readonly workflow: string; readonly params?: Readonly<Record<string, unknown>>};

export type RunsQuery = {readonly status?: RunStatus; readonly limit?: number; readonly before?: string};

export type LinesQuery = {
	/** An id, a unique prefix of one, or `latest`. */
	readonly run: string;
	/** Name or index. */
	readonly task?: string | number;
	readonly agent?: string;
	/** Go on until the run has ended. */
	readonly follow?: boolean;
};

export type TaskLogQuery = {
	readonly run: string;
	readonly task: string | number;
	/** Absent: the newest. */
	readonly attempt?: number;
	/** Bytes of both streams together to leave out. */
	readonly offset?: number;
	/** Go on until the attempt has ended; waits for the first. */
	readonly follow?: boolean;
	readonly stream?: 'stdout' | 'stderr';
};

export type ViewEvent = {readonly id: string} & ({readonly snapshot: Snapshot} | {readonly change: ViewChange});

type Headers = Readonly<Record<string, string>>;
type SendOptions = {readonly body?: unknown; readonly headers?: Headers; readonly signal?: AbortSignal};

/** A stream is silent for no longer than a heartbeat, unless the connection is dead. */
const silenceMs = 60_000;

/**
 * The HTTP API of an orchestrator. All methods reject with `ByoaiError`: its own code and words where it refuses, `unavailable` where
 * it cannot be reached or a reply breaks off. Streams end quietly when their signal is aborted.
 */
class Client {
	readonly url: string;
	readonly #fetch: ClientOptions['fetch'];
	readonly #headers: Headers;

	constructor({fetch, url, token}: ClientOptions) {
		this.url = url.replace(/\/+$/, '');
		this.#fetch = fetch;
		this.#headers = token === undefined ? {} : {authorization: `Bearer ${token}`};
	}

	async health(): Promise<Health> {
		const reply = await this.#send('GET', healthPath);
		const epoch = reply.headers.get(epochHeader);
		return {...(await this.#value<Health>(reply)), ...(epoch !== null && {epoch})};
	}

	/** Starts a run; `resumed`: it was active already. */
	async submitRun(request: RunRequest): Promise<{run: RunDetail; resumed: boolean}> {
		const reply = await this.#send('POST', '/v1/runs', {body: request});
		return {run: await this.#value(reply), resumed: reply.status === 200};
	}

	/** Newest first. */
	async runs(query: RunsQuery = {}): Promise<readonly RunRow[]> {
		return (await this.#json<{runs: readonly RunRow[]}>('GET', `/v1/runs${queryText(query)}`)).runs;
	}

	/** `run`, here and elsewhere: an id, a unique prefix of one, or `latest`. */
	run(run: string): Promise<RunDetail> {
		return this.#json('GET', `/v1/runs/${encodeURIComponent(run)}`);
	}

	/** Resolves with the run as it is when its cancellation is recorded; it ends when what runs has been stopped. */
	cancelRun(run: string, reason?: string): Promise<RunDetail> {
		return this.#json('POST', `/v1/runs/${encodeURIComponent(run)}/cancel`, {body: {reason}});
	}

	async agents(): Promise<readonly AgentRow[]> {
		return (await this.#json<{agents: readonly AgentRow[]}>('GET', '/v1/agents')).agents;
	}

	/** Lines of a run's tasks, merged by time. */
	async *lines(query: LinesQuery, signal?: AbortSignal): AsyncGenerator<LogLine> {
		for await (const line of this.#textLines(`/v1/logs${queryText(query)}`, signal)) yield JSON.parse(line) as LogLine;
	}

	/** The bytes of one attempt's output as they were printed. Bytes beyond the limit for one attempt are replaced by a note. */
	async *taskLog({run, task, ...query}: TaskLogQuery, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
		const path = `/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/logs`;
		for await (const line of this.#textLines(path + queryText({...query, format: 'ndjson'}), signal)) {
			yield bytesOf(JSON.parse(line) as LogRecord);
		}
	}

	/** The views as they are, then as they change; `lastId` goes on after that event, where that can be. Ends when the server closes. */
	async *events(signal: AbortSignal, lastId?: string): AsyncGenerator<ViewEvent> {
		const headers = lastId === undefined ? {} : {'last-event-id': lastId};
		for await (const {id, type, data} of readServerEvents(this.#stream('/v1/events', signal, headers))) {
			if (type === 'snapshot') yield {id, snapshot: JSON.parse(data) as Snapshot};
			else if (type === 'change') yield {id, change: JSON.parse(data) as ViewChange};
		}
	}

	async #json<Value>(method: string, path: string, more: {body?: unknown} = {}): Promise<Value> {
		return this.#value(await this.#send(method, path, more));
	}

	async #value<Value>(reply: Response): Promise<Value> {
		try {
			return (await reply.json()) as Value;
		} catch (error) {
			throw brokenOff(error, this.url);
		}
	}

	/** Empty lines are heartbeats. */
	async *#textLines(path: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
		for await (const line of readTextLines(this.#stream(path, signal))) if (line !== '') yield line;
	}

	/** The chunks of a reply; none once the signal is aborted. */
	async *#stream(path: string, signal?: AbortSignal, headers: Headers = {}): AsyncGenerator<Uint8Array> {
		let reply: Response;
		try {
			reply = await this.#send('GET', path, {headers, ...(signal && {signal})});
		} catch (error) {
			if (signal?.aborted === true) return;
			throw error;
		}
		if (reply.body !== null) yield* readChunks(reply.body, {url: this.url, silenceMs, ...(signal && {signal})});
	}

	async #send(method: string, path: string, {body, headers, signal}: SendOptions = {}): Promise<Response> {
		const tried = `${method} ${path}`;
		let reply: Response;
		try {
			const request = new Request(this.url + path, {
				method,
				headers: {...this.#headers, ...headers, ...(body !== undefined && {'content-type': 'application/json'})},
				...(body !== undefined && {body: JSON.stringify(body)}),
				...(signal && {signal}),
			});
			reply = await this.#fetch(request);
		} catch (error) {
			throw unreachable(error, tried, this.url);
		}
		if (!reply.ok) throw await errorOf(reply, `${tried} at ${this.url}`);
		return reply;
	}
}

export type {Client};

export function createClient(options: ClientOptions): Client {
	return new Client(options);
}

function queryText(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
	const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
	return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function bytesOf(record: LogRecord): Uint8Array {
	if ('text' in record) return Buffer.from(record.text);
	if ('base64' in record) return Buffer.from(record.base64, 'base64');
	return Buffer.from(`\n[byoai: ${record.dropped} bytes more than the limit attempt_log_bytes permits were not kept]\n`);
}
