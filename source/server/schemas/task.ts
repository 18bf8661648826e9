import * as z from 'zod';
import type {AgentSelector, RetryPolicy} from '../../model/workflow.ts';
import type {TaskSpecView, WholeTask} from '../../protocol/views.ts';
import {shapeOf} from '../shape.ts';
import {quantities, runId, taskDetail} from './row.ts';

const labels = z.record(z.string(), z.string());

const agentSelector = shapeOf<AgentSelector>()(
	'AgentSelector',
	z.union([z.object({name: z.string()}), z.object({labels})]).describe('Which agents may run it.'),
);

const retryPolicy = shapeOf<RetryPolicy>()(
	'RetryPolicy',
	z
		.object({
			limit: z.int().min(0).describe('Further attempts after a failure of the command or a timeout.'),
			delayMs: z.number(),
			backoff: z.number().describe('Each delay is the one before times this.'),
			maxDelayMs: z.number(),
			exitCodes: z.array(z.int()).describe('Only these are tried again; absent: all.').exactOptional(),
			lost: z.int().min(0).describe('Further attempts after one was lost with its agent.'),
		})
		.describe('When it is tried again.'),
);

const taskSpecView = shapeOf<TaskSpecView>()(
	'TaskSpecView',
	z
		.object({
			command: z.union([z.string(), z.array(z.string())]),
			agent: agentSelector,
			image: z.string().exactOptional(),
			dependsOn: z.array(
				z.object({name: z.string(), condition: z.enum(['succeeded', 'failed', 'completed', 'ordered']), optional: z.boolean()}),
			),
			env: z.array(z.string()).describe('Names of its variables: their values may be secret.'),
			workingDir: z.string().exactOptional(),
			shell: z.array(z.string()).exactOptional(),
			timeoutMs: z.number().exactOptional(),
			retry: retryPolicy,
			continueOnError: z.boolean(),
			volumes: z.array(z.string()).describe('`host:container[:ro]`'),
			resources: z.object({requests: quantities.exactOptional(), limits: quantities.exactOptional()}).exactOptional(),
			labels,
		})
		.describe('What a task is to do, with every default filled in.'),
);

export const wholeTask = shapeOf<WholeTask>()(
	'WholeTask',
	z.object({...taskDetail.shape, run: runId, spec: taskSpecView}).describe('One task with its attempts, and what it is to do.'),
);
