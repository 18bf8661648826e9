import {z} from 'zod';

/** Of an agent's row. */
export const instanceUsage = z
	.object({
		cpu: z.number().describe('Processors: 1.5 is one and a half of them.'),
		memoryBytes: z.number(),
		memoryLimitBytes: z.number().describe('Absent: as much as there is.').exactOptional(),
	})
	.describe('What its instance uses, where its driver measures that.');
