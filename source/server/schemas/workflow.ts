import * as z from 'zod';
import type {WorkflowDetail, WorkflowParam, WorkflowRow} from '../../protocol/views.ts';
import {count, shapeOf} from '../shape.ts';
import {problem} from './problem.ts';

const param = shapeOf<WorkflowParam>()(
	'WorkflowParam',
	z
		.object({
			name: z.string(),
			type: z.enum(['string', 'integer', 'number', 'boolean', 'list']),
			required: z.boolean(),
			default: z.unknown().describe('Of its type.').exactOptional(),
			enum: z.array(z.unknown()).describe('The values that it may have, where not all of its type.').exactOptional(),
			description: z.string().exactOptional(),
		})
		.describe('A value that a workflow asks for.'),
);

const facts = {
	file: z.string().describe('Relative to the workflow directory.'),
	name: z.string().describe("The workflow's; the file's where it is not valid."),
	description: z.string().exactOptional(),
	params: z.array(param),
	tasks: count('How many tasks it has; 0 where it is not valid.'),
	problems: z.array(problem).describe('What is wrong with it; empty: it can be run.'),
};

export const workflowRow = shapeOf<WorkflowRow>()('WorkflowRow', z.object(facts).describe('One file of the workflow directory.'));

export const workflowDetail = shapeOf<WorkflowDetail>()(
	'WorkflowDetail',
	z.object({...facts, text: z.string()}).describe('One file of the workflow directory, whole.'),
);
