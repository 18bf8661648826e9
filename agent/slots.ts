/** The agent's slots, as what really runs takes them. */
export class Slots {
	readonly #waiting: Array<(given: boolean) => void> = [];
	#free: number;

	constructor(count: number) {
		this.#free = count;
	}

	/**
	 * Resolves with true once a slot is free, which is taken then; with false when `stopped` comes first. An attempt waits when
	 * a direct task took its slot while the Orders were on their way.
	 */
	take(stopped: Promise<void>): Promise<boolean> {
		if (this.#free > 0) {
			this.#free -= 1;
			return Promise.resolve(true);
		}
		return new Promise(resolve => {
			this.#waiting.push(resolve);
			void stopped.then(() => {
				const place = this.#waiting.indexOf(resolve);
				if (place >= 0) this.#waiting.splice(place, 1);
				resolve(false);
			});
		});
	}

	/** Gives one back, to whoever waits longest. */
	release(): void {
		const next = this.#waiting.shift();
		if (next) next(true);
		else this.#free += 1;
	}
}
