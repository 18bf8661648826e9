import type {Clock} from '../../source/engine/clock.ts';
import type {World} from './world.ts';

/** Wall clocks of all machines begin here. */
export const epochMs = 1_700_000_000_000;

/** Two clocks may differ in their rate by so much either way. */
const drift = 0.02;

/** One life of the orchestrator's process: what it was about to do ends with it; what it wrote and started stays. */
export class Life {
	alive = true;
	#pausedUntil = 0;
	readonly #world: World;
	readonly #rate: number;
	/** The wall clock may be set between two lives, and in one. */
	#wallOffsetMs: number;

	constructor(world: World) {
		this.#world = world;
		this.#rate = world.random.pick([1 - drift, 1, 1 + drift]);
		this.#wallOffsetMs = world.random.pick([0, 0, -3000, 3000]);
	}

	get clock(): Clock {
		return {
			now: () => Math.floor(epochMs + this.#wallOffsetMs + this.#world.now * this.#rate),
			monotonic: () => this.#world.now * this.#rate,
			after: (ms, task) => {
				let wanted = true;
				// Not under a millisecond, like every timer of Node.
				this.later(Math.max(1, ms) / this.#rate, () => wanted && task());
				return () => {
					wanted = false;
				};
			},
			// What has arrived meanwhile is taken in first.
			soon: task => this.later(this.#world.random.chance(0.1) ? this.#world.random.below(30) : 0, task),
		};
	}

	/** Does this in the process after so much true time; never once it is dead. */
	later(ms: number, task: () => void): void {
		this.#world.at(ms, () => this.run(task));
	}

	/** Does this in the process now, or once its pause is over. */
	run(task: () => void): void {
		if (!this.alive) return;
		const pauseMs = this.#pausedUntil - this.#world.now;
		if (pauseMs > 0) return this.later(pauseMs + this.#world.random.below(40), task);
		this.#world.promisesWait = true;
		task();
	}

	/** Resolves after so much true time with what is then; never once the process is dead. */
	eventually<Result>(ms: number, result: () => Result): Promise<Result> {
		return new Promise((resolve, reject) => {
			this.later(ms, () => {
				try {
					resolve(result());
				} catch (error) {
					reject(error);
				}
			});
		});
	}

	/** Somebody sets the wall clock. */
	setClock(byMs: number): void {
		this.#wallOffsetMs += byMs;
	}

	pause(ms: number): void {
		this.#pausedUntil = this.#world.now + ms;
	}
}
