import type {Driver} from '../drivers/driver.ts';
import type {Handle, InstanceUsage} from '../model/instance.ts';
import type {Clock} from './clock.ts';

export type UsageMeterOptions = {
	readonly clock: Clock;
	/** Instances that are measured at once: `usage_streams`. The others wait until one of these has ended. */
	readonly streams: number;
};

/** After a stream broke off while its instance runs on. */
const againMs = 5000;
/** What is shown stays for so long at least. */
const shownMs = 2000;
/** Smaller differences are nothing to look at. */
const visible = {part: 0.05, cpu: 0.05, memoryBytes: 2 ** 20};

type Shown = {readonly usage: InstanceUsage; readonly at: number};
type Waiting = {readonly instance: string; readonly begin: () => void};

/** What running instances use: streamed by their drivers, shown at most every two seconds, and only when it differs. A vital: it is no event. */
export class UsageMeter {
	readonly #options: UsageMeterOptions;
	readonly #shown = new Map<string, Shown>();
	readonly #waiting = new Set<Waiting>();
	#running = 0;

	constructor(options: UsageMeterOptions) {
		this.#options = options;
	}

	/** The same object for as long as nothing visible changes; undefined: nothing is known. */
	of(instance: string): InstanceUsage | undefined {
		return this.#shown.get(instance)?.usage;
	}

	/** Measures an instance until the signal is aborted, where its driver can. */
	follow(driver: Driver, instance: string, handle: Handle, signal: AbortSignal): void {
		if (driver.usage === undefined || signal.aborted) return;
		const read = (measure: NonNullable<Driver['usage']>) => void this.#read(measure, instance, handle, signal);
		const {usage} = driver;
		const waiting = {instance, begin: () => read(usage.bind(driver))};
		this.#waiting.add(waiting);
		signal.addEventListener('abort', () => this.#waiting.delete(waiting), {once: true});
		this.#beginNext();
	}

	#beginNext(): void {
		for (const waiting of this.#waiting) {
			if (this.#running >= this.#options.streams) return;
			this.#waiting.delete(waiting);
			this.#running++;
			waiting.begin();
		}
	}

	async #read(measure: NonNullable<Driver['usage']>, instance: string, handle: Handle, signal: AbortSignal): Promise<void> {
		try {
			for await (const usage of measure(handle, signal)) this.#show(instance, usage);
		} catch {
			// Whether the instance still runs, and why its engine does not answer, is told by those who watch it.
		}
		if (!signal.aborted) {
			await new Promise<void>(resolve => {
				const cancel = this.#options.clock.after(againMs, resolve);
				signal.addEventListener(
					'abort',
					() => {
						cancel();
						resolve();
					},
					{once: true},
				);
			});
		}
		if (!signal.aborted) return this.#read(measure, instance, handle, signal);
		this.#shown.delete(instance);
		this.#running--;
		this.#beginNext();
	}

	#show(instance: string, usage: InstanceUsage): void {
		const now = this.#options.clock.monotonic();
		const shown = this.#shown.get(instance);
		if (shown !== undefined && (now - shown.at < shownMs || !differs(shown.usage, usage))) return;
		this.#shown.set(instance, {usage: {...usage, cpu: Math.round(usage.cpu * 100) / 100}, at: now});
	}
}

function differs(a: InstanceUsage, b: InstanceUsage): boolean {
	if (a.memoryLimitBytes !== b.memoryLimitBytes) return true;
	return (['cpu', 'memoryBytes'] as const).some(key => Math.abs(a[key] - b[key]) >= Math.max(visible[key], a[key] * visible.part));
}
