import type {Random} from '../random.ts';

/** What goes wrong beside the faults of every world, where the orchestrator is simulated whole: on its disk, and with those who use its API. */
export type WholeFaults = {
	/** Chance that a reply breaks off within its body. */
	readonly cutBody: number;
	/** Chance that the journal cannot be written, before or after it is durable. */
	readonly appendFails: number;
	/** Chance that power fails in the midst of a commit, and leaves a part of it. */
	readonly tornCommit: number;
	/** Chance that a call to the files of logs fails: opening, writing; and syncing, after which what was written is forgotten. */
	readonly fileFails: number;
	readonly syncFails: number;
	/** Chance that a write takes a part only. */
	readonly shortWrite: number;
	/** Chance that a crash of the orchestrator is one of its machine. */
	readonly powerLoss: number;
	/** It is stopped in good order, and started again. Like all that follows, for each second. */
	readonly restart: number;
	/** Its wall clock is set, or an agent's. */
	readonly clockJump: number;
	/** A client ends, and another comes in its place. */
	readonly clientCrash: number;
	/** Clients are cut off from it. */
	readonly clientCut: number;
	/** What starts the agents does not answer for a while. */
	readonly driverAway: number;
	/** Chance that a reader of a stream takes its time for the next piece. */
	readonly slowReader: number;
	/** Changed rows that wait for one reader. */
	readonly eventRows: number;
	/** Kept output of one attempt. */
	readonly attemptBytes: number;
	/** Present: ended runs are removed when there are more, or when they are older. */
	readonly retention?: {readonly kept_runs: number; readonly kept_days: number};
};

/** As with all faults, most are absent from most worlds. */
export function chooseWholeFaults(random: Random, {hasRetention}: {hasRetention: boolean}): WholeFaults {
	const faults = {
		cutBody: random.sometimes(0.5, random.unit() * 0.2),
		appendFails: random.sometimes(0.3, 0.003),
		tornCommit: random.sometimes(0.3, 0.015),
		fileFails: random.sometimes(0.3, 0.03),
		syncFails: random.sometimes(0.3, 0.05),
		shortWrite: random.sometimes(0.3, 0.3),
		powerLoss: random.pick([0, 0.5, 1]),
		restart: random.sometimes(0.3, 0.02),
		clockJump: random.sometimes(0.3, 0.02),
		clientCrash: random.sometimes(0.4, 0.03),
		clientCut: random.sometimes(0.4, 0.03),
		driverAway: random.sometimes(0.3, 0.02),
		slowReader: random.sometimes(0.4, 0.3),
		eventRows: random.pick([2, 20_000]),
		attemptBytes: random.pick([40, 1_000_000, 1_000_000]),
	};
	if (!hasRetention || random.chance(0.3)) return faults;
	const byAge = {kept_runs: 1000, kept_days: random.pick([5, 40]) / (24 * 60 * 60)};
	const byCount = {kept_runs: random.below(4), kept_days: 365};
	return {...faults, retention: random.chance(0.3) ? byAge : byCount};
}
