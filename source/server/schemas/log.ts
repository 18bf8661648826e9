import * as z from 'zod';
import type {LogLine, LogRecord} from '../../protocol/views.ts';
import {count, shapeOf, time} from '../shape.ts';
import {runId, taskIndex} from './row.ts';

const stream = z.enum(['stdout', 'stderr']);

export const logLine = shapeOf<LogLine>()(
	'LogLine',
	z
		.object({
			run: runId,
			task: taskIndex,
			name: z.string().describe("The task's."),
			attempt: z.int().min(1),
			agent: z.string(),
			stream,
			at: time('When the agent read its beginning.'),
			text: z.string().describe('Without its end; bytes that are no UTF-8 are replaced.'),
			cut: z.literal(true).describe('The line is longer than the limit: this is its beginning, or a further part.').exactOptional(),
		})
		.describe('One line of output.'),
);

const piece = {stream, at: time(), offset: count('Bytes of both streams together before it.')};

export const logRecord = shapeOf<LogRecord>()(
	'LogRecord',
	z
		.union([
			z.object({...piece, text: z.string()}),
			z.object({...piece, base64: z.string().describe('Of bytes that are no UTF-8.')}),
			z.object({dropped: count('Bytes more than the limit permits; said at the end.')}),
		])
		.describe("A piece of one attempt's output."),
);
