import {seededRandom} from '../helpers/seeded-random.ts';
import {withPods, withServer, withTrouble} from './cluster-kinds.ts';
import type {Plan} from './fault.ts';
import type {Kind, KindOptions} from './kinds.ts';
import {moments, often, paused, sweep, twice, withAgents, withAgentsOnce, withEngine} from './kinds.ts';

/** Where agents are in the rounds: processes, containers of this host's engine, or of one that is killed too, or pods. */
export type Where = 'local' | 'docker' | 'engine' | 'kubernetes';

const kindsOf: Readonly<Record<Where, readonly Kind[]>> = {
	local: [sweep, twice, moments, sweep, withAgents, often, twice, paused],
	docker: [sweep, twice, moments, withAgentsOnce],
	engine: [sweep, twice, moments, withAgentsOnce, withEngine],
	kubernetes: [sweep, withServer, twice, withPods, moments, withAgentsOnce, withServer, withTrouble, sweep, paused],
};

/** So many commits has a life in which nothing goes wrong on a quiet machine, or a few less. */
export const mostCommits = 48;

/** What goes wrong in a round; the same for the same seed, round, and `commits` of an undisturbed life. */
export function planRound(seed: number, round: number, where: Where, options: KindOptions = {commits: mostCommits}): Plan {
	const kinds = kindsOf[where];
	const place = round % kinds.length;
	const kind = kinds[place] ?? sweep;
	const times = (of: readonly Kind[]) => of.filter(one => one === kind).length;
	// How often this kind came up before. Seeds begin the sweep at different commits.
	const turn = seed * 5 + Math.floor(round / kinds.length) * times(kinds) + times(kinds.slice(0, place));
	return kind(seededRandom(seed * 100_003 + round), turn, options);
}
