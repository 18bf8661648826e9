import type {Mutant} from '../mutate.ts';

/** Rules of the agent's that need what only this tier has: clocks that somebody sets. */
export const agentMutants: readonly Mutant[] = [
	{
		name: 'two-clocks',
		rule: '8: the time since boot counts, too, where the system tells it',
		file: 'agent/lease.ts',
		find: 'Math.max(elapsedMs, bootMs)',
		replace: 'elapsedMs',
		seed: 202_376,
	},
];
