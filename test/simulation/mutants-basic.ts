import type {Mutant} from './mutate.ts';

const session = 'source/agents/basic-session.ts';

/** Rules of sessions that are held for basic agents. All seeds are of worlds that have such agents. */
export const basicMutants: readonly Mutant[] = [
	{
		name: 'basic-begun-again',
		rule: 'basic agents: an attempt is given out once, however often Orders say that it is to start',
		file: session,
		find: 'if (this.#held.has(attemptKey(ref))) return;',
		replace: '',
		seed: 774,
	},
	{
		name: 'basic-output-uncounted',
		rule: 'basic agents: a result waits for all output that came with it',
		file: session,
		find: 'const logBytes = data.reduce((sum, {bytes}) => sum + bytes.length, 0);',
		replace: 'const logBytes = 0 * data.length;',
		seed: 6,
	},
	{
		name: 'basic-busy-is-failure',
		rule: 'basic agents: one that is busy has not run the task',
		file: 'source/agents/basic-task.ts',
		find: 'if (!busyStatuses.has(reply.status)) return',
		replace: 'if (busyStatuses.size > 0) return',
		seed: 102,
	},
];
