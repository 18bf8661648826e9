import type {Param, Route} from './route.ts';

/** Named parts of paths: the same name means the same in every route. */

export const runParam: Param = {description: 'A run: its id, a unique prefix of that, or `latest`.', example: 'latest'};
export const taskParam: Param = {description: 'A task: its name, or its index in file order from 0.', example: 'build'};
export const agentParam: Param = {description: 'An agent, by name.', example: 'agent1'};

/** Why a run that was named is not found. */
export const runRefusals = {
	404: {description: 'There is no such run.'},
	409: {description: 'The prefix is one of several runs.'},
} satisfies Route['replies'];
