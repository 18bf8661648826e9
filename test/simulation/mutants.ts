import {agentMutants} from './mutants-agent.ts';
import {basicMutants} from './mutants-basic.ts';
import {exchangeMutants} from './mutants-exchange.ts';
import {imageMutants} from './mutants-images.ts';
import {placementMutants} from './mutants-placement.ts';
import {runMutants} from './mutants-runs.ts';
import type {Mutant} from './mutate.ts';

/** What proves that the audit would notice: each of these must be caught. */
export const mutants: readonly Mutant[] = [
	...agentMutants,
	...exchangeMutants,
	...imageMutants,
	...basicMutants,
	...runMutants,
	...placementMutants,
];
