import {epochHeader, healthPath} from '../protocol/routes.ts';
import type {
	AgentDetail,
	AgentRow,
	LogLine,
	LogRecord,
	RetryPlan,
	RunDetail,
	RunRow,
	Snapshot,
	ViewChange,
	WholeTask,
	WorkflowRow,
} from '../protocol/views.ts';
import {readChunks} from './chunks.ts';
import type {LinesQuery, RetryChoice, RunRequest, RunsQuery, TaskLogQuery} from './queries.ts';
import type {LineOrigin, RawLine} from './raw-lines.ts';
import {RawLines} from './raw-lines.ts';
import type {Told} from './reply.ts';
import {brokenOff, cutShort, errorOf, parsed, unreachable} from './reply.ts';
import {readServerEvents} from './sse.ts';
import {readTextLines} from './text-lines.ts';

export type ClientOptions = {
	/** The global one, or the server's own where it lives in this process. */
	readonly fetch: (request: Request) => Promise<Response>;
	/** Where the orchestrator is: `http://127.0.0.1:5001`. */
	readonly url: string;
	readonly token?: string;
	/** Where the user said so, for messages. */
	readonly told?: Told;
};

export type Health = {
	readonly status: 'ok';
	readonly version: string;
	readonly protocol: number;
	/** Which start of which orchestrator it is: random, and in its endpoint file too. */
	readonly epoch?: string;
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
	readonly #told: Told;

	constructor({fetch, url, token, told = {}}: ClientOptions) {
		this.url = url.replace(/\/+$/, '');
		this.#fetch = fetch;
		this.#told = told;
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

	/** `task`: its name, or its index in file order. */
	task(run: string, task: string | number): Promise<WholeTask> {
		return this.#json('GET', `/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}`);
	}

	/** Resolves with the run as it is when its cancellation is recorded; it ends when what runs has been stopped. */
	cancelRun(run: string, reason?: string): Promise<RunDetail> {
		return this.#json('POST', `/v1/runs/${encodeURIComponent(run)}/cancel`, {body: {reason}});
	}

	/** Starts a new run of an ended one. */
	retryRun(run: string, choice: RetryChoice = {}): Promise<RunDetail> {
		return this.#json('POST', `/v1/runs/${encodeURIComponent(run)}/retry`, {body: choice});
	}

	/** What `retryRun` would do; nothing begins. */
	planRetry(run: string, choice: RetryChoice = {}): Promise<RetryPlan> {
		return this.#json('POST', `/v1/runs/${encodeURIComponent(run)}/retry?dry_run=true`, {body: choice});
	}

	/** The files of the orchestrator's workflow directory, and where that is. */
	workflows(): Promise<{readonly directory: string; readonly workflows: readonly WorkflowRow[]}> {
		return this.#json('GET', '/v1/workflows');
	}

	async agents(): Promise<readonly AgentRow[]> {
		return (await this.#json<{agents: readonly AgentRow[]}>('GET', '/v1/agents')).agents;
	}

	agent(name: string): Promise<AgentDetail> {
		return this.#json('GET', `/v1/agents/${encodeURIComponent(name)}`);
	}

	/** `spec`: the keys of an agent in a workflow file. Resolves when that is recorded; the agent's row tells how far it is. */
	async deployAgent(spec: Readonly<Record<string, unknown>>): Promise<void> {
		await this.#json('POST', '/deploy_agent', {body: spec});
	}

	/** `stopping`: it was deployed, and ends; `forgotten`: it had registered. With `force` although it runs tasks. */
	async removeAgent(name: string, {force = false}: {readonly force?: boolean} = {}): Promise<'stopping' | 'forgotten'> {
		const path = `/v1/agents/${encodeURIComponent(name)}${queryText({force: force || undefined})}`;
		const {status} = await this.#send('DELETE', path);
		return status === 204 ? 'forgotten' : 'stopping';
	}

	/** It gets nothing new from now on. */
	drainAgent(name: string): Promise<AgentDetail> {
		return this.#json('POST', `/v1/agents/${encodeURIComponent(name)}/drain`);
	}

	/** Lines of tasks, merged by time. */
	async *lines(query: LinesQuery, signal?: AbortSignal): AsyncGenerator<LogLine> {
		for await (const line of this.#textLines(`/v1/logs${queryText(query)}`, signal)) yield parsed<LogLine>(line, this.url);
	}

	/** The same for who looks at few of them: as many at once as came, each to be parsed by itself. `originOf`: what its reader is to know of a stream of an attempt. */
	async *rawLines<Origin>(
		query: LinesQuery,
		originOf: (about: LineOrigin) => Origin,
		signal?: AbortSignal,
	): AsyncGenerator<ReadonlyArray<RawLine<Origin>>> {
		const lines = new RawLines(originOf);
		for await (const chunk of this.#stream(`/v1/logs${queryText(query)}`, signal)) yield this.#whole(() => lines.add(chunk));
		if (signal?.aborted !== true) yield this.#whole(() => lines.end());
	}

	/** The bytes of one attempt's output as they were printed. Bytes beyond the limit for one attempt are replaced by a note. */
	async *taskLog(query: TaskLogQuery, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
		for await (const record of this.taskRecords(query, signal)) yield bytesOf(record);
	}

	/** The same with time, stream and offset of each piece. */
	async *taskRecords({run, task, ...query}: TaskLogQuery, signal?: AbortSignal): AsyncGenerator<LogRecord> {
		const path = `/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/logs`;
		for await (const line of this.#textLines(path + queryText({...query, format: 'ndjson'}), signal))
			yield parsed<LogRecord>(line, this.url);
	}

	/**
	 * The views as they are, then as they change; `lastId` goes on after that event, where that can be. `every`: what comes within so long,
	 * such as `200ms`, comes together. Ends when the server closes.
	 */
	async *events(signal: AbortSignal, lastId?: string, every?: string): AsyncGenerator<ViewEvent> {
		const headers = lastId === undefined ? {} : {'last-event-id': lastId};
		for await (const {id, type, data} of readServerEvents(this.#stream(`/v1/events${queryText({every})}`, signal, headers))) {
			if (type === 'snapshot') yield {id, snapshot: parsed<Snapshot>(data, this.url)};
			else if (type === 'change') yield {id, change: parsed<ViewChange>(data, this.url)};
		}
	}

	#whole<Value>(read: () => Value): Value {
		try {
			return read();
		} catch (error) {
			throw error instanceof SyntaxError ? cutShort(this.url) : error;
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
			throw unreachable(error, tried, {url: this.url, told: this.#told});
		}
		if (!reply.ok) throw await errorOf(reply, tried, {url: this.url, told: this.#told});
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
