import type {Lived} from './simulation.ts';

export type SeedsOptions = {
	readonly seeds: Iterable<number>;
	/** Takes what happens in the worlds, a line each. */
	readonly trace?: (line: string) => void;
	/** Begins no further world once one has failed. */
	readonly untilFailure?: boolean;
};

export type SeedsResult = {
	/** Worlds that were lived through, well or not. */
	readonly worlds: number;
	readonly failures: ReadonlyMap<number, Error>;
	readonly attempts: number;
	readonly journaled: number;
	readonly happenings: number;
};

/** How one world is lived through; rejects with what is found there. */
export type Live = (seed: number, trace?: (line: string) => void) => Promise<Lived>;

/** Lives through one world a seed, so many at once. What happens in each follows from its seed alone. */
export async function liveSeeds(
	{seeds, trace, untilFailure = false}: SeedsOptions,
	worldsAtOnce: number,
	live: Live,
): Promise<SeedsResult> {
	const failures = new Map<number, Error>();
	const sums = {worlds: 0, attempts: 0, journaled: 0, happenings: 0};
	const queue = seeds[Symbol.iterator]();
	const liveOn = async (): Promise<void> => {
		for (let next = queue.next(); !next.done; next = queue.next()) {
			if (untilFailure && failures.size > 0) return;
			sums.worlds++;
			try {
				const {attempts, journaled, happenings} = await live(next.value, trace);
				sums.attempts += attempts;
				sums.journaled += journaled;
				sums.happenings += happenings;
			} catch (error) {
				failures.set(next.value, error instanceof Error ? error : new Error(String(error)));
			}
		}
	};
	await Promise.all(Array.from({length: trace ? 1 : worldsAtOnce}, liveOn));
	return {...sums, failures};
}
