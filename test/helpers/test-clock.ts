import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';

/** A clock whose timers wait for the test to let time pass; `soon` is as soon as ever. */
export type TestClock = Clock & {
	/** Lets so much time pass and what is due by then happen, in order. */
	pass(ms: number): Promise<void>;
};

export function testClock(): TestClock {
	let now = 1_800_000_000_000;
	const timers = new Set<{at: number; task: () => void}>();
	const settle = () => new Promise(resolve => setImmediate(() => setImmediate(resolve)));
	return {
		now: () => now,
		monotonic: () => now,
		soon: task => void setImmediate(task),
		after(ms, task) {
			const timer = {at: now + ms, task};
			timers.add(timer);
			return () => timers.delete(timer);
		},
		async pass(ms) {
			const end = now + ms;
			for (;;) {
				await settle();
				const [next] = [...timers].filter(({at}) => at <= end).sort((a, b) => a.at - b.at);
				if (next === undefined) break;
				timers.delete(next);
				now = Math.max(now, next.at);
				next.task();
			}
			now = end;
		},
	};
}

/** A clock that runs so many times faster than ours. */
export function fastClock(speed: number): Clock {
	const start = systemClock.now();
	const begun = systemClock.monotonic();
	const passed = () => (systemClock.monotonic() - begun) * speed;
	return {
		now: () => Math.round(start + passed()),
		monotonic: passed,
		soon: systemClock.soon,
		after: (ms, task) => systemClock.after(ms / speed, task),
	};
}
