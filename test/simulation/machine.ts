import type {Now} from '../../agent/lease.ts';
import type {World} from './world.ts';

export type Pause = {
	/** The whole machine stands still, not the agent's process alone. */
	readonly freeze: boolean;
	/** And its monotonic clock stands still with it. */
	readonly suspend: boolean;
	/** Its watchdog is stopped with the process: nobody looks at the clock, and what it runs goes on. */
	readonly watchdog?: boolean;
};

/** Where one agent's process runs: its clocks, and its standstills. */
export class Machine {
	/** The agent's process lives; its end takes all that runs on the machine along. */
	alive = true;
	#frozen = false;
	#suspended = false;
	#unwatched = false;
	#pausedUntil = 0;
	#sleptMs = 0;
	#wallOffsetMs = 0;
	readonly #world: World;
	readonly #hasBootClock: boolean;
	/** Its clocks run at this rate. */
	readonly rate: number;

	/** `hasBootClock`: its system tells how long it has been on, as Linux does, suspended times included. */
	constructor(world: World, hasBootClock: boolean) {
		this.#world = world;
		this.#hasBootClock = hasBootClock;
		this.rate = world.random.pick([0.98, 1, 1.02]);
	}

	/** Whether the agent's process stands still. */
	get isPaused(): boolean {
		return this.#pausedUntil > this.#world.now;
	}

	/** Whether the watchdog looks at the clock. */
	get isWatched(): boolean {
		return !this.#frozen && !this.#unwatched;
	}

	get now(): Now {
		const {now} = this.#world;
		return {
			monotonicMs: (now - this.#sleptMs) * this.rate,
			wallMs: now * this.rate + this.#wallOffsetMs,
			...(this.#hasBootClock && {bootMs: now * this.rate}),
		};
	}

	/** Does this in the agent's process once it is not paused; never once it is dead. */
	run(task: () => void): void {
		if (!this.alive) return;
		const pauseMs = this.#pausedUntil - this.#world.now;
		if (pauseMs > 0) this.later(pauseMs + 1 + this.#world.random.below(40), task);
		else task();
	}

	later(ms: number, task: () => void): void {
		this.#world.at(ms, () => this.run(task));
	}

	/** Does this on the machine, beside the agent's process: while everything stands still nothing comes to its end. */
	beside(ms: number, task: () => void): void {
		this.#world.at(ms, () => {
			if (this.alive && this.#frozen) this.beside(this.#pausedUntil - this.#world.now + 1, task);
			else task();
		});
	}

	/** Somebody sets the wall clock. While a machine is suspended nobody does but where a third clock shows that: nothing else is promised. */
	setClock(byMs: number): void {
		if (!this.#suspended || this.#hasBootClock) this.#wallOffsetMs += byMs;
	}

	/** `wake` comes first when it is over. */
	pause(ms: number, {freeze, suspend, watchdog = false}: Pause, wake: () => void): void {
		this.#pausedUntil = this.#world.now + ms;
		this.#frozen = freeze;
		this.#suspended = suspend;
		this.#unwatched = watchdog;
		this.#world.at(ms, () => {
			if (suspend) this.#sleptMs += ms;
			this.#frozen = false;
			this.#suspended = false;
			this.#unwatched = false;
			if (this.alive) wake();
		});
	}
}
