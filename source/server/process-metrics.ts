import {readdirSync} from 'node:fs';
import type {EventLoopUtilization} from 'node:perf_hooks';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import type {Metric} from './exposition.ts';

const resolutionMs = 10;
const nanosecondsASecond = 1e9;

/**
 * What Prometheus' own clients tell of the process they live in, under the same names. The first call begins to watch the event
 * loop; each tells of the time since the one before.
 */
export class ProcessMetrics {
	readonly #delay = monitorEventLoopDelay({resolution: resolutionMs});
	/** As it was at the last scrape; none before the first, which tells of the time since the start. */
	#loop: EventLoopUtilization | undefined;

	constructor() {
		this.#delay.enable();
	}

	metrics(): Metric[] {
		return [...memoryMetrics(), ...cpuMetrics(), ...this.#loopMetrics(), ...descriptorMetrics()];
	}

	#loopMetrics(): Metric[] {
		const {utilization} = performance.eventLoopUtilization(this.#loop);
		this.#loop = performance.eventLoopUtilization();
		const quantiles = [0.5, 0.99].map(quantile => ({
			labels: {quantile: String(quantile)},
			value: this.#delay.count === 0 ? 0 : this.#delay.percentile(quantile * 100) / nanosecondsASecond,
		}));
		this.#delay.reset();
		return [
			gauge('nodejs_eventloop_delay_seconds', 'How late timers of the event loop came since the last scrape.', ...quantiles),
			gauge('nodejs_eventloop_utilization_ratio', 'Part of the time since the last scrape in which the event loop was busy.', {
				value: utilization,
			}),
		];
	}
}

function memoryMetrics(): Metric[] {
	const {rss, heapTotal, heapUsed, external} = process.memoryUsage();
	return [
		gauge('process_resident_memory_bytes', 'Resident memory.', {value: rss}),
		gauge('nodejs_heap_size_total_bytes', 'Heap that is reserved.', {value: heapTotal}),
		gauge('nodejs_heap_size_used_bytes', 'Heap that is used.', {value: heapUsed}),
		gauge('nodejs_external_memory_bytes', 'Memory of buffers and the like.', {value: external}),
		gauge('nodejs_version_info', 'The version of Node.', {labels: {version: process.version}, value: 1}),
	];
}

function cpuMetrics(): Metric[] {
	const {user, system} = process.cpuUsage();
	const startedAt = performance.timeOrigin / 1000;
	return [
		{
			name: 'process_cpu_seconds_total',
			help: 'CPU time in user and system mode.',
			type: 'counter',
			samples: [{value: (user + system) / 1e6}],
		},
		gauge('process_start_time_seconds', 'When the process started, since 1970.', {value: startedAt}),
	];
}

/** Only where the system tells. */
function descriptorMetrics(): Metric[] {
	try {
		return [gauge('process_open_fds', 'Open file descriptors.', {value: readdirSync('/proc/self/fd').length})];
	} catch {
		return []; // there is no /proc here
	}
}

function gauge(name: string, help: string, ...samples: Array<{labels?: Readonly<Record<string, string>>; value: number}>): Metric {
	return {name, help, type: 'gauge', samples};
}
