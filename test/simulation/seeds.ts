import type {SeedsOptions, SeedsResult} from './live-seeds.ts';
import {liveSeeds} from './live-seeds.ts';
import {Simulation} from './simulation.ts';

/** So many worlds take turns: each waits for its promises now and then, and the others go on meanwhile. */
const worldsAtOnce = 8;

/** Lives through one world a seed: engine, exchanges and agents on simulated ports. */
export function runSeeds(options: SeedsOptions): Promise<SeedsResult> {
	return liveSeeds(options, worldsAtOnce, (seed, trace) => new Simulation(seed, trace).run());
}
