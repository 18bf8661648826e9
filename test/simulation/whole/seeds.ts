import type {SeedsOptions, SeedsResult} from '../live-seeds.ts';
import {liveSeeds} from '../live-seeds.ts';
import {WholeSimulation} from './simulation.ts';

/** A world's promises go through many hands here; others would only stand between them. */
const worldsAtOnce = 1;

/** Lives through one world a seed: the whole product, but for sockets and processes. */
export function runSeeds(options: SeedsOptions): Promise<SeedsResult> {
	return liveSeeds(options, worldsAtOnce, (seed, trace) => new WholeSimulation(seed, trace).run());
}
