import {agentMutants} from './mutants-agent.ts';
import {exchangeMutants} from './mutants-exchange.ts';
import {placementMutants} from './mutants-placement.ts';
import {runMutants} from './mutants-runs.ts';
import type {Mutant} from './mutate.ts';

/** What proves that the audit would notice: each of these must be caught. */
export const mutants: readonly Mutant[] = [...agentMutants, ...exchangeMutants, ...runMutants, ...placementMutants];

export function findMutant(name: string): Mutant {
	const mutant = mutants.find(other => other.name === name);
	if (mutant === undefined) throw new Error(`no mutant is called ${name}; there are: ${mutants.map(other => other.name).join(' ')}`);
	return mutant;
}
