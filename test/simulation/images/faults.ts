import type {Random} from '../random.ts';

/** What goes wrong with the instances of tasks with an `image`, in the worlds that have such. Chances of acts are for each second. */
export type ImageFaults = {
	/** How many of the tasks have an image. */
	readonly share: number;
	/** Attempts at once, of each type. */
	readonly slots: number;
	/** Longest time that a start takes, and that a question to an engine and its answer take each. */
	readonly startMs: number;
	readonly travelMs: number;
	/** Chance that a start comes to nothing, and that it is said to though the instance runs. */
	readonly startRefused: number;
	readonly startUntold: number;
	/** Chance that any other call comes to nothing, before it did anything or after. */
	readonly callFails: number;
	/** Chance that reading output breaks off at a piece. */
	readonly outputBreaks: number;
	/** Chance that a program ends in good order, with 0, when it is asked to; and that it does not end. */
	readonly heedsTerm: number;
	readonly ignoresTerm: number;
	/** An engine does not answer for a while. */
	readonly away: number;
	/** Somebody kills a program, or takes an instance away. */
	readonly killed: number;
	readonly removed: number;
	/** The engine dies, and with it all that runs. */
	readonly engineDeath: number;
	/** The orchestrator's wall clock is set. */
	readonly clockJump: number;
};

/** Every fourth world has tasks with an image. Those worlds are told by their seed alone, so that all others stay as they were without. */
export function hasImages(seed: number): boolean {
	return seed % 4 === 2;
}

/** Of those, some have basic agents, too. */
export function hasBasicAgents(seed: number): boolean {
	return seed % 16 === 6;
}

/** As with all faults, most are absent from most worlds. */
export function chooseImageFaults(random: Random, seed: number): ImageFaults {
	const share = random.pick([0.3, 0.7, 1]);
	return {
		share: hasBasicAgents(seed) ? 0.3 : share,
		slots: 1 + random.below(4),
		startMs: random.pick([100, 3000, 30_000]),
		travelMs: random.pick([5, 60, 1500]),
		startRefused: random.sometimes(0.3, 0.2),
		startUntold: random.sometimes(0.4, 0.2),
		callFails: random.sometimes(0.4, 0.2),
		outputBreaks: random.sometimes(0.5, 0.3),
		heedsTerm: random.pick([0, 0.5]),
		ignoresTerm: random.pick([0, 0.3]),
		away: random.sometimes(0.4, 0.03),
		killed: random.sometimes(0.3, 0.04),
		removed: random.sometimes(0.4, 0.04),
		engineDeath: random.sometimes(0.2, 0.02),
		clockJump: random.sometimes(0.3, 0.02),
	};
}
