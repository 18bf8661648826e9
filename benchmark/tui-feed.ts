import {systemClock} from '../source/engine/clock.ts';
import {TaskLogs} from '../source/engine/task-logs.ts';
import type {ViewListener} from '../source/engine/views.ts';
import {defaultLimits} from '../source/model/limits.ts';
import type {AgentRow, RunRow, TaskRow} from '../source/protocol/views.ts';
import {LongRecord} from '../source/scheduler/long-record.ts';
import type {Server} from '../source/server/server.ts';
import {createServer} from '../source/server/server.ts';
import type {Services} from '../source/server/services.ts';
import {BusyLogs} from './tui-logs.ts';

export type FeedOptions = {readonly agents: number; readonly tasks: number; readonly linesPerSecond: number; readonly isColoured: boolean};

const run = 'r0benchmark0';
const batchMs = 10;
/** Changes a second, beside the lines. */
const taskChanges = 500;
const agentChanges = 300;

/**
 * An orchestrator that is busy: the real server over rows and output that are made up. What the server does for whoever looks on is
 * done here as it is there, and nothing of it when nobody does.
 */
export class BusyFeed {
	/** Lines that were made. */
	lines = 0;
	readonly server: Server;
	readonly #options: FeedOptions;
	readonly #agents: AgentRow[];
	readonly #tasks: TaskRow[];
	readonly #counts = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, skipped: 0};
	readonly #listeners = new Set<ViewListener>();
	readonly #output: BusyLogs;
	readonly #logs: TaskLogs;
	readonly #timer: NodeJS.Timeout;
	readonly #beganAt = Date.now();
	#version = 1;
	#sequence = 0;
	#due = 0;

	constructor(options: FeedOptions) {
		this.#options = options;
		this.#agents = Array.from({length: options.agents}, (_, at) => ({
			...{id: `agent-${at}`, version: 1, type: at % 3 === 0 ? 'docker' : 'local', status: 'online'},
			...{slots: 4, used: at % 5, labels: {zone: `z${at % 7}`}},
		}));
		this.#tasks = Array.from({length: options.tasks}, (_, at) => ({
			...{id: `${run}/${at}`, version: 1, run, task: at, name: `task-${at}`, status: 'running', attempt: 1},
			...{agent: `agent-${at % options.agents}`, assignedAt: this.#beganAt},
		}));
		this.#counts.running = options.tasks;
		this.#output = new BusyLogs({...options, beganAt: this.#beganAt});
		this.#logs = new TaskLogs(this.#output);
		this.server = createServer(this.#services());
		let last = performance.now();
		this.#timer = setInterval(() => {
			const now = performance.now();
			this.#tick((now - last) / 1000);
			last = now;
		}, batchMs);
	}

	close(): void {
		clearInterval(this.#timer);
	}

	/** What a screen asks for; it asks for nothing else. */
	#services(): Services {
		const attempts = this.#tasks.map(({agent, assignedAt}) => [{agent, session: 's', status: 'assigned', assignedAt}]);
		const tasks = attempts.map(of => ({status: 'running', undecided: 0, failures: 0, losses: 0, attempts: of}));
		const workflow = {tasks: this.#tasks.map(({name}) => ({name}))};
		const model = {id: run, workflow, status: 'running', createdAt: this.#beganAt, tasks};
		const services = {
			engine: {state: {runs: LongRecord.from({[run]: model})}, subscribe: () => () => undefined},
			views: {
				sequence: 0,
				snapshot: () => ({runs: [this.#run()], tasks: this.#tasks, agents: this.#agents}),
				changesSince: () => undefined,
				subscribe: (listener: ViewListener) => {
					this.#listeners.add(listener);
					return () => this.#listeners.delete(listener);
				},
			},
			history: {
				resolve: () => run,
				run: () => model,
				list: () => [this.#run()],
				detail: () => ({
					...this.#run(),
					...{params: {}, directory: '/', tasks: this.#tasks.map(task => ({...task, dependsOn: [], attempts: []}))},
				}),
			},
			...{logs: this.#logs, clock: systemClock, limits: defaultLimits, version: '0.0.0', epoch: 'benchmark'},
			warn: (message: string) => {
				throw new Error(message);
			},
			instanceToken: () => '',
		};
		return services as unknown as Services;
	}

	#run(): RunRow {
		return {
			...{id: run, version: this.#version, workflow: 'benchmark', status: 'running'},
			...{createdAt: this.#beganAt, counts: {...this.#counts}},
		};
	}

	/** What the passing of time brings, whether or not anybody looks. */
	#tick(seconds: number): void {
		const {linesPerSecond, tasks} = this.#options;
		this.#due += seconds * linesPerSecond;
		const count = Math.floor(this.#due);
		this.#due -= count;
		for (let line = 0; line < count; line++) {
			const task = this.lines++ % tasks;
			void this.#logs.append({run, task, attempt: 1}, [this.#output.next(task)]);
		}
		const changed = {tasks: this.#change(this.#tasks, taskChanges * seconds), agents: this.#change(this.#agents, agentChanges * seconds)};
		const change = {runs: [this.#run()], ...changed};
		this.#sequence++;
		for (const listener of this.#listeners) listener(this.#sequence, change);
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
			if (!('slots' in row)) this.#counts[row.status]--;
			if (!('slots' in next)) this.#counts[(next as TaskRow).status]++;
			rows[at] = next as Row;
			changed.push(next as Row);
		}
		return changed;
	}
}
