import type {Clock} from '../engine/clock.ts';
import {ByoaiError} from '../model/error.ts';
import type {Address, AgentCalls, Health} from './calls.ts';

export type HealthChecksOptions = {
	readonly calls: AgentCalls;
	readonly clock: Clock;
	/** So many agents are asked at once. */
	readonly most: number;
};

/** Who does not answer within this time counts as not there. */
const answerMs = 3000;

type Waiting = {readonly signal: AbortSignal; readonly go: () => void};

/** Asks agents for their health, a bounded number at once: a thousand that do not answer make no storm, and do not keep a new one waiting. */
export class HealthChecks {
	readonly #options: HealthChecksOptions;
	readonly #queue: Waiting[] = [];
	#running = 0;

	constructor(options: HealthChecksOptions) {
		this.#options = options;
	}

	/** `first`: comes before all who wait. Rejects as `AgentCalls.health` does, and with `unavailable` when `signal` gives it up. */
	async ask(address: Address, signal: AbortSignal, {first = false} = {}): Promise<Health> {
		await this.#turn(signal, first);
		try {
			return await this.#ask(address, signal);
		} finally {
			this.#running--;
			this.#next();
		}
	}

	async #ask(address: Address, signal: AbortSignal): Promise<Health> {
		const {calls, clock} = this.#options;
		if (signal.aborted) throw new ByoaiError('unavailable', 'given up');
		const late = new AbortController();
		const cancel = clock.after(answerMs, () => late.abort());
		try {
			return await calls.health(address, AbortSignal.any([signal, late.signal]));
		} catch (error) {
			if (!late.signal.aborted) throw error;
			throw new ByoaiError('unavailable', `no answer to /health within ${answerMs / 1000} s`, {retryable: true});
		} finally {
			cancel();
		}
	}

	#turn(signal: AbortSignal, first: boolean): Promise<void> {
		return new Promise(go => {
			if (first) this.#queue.unshift({signal, go});
			else this.#queue.push({signal, go});
			this.#next();
		});
	}

	#next(): void {
		while (this.#running < this.#options.most) {
			const next = this.#queue.shift();
			if (next === undefined) return;
			this.#running++;
			next.go();
		}
	}
}
