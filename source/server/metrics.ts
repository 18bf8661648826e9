import type {Change} from '../engine/engine.ts';
import {runEnded} from '../model/run.ts';
import type {RunRow} from '../protocol/views.ts';
import type {Metric, Sample} from './exposition.ts';
import {Counter, exposition, Histogram} from './exposition.ts';
import type {Services} from './services.ts';
import type {Streams} from './stream.ts';

const commitBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const requestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const runStatuses = ['pending', 'running', 'cancelling'] as const;
const taskStatuses = ['blocked', 'waiting', 'ready', 'running', 'succeeded', 'failed', 'cancelled', 'skipped'] as const;
const agentStatuses = ['starting', 'online', 'draining', 'lost'] as const;

/**
 * What `GET /metrics` tells. Counted from the start of the orchestrator on is what happens; what is, is looked at when somebody asks.
 * Labels have few values: a route is its pattern, never a path.
 */
export class Metrics {
	readonly #services: Services;
	readonly #streams: Streams;
	readonly #endedRuns = new Counter();
	readonly #endedAttempts = new Counter();
	readonly #events = new Counter();
	readonly #logBytes = new Counter();
	readonly #commits = new Histogram(commitBounds);
	readonly #requests = new Histogram(requestBounds);

	constructor(services: Services, streams: Streams) {
		this.#services = services;
		this.#streams = streams;
		services.engine.subscribe(change => this.#count(change));
		services.logs.subscribe((_ref, added) => this.#logBytes.add(added.reduce((sum, {data}) => sum + data.byteLength, 0)));
	}

	/** A request was answered; of a stream its headers were. */
	answered(labels: {route: string; method: string; status: string}, seconds: number): void {
		this.#requests.observe(seconds, labels);
	}

	/** `ofProcess`: metrics of the process that this lives in. */
	text(ofProcess: readonly Metric[]): string {
		return exposition([...this.#stateMetrics(), ...this.#countedMetrics(), ...ofProcess]);
	}

	#count({events, endedRuns, commitMs}: Change): void {
		this.#commits.observe(commitMs / 1000);
		for (const event of events) {
			this.#events.add(1, {type: event.type});
			if (event.type === 'attempt-finished') this.#endedAttempts.add(1, {status: event.outcome.status});
		}
		for (const {status} of endedRuns) this.#endedRuns.add(1, {status});
	}

	#stateMetrics(): Metric[] {
		const {views, version} = this.#services;
		const {runs, agents} = views.snapshot();
		const active = runs.filter(({status}) => !runEnded(status));
		const serving = agents.filter(({status}) => status === 'online');
		const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
		return [
			gauge('byoai_build_info', 'The version of the orchestrator.', [{labels: {version}, value: 1}]),
			gauge('byoai_runs', 'Runs that have not ended, by status.', byStatus(runStatuses, active)),
			gauge('byoai_tasks', 'Tasks of these runs, by status; `ready` is the queue: only a slot is missing.', taskSamples(active)),
			gauge('byoai_agents', 'Agents that are known, by status.', byStatus(agentStatuses, agents)),
			gauge('byoai_slots', 'Slots of agents that are online.', [{value: total(serving.map(({slots}) => slots))}]),
			gauge('byoai_slots_used', 'Slots of agents that are in use.', [{value: total(agents.map(({used}) => used))}]),
			gauge('byoai_streams', 'Replies that are open until their reader or what they follow ends.', [{value: this.#streams.count}]),
		];
	}

	#countedMetrics(): Metric[] {
		return [
			counter('byoai_runs_ended_total', 'Runs that have ended, by status.', this.#endedRuns),
			counter('byoai_attempts_ended_total', 'Attempts that have ended, by the status of their outcome.', this.#endedAttempts),
			counter('byoai_events_total', 'Events in the journal, by type.', this.#events),
			counter('byoai_log_bytes_total', 'Output of tasks that was kept, in bytes.', this.#logBytes),
			{
				...{name: 'byoai_commit_duration_seconds', help: 'How long commits to the journal took.', type: 'histogram'},
				histogram: this.#commits,
			},
			{
				...{name: 'byoai_http_request_duration_seconds', help: 'How long requests took, of a stream until its headers were sent.'},
				...{type: 'histogram', histogram: this.#requests},
			},
		];
	}
}

function byStatus(statuses: readonly string[], rows: ReadonlyArray<{readonly status: string}>): Sample[] {
	return statuses.map(status => ({labels: {status}, value: rows.filter(row => row.status === status).length}));
}

function taskSamples(runs: readonly RunRow[]): Sample[] {
	return taskStatuses.map(status => ({labels: {status}, value: runs.reduce((sum, {counts}) => sum + counts[status], 0)}));
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
	return {name, help, type: 'gauge', samples};
}

function counter(name: string, help: string, of: Counter): Metric {
	return {name, help, type: 'counter', samples: of.samples()};
}
