import * as z from 'zod';
import type {ErrorCode, Problem} from '../../model/error.ts';
import type {ProblemDetails} from '../problem.ts';
import {shapeOf} from '../shape.ts';

const errorCode = shapeOf<ErrorCode>()(
	'ErrorCode',
	z
		.enum([
			...(['usage', 'malformed', 'invalid', 'unauthorized', 'forbidden', 'not_found', 'conflict'] as const),
			...(['too_large', 'limit', 'unsupported', 'unavailable', 'stopping', 'internal'] as const),
		])
		.describe('What was refused or broke, as a word that programs can rely on.'),
);

export const problem = shapeOf<Problem>()(
	'Problem',
	z
		.object({
			message: z.string(),
			path: z.string().describe('Within the document, for instance `tasks[2].timeout`.').exactOptional(),
			file: z.string().exactOptional(),
			line: z.int().min(1).exactOptional(),
			column: z.int().min(1).exactOptional(),
			text: z.string().describe('The line itself.').exactOptional(),
		})
		.describe('What is wrong where.'),
);

export const problemDetails = shapeOf<ProblemDetails>()(
	'ProblemDetails',
	z
		.object({
			type: z.literal('about:blank'),
			title: z.string(),
			status: z.int(),
			detail: z.string().describe('What happened, why, and what to do next.'),
			code: errorCode,
			errors: z.array(problem).exactOptional(),
		})
		.describe('A refusal, or an error: RFC 9457.'),
);
