import type {Random} from './random.ts';

/** What goes wrong in one world, and how often. Chances of acts (crashes, pauses …) are for each second. */
export type Faults = {
	readonly drop: number;
	readonly double: number;
	/** Chance that a message is late, and by how much at most. */
	readonly late: number;
	readonly lateMs: number;
	readonly cut: number;
	/** Chance that a command fails, and that it writes more than the agent's spool takes. */
	readonly commandFails: number;
	readonly spoolBytes: number;
	readonly agentCrash: number;
	/** The agent's process is stopped; its commands run on. */
	readonly agentStop: number;
	/** The agent's machine stands still, its commands too; its monotonic clock perhaps as well. */
	readonly freeze: number;
	readonly orchestratorCrash: number;
	/** Chance that the orchestrator dies in the midst of a commit, before or after it is durable. */
	readonly crashInCommit: number;
	readonly orchestratorPause: number;
	/** Longest time that output takes to become durable. */
	readonly syncMs: number;
	readonly instanceKill: number;
	readonly startFails: number;
	/** An instance runs, but the agent in it never comes online. */
	readonly startSilent: number;
	readonly stopFails: number;
	readonly cancel: number;
	readonly drain: number;
	readonly remove: number;
	/** Whether messages go through their parsers. */
	readonly wire: boolean;
};

/** Most faults are absent from most worlds, so that each is also met alone. */
export function chooseFaults(random: Random): Faults {
	return {
		drop: random.sometimes(0.6, random.unit() * 0.4),
		double: random.sometimes(0.5, random.unit() * 0.3),
		late: random.pick([1, 1, 0.1]),
		lateMs: random.pick([100, 100, 1000, 4000, 20_000]),
		cut: random.sometimes(0.6, 0.04),
		commandFails: random.sometimes(0.6, 0.35),
		spoolBytes: random.pick([60, 150, 1_000_000]),
		agentCrash: random.sometimes(0.5, 0.03),
		agentStop: random.sometimes(0.3, 0.03),
		freeze: random.sometimes(0.4, 0.03),
		orchestratorCrash: random.sometimes(0.5, 0.03),
		crashInCommit: random.sometimes(0.3, 0.004),
		orchestratorPause: random.sometimes(0.3, 0.02),
		syncMs: random.pick([2, 50, 600]),
		instanceKill: random.sometimes(0.3, 0.03),
		startFails: random.sometimes(0.3, 0.3),
		startSilent: random.sometimes(0.2, 0.2),
		stopFails: random.sometimes(0.3, 0.3),
		cancel: random.sometimes(0.4, 0.015),
		drain: random.sometimes(0.2, 0.01),
		remove: random.sometimes(0.2, 0.01),
		wire: random.chance(0.1),
	};
}
