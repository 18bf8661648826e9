/**
 * Runs work for many keys: for one key in the order in which it came, one at a time; for different keys side by side, at most
 * `parallel` of them.
 */
export class KeyedQueue {
	#free: number;
	readonly #waiting: Array<() => void> = [];
	/** For each key that has work, when its last work is done. */
	readonly #ends = new Map<string, Promise<void>>();
	/** Keys whose work runs now. */
	readonly running = new Set<string>();

	constructor(parallel: number) {
		this.#free = parallel;
	}

	/** Resolves or rejects as `work` does. */
	run<T>(key: string, work: () => Promise<T>): Promise<T> {
		const before = this.#ends.get(key) ?? Promise.resolve();
		const result = before.then(() => this.#runNow(key, work));
		const forget = () => {
			if (this.#ends.get(key) === end) this.#ends.delete(key);
		};
		// The caller has `result` and hears of the failure; the next work for this key runs all the same.
		const end = result.then(forget, forget);
		this.#ends.set(key, end);
		return result;
	}

	/** Resolves when all work is done that was asked for so far. */
	async idle(): Promise<void> {
		await Promise.all(this.#ends.values());
	}

	async #runNow<T>(key: string, work: () => Promise<T>): Promise<T> {
		if (this.#free > 0) this.#free--;
		else await new Promise<void>(resolve => this.#waiting.push(resolve));
		this.running.add(key);
		try {
			return await work();
		} finally {
			this.running.delete(key);
			const next = this.#waiting.shift();
			if (next === undefined) this.#free++;
			else next();
		}
	}
}
