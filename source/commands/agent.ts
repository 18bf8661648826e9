import {ByoaiError} from '../model/error.ts';
import type {Run} from './command.ts';

/** `byoai agent`: the agent program, until it is told to end. */
export const agent: Run = async ({config, agentProgram}) => {
	const {runAgent} = await import('../../agent/main.ts');
	const program = agentProgram.at(-1);
	if (program === undefined) throw new ByoaiError('internal', 'nobody said where the agent program is');
	return runAgent({...config.environment}, {program});
};
