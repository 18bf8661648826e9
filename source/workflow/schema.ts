import * as z from 'zod';
import {agent} from './schema-agent.ts';
import {defaults, task} from './schema-task.ts';
import {
	count,
	duration,
	environment,
	flag,
	labels,
	list,
	mapping,
	matching,
	must,
	nameText,
	oneOf,
	oneOrMore,
	text,
} from './schema-values.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()], must('a string, number or boolean'));
const paramValue = z.union([scalar, z.array(scalar)], must("a value of the param's type"));

export const param = mapping(
	{
		name: matching(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/, 'up to 100 letters, digits, `_` or `-`, beginning with a letter').describe(
			'Unique; expressions refer to it as params.NAME',
		),
		type: oneOf(['string', 'integer', 'number', 'boolean', 'list']).optional().describe('Type of its value; default string'),
		default: paramValue.optional().describe('Value when none is given; without it the param is null'),
		enum: z
			.array(scalar, must('a list of values'))
			.min(1, 'must have at least one value')
			.optional()
			.describe('The values that it may have'),
		required: flag.optional().describe('A value must be given; default false'),
		description: z.string(must('a string')).optional().describe('For people'),
	},
	'a mapping with at least `name`',
);

/** A workflow file in its canonical keys, with every expression resolved. */
export const workflow = mapping(
	{
		name: nameText(200).optional().describe("For people; default the file's name"),
		description: z.string(must('a string')).optional().describe('For people'),
		tasks: list(task, 'a list of tasks').min(1, 'must have at least one task').describe('The tasks'),
		agents: list(agent, 'a list of agents').optional().describe('Agents that this workflow brings with it'),
		params: list(param, 'a list of params').optional().describe('Values that are given when it is run'),
		env: environment.optional().describe('Environment of all tasks'),
		env_file: oneOrMore(text(), 'a path or a list of paths').optional().describe('Files in dotenv format, relative to this file'),
		defaults: defaults.optional().describe('Task keys that apply to all tasks'),
		timeout: duration(1).optional().describe('The longest that a run may take'),
		agent_timeout: duration().optional().describe('How long a task waits for an agent that is not there'),
		max_parallel: count(1).optional().describe('The most tasks of a run at once'),
		fail_fast: flag.optional().describe('A failed task ends the run; default true'),
		labels: labels.optional().describe('Labels of the run'),
	},
	'a mapping',
);

export type ParamInput = z.output<typeof param>;
export type WorkflowInput = z.output<typeof workflow>;
