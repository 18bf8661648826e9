import type {AgentRow, RunRow, TaskRow} from '../source/protocol/views.ts';

export type FeedOptions = {readonly agents: number; readonly tasks: number; readonly linesPerSecond: number};

const run = 'r0benchmark0';
const batchMs = 10;
/** Changes a second, beside the lines. */
const taskChanges = 500;
const agentChanges = 300;

type Sink = {readonly send: (text: string) => void; readonly isClosed: () => boolean};

/** An orchestrator that is busy: the API as far as a screen asks for it, over a `fetch` without sockets. */
export class BusyFeed {
	/** Lines that were made. */
	lines = 0;
	readonly #options: FeedOptions;
	readonly #agents: AgentRow[];
	readonly #tasks: TaskRow[];
	readonly #events = new Set<Sink>();
	readonly #logs = new Set<Sink>();
	readonly #timer: NodeJS.Timeout;
	readonly #beganAt = Date.now();
	#version = 1;
	#due = 0;

	constructor(options: FeedOptions) {
		this.#options = options;
		this.#agents = Array.from({length: options.agents}, (_, at) => ({
			...{
				id: `agent-${at}`,
				version: 1,
				type: at % 3 === 0 ? 'docker' : 'local',
				status: 'online',
				slots: 4,
				used: at % 5,
				labels: {zone: `z${at % 7}`},
			},
		}));
		this.#tasks = Array.from({length: options.tasks}, (_, at) => ({
			...{
				id: `${run}/${at}`,
				version: 1,
				run,
				task: at,
				name: `task-${at}`,
				status: 'running',
				attempt: 1,
				agent: `agent-${at % options.agents}`,
			},
			assignedAt: Date.now(),
		}));
		let last = performance.now();
		this.#timer = setInterval(() => {
			const now = performance.now();
			this.#tick((now - last) / 1000);
			last = now;
		}, batchMs);
	}

	readonly fetch = async (request: Request): Promise<Response> => {
		const {pathname} = new URL(request.url);
		if (pathname === '/v1/events')
			return this.#stream(this.#events, request, `id: ${this.#version}\nevent: snapshot\ndata: ${JSON.stringify(this.#snapshot())}\n\n`);
		if (pathname === '/v1/logs') return this.#stream(this.#logs, request, '');
		if (pathname === '/v1/runs') return Response.json({runs: [this.#run()]});
		return Response.json({
			...this.#run(),
			params: {},
			directory: '/',
			tasks: this.#tasks.map(task => ({...task, dependsOn: [], attempts: []})),
		});
	};

	close(): void {
		clearInterval(this.#timer);
	}

	#snapshot() {
		return {runs: [this.#run()], tasks: this.#tasks, agents: this.#agents};
	}

	#run(): RunRow {
		const counts = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0};
		for (const {status} of this.#tasks) counts[status]++;
		return {id: run, version: this.#version, workflow: 'benchmark', status: 'running', createdAt: this.#beganAt, counts};
	}

	/** What the passing of time brings; it is made, and written as JSON, whether or not anybody looks. */
	#tick(seconds: number): void {
		const {linesPerSecond, tasks, agents} = this.#options;
		this.#due += seconds * linesPerSecond;
		const count = Math.floor(this.#due);
		this.#due -= count;
		const at = Date.now();
		let text = '';
		for (let line = 0; line < count; line++) {
			const task = this.lines++ % tasks;
			const level = this.lines % 97 === 0 ? 'ERROR something broke' : 'info all is well';
			const about = {run, task, name: `task-${task}`, attempt: 1, agent: `agent-${task % agents}`, stream: 'stdout', at};
			text += `${JSON.stringify({...about, text: `${level}: step ${this.lines} of the work took ${this.lines % 1000} ms`})}\n`;
		}
		for (const {send} of this.#logs) send(text);
		const changed = {tasks: this.#change(this.#tasks, taskChanges * seconds), agents: this.#change(this.#agents, agentChanges * seconds)};
		const news = `id: ${this.#version}\nevent: change\ndata: ${JSON.stringify({runs: [this.#run()], ...changed})}\n\n`;
		for (const {send} of this.#events) send(news);
	}

	#change<Row extends AgentRow | TaskRow>(rows: Row[], count: number): Row[] {
		const changed: Row[] = [];
		for (let made = 0; made < count; made++) {
			// Half of them are among those that are seen.
			const at = Math.floor(Math.random() * (made % 2 === 0 ? Math.min(20, rows.length) : rows.length));
			const row = rows[at];
			if (row === undefined) continue;
			const version = ++this.#version;
			const next =
				'slots' in row ? {...row, version, used: version % 5} : {...row, version, status: version % 9 === 0 ? 'failed' : 'running'};
			rows[at] = next as Row;
			changed.push(next as Row);
		}
		return changed;
	}

	#stream(into: Set<Sink>, request: Request, first: string): Response {
		const encoder = new TextEncoder();
		const body = new ReadableStream<Uint8Array>({
			start: controller => {
				const sink: Sink = {send: text => controller.enqueue(encoder.encode(text)), isClosed: () => false};
				if (first !== '') sink.send(first);
				into.add(sink);
				request.signal.addEventListener('abort', () => into.delete(sink));
			},
		});
		return new Response(body);
	}
}
