import * as z from 'zod';
import type {AttemptRef} from '../../model/ids.ts';
import type {Assignment, Orders, Report} from '../../protocol/messages.ts';
import {count, shapeOf, time} from '../shape.ts';
import {outcome} from './row.ts';

/** The agent protocol as schemas, for the API's description only: `protocol/parse.ts` reads it, for the agent program too. */

const attemptRef = shapeOf<AttemptRef>()(
	'AttemptRef',
	z.object({run: z.string(), task: count('Index in file order.'), attempt: z.int().min(1)}).describe('One try of one task.'),
);

const chunk = z.object({stream: z.enum(['stdout', 'stderr']), at: time("By the agent's clock."), data: z.base64().describe('Its bytes.')});

export const report = shapeOf<Report>()(
	'Report',
	z
		.object({
			session: z.string().describe('Random for each start of the agent program.'),
			number: z.int().min(1).describe('1, 2, 3 … within the session.'),
			held: z.array(attemptRef).describe('Attempts received whose outcome is not yet acknowledged.'),
			free: count('Slots to fill.'),
			outcomes: z
				.array(z.object({ref: attemptRef, outcome, logBytes: count('Of output in all.')}))
				.describe('Repeated until acknowledged. `logBytes`: of output in all; the outcome counts once they have come.'),
			logs: z
				.array(
					z.object({
						ref: attemptRef,
						offset: count('Bytes of the attempt before them, of stdout and stderr together.'),
						chunks: z.array(chunk),
					}),
				)
				.describe(
					'Output from the acknowledged offset on, as it was read. `offset`: bytes that came before, of both streams; `data` is base64.',
				),
			waitMs: z.number().min(0).describe('How long the answer may be held while there is nothing to say.'),
		})
		.describe('What an agent says of itself: what is, not what changed.'),
);

const assignment = shapeOf<Assignment>()(
	'Assignment',
	z
		.object({
			ref: attemptRef,
			task: z.string().describe('Its name.'),
			command: z.union([z.string(), z.array(z.string())]).describe('A string runs as `sh -c`, a list of lines as `sh -ec`.'),
			shell: z.array(z.string()).describe('Arguments before the script, in the place of `sh -c`.').exactOptional(),
			env: z.record(z.string(), z.string()).describe("Added to the agent's own environment, without its `BYOAI_*` and `AGENT_*`."),
			workingDir: z.string().describe('Absolute, or relative to where the agent runs.').exactOptional(),
			timeoutMs: z.number().describe('After which the agent ends it; none where it is absent.').exactOptional(),
			graceMs: z.number().describe('Between terminate and kill.'),
		})
		.describe('All that an agent needs to run one attempt.'),
);

export const orders = shapeOf<Orders>()(
	'Orders',
	z
		.object({
			session: z.string().describe('For which they are; an agent passes over those for another.'),
			answers: count('The newest number seen of that session; 0 before the first.'),
			leaseMs: z.number().describe('How long the agent works on alone, from the sending of the Report that was answered.'),
			start: z.array(assignment).describe('Attempts to run; told again until a Report holds them.'),
			stop: z.array(attemptRef).describe('Attempts that are to be ended.'),
			acknowledged: z
				.object({
					outcomes: z.array(attemptRef).describe('Settled: the agent forgets them.'),
					logs: z.array(z.object({ref: attemptRef, offset: z.int().min(0)})).describe('Output up to the offset is durable.'),
				})
				.describe('What the agent need not repeat.'),
			drain: z.boolean().describe('It gets nothing more.'),
		})
		.describe('What the orchestrator wants of an agent.'),
);
