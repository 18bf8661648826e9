import type {Mutant} from '../mutate.ts';
import {agentMutants} from './mutants-agent.ts';
import {clientMutants} from './mutants-clients.ts';
import {retentionMutants} from './mutants-retention.ts';
import {storeMutants} from './mutants-store.ts';

/** What proves that the simulation of the whole product would notice what the other tier does not have: server, streams, clients, files. */
export const wholeMutants: readonly Mutant[] = [...storeMutants, ...clientMutants, ...retentionMutants, ...agentMutants];
