/** Time and waiting, as the engine and the agents' sessions use them; a simulation brings its own. */
export type Clock = {
	/** Wall clock, milliseconds since 1970. */
	now(): number;
	/** Never goes back; only differences mean something. Milliseconds. */
	monotonic(): number;
	/** Calls `task` once after `ms`; the returned function takes it back. Does not keep the process alive. */
	after(ms: number, task: () => void): () => void;
	/** Calls `task` once, after what has already arrived was taken in. */
	soon(task: () => void): void;
};

const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	after(ms, task) {
		const timer = setTimeout(task, Math.min(Math.max(0, ms), longestTimerMs));
		timer.unref();
		return () => clearTimeout(timer);
	},
	soon: task => void setImmediate(task),
};
