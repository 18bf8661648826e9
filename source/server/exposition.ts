/** Prometheus' text format, version 0.0.4. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

export type MetricLabels = Readonly<Record<string, string>>;
export type Sample = {readonly labels?: MetricLabels; readonly value: number};

export type Metric = {
	/** With its unit last, and `_total` after that where it only ever grows. */
	readonly name: string;
	/** What it is, as a sentence. */
	readonly help: string;
} & (
	| {readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[]}
	| {readonly type: 'histogram'; readonly histogram: Histogram}
);

/** How often each set of labels came. */
export class Counter {
	readonly #values = new Map<string, {labels: MetricLabels; value: number}>();

	/** `labels` have the same keys, in the same order, each time. */
	add(value: number, labels: MetricLabels = {}): void {
		const key = Object.values(labels).join('\0');
		const known = this.#values.get(key);
		if (known === undefined) this.#values.set(key, {labels, value});
		else known.value += value;
	}

	samples(): Sample[] {
		return [...this.#values.values()];
	}
}

/** How long things took, in seconds, by labels: how many took no longer than each bound. */
export class Histogram {
	readonly #bounds: readonly number[];
	readonly #series = new Map<string, {labels: MetricLabels; counts: number[]; sum: number}>();

	/** `bounds`: ascending, without the infinite one. */
	constructor(bounds: readonly number[]) {
		this.#bounds = bounds;
	}

	/** `labels` have the same keys, in the same order, each time. */
	observe(value: number, labels: MetricLabels = {}): void {
		const key = Object.values(labels).join('\0');
		let series = this.#series.get(key);
		if (series === undefined) {
			series = {labels, counts: new Array(this.#bounds.length + 1).fill(0), sum: 0};
			this.#series.set(key, series);
		}
		const found = this.#bounds.findIndex(bound => value <= bound);
		const at = found < 0 ? this.#bounds.length : found;
		series.counts[at] = (series.counts[at] ?? 0) + 1;
		series.sum += value;
	}

	lines(name: string): string[] {
		return [...this.#series.values()].flatMap(({labels, counts, sum}) => {
			let total = 0;
			const buckets = counts.map((count, at) => {
				total += count;
				return line(`${name}_bucket`, {...labels, le: numberText(this.#bounds[at] ?? Number.POSITIVE_INFINITY)}, total);
			});
			return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
		});
	}
}

/** The metrics as text; one without any sample is told of, too. */
export function exposition(metrics: readonly Metric[]): string {
	const lines = metrics.flatMap(metric => {
		const {name, help, type} = metric;
		const head = [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`];
		const values =
			metric.type === 'histogram' ? metric.histogram.lines(name) : metric.samples.map(({labels = {}, value}) => line(name, labels, value));
		return [...head, ...values];
	});
	return `${lines.join('\n')}\n`;
}

function line(name: string, labels: MetricLabels, value: number): string {
	const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
	return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
}

function escaped(text: string): string {
	return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
	return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}
