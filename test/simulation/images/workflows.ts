import type {RunSubmitted} from '../../../source/model/event.ts';
import type {AgentSpec, TaskSpec} from '../../../source/model/workflow.ts';
import {agentDefaults, imageAgentName} from '../../../source/model/workflow.ts';
import type {Random} from '../random.ts';
import type {ImageFaults} from './faults.ts';

/** Types of engines that instances of tasks run on. */
export const imageTypes = ['docker', 'kubernetes'] as const;
export type ImageType = (typeof imageTypes)[number];

/** The same submission with an image for some of its tasks. */
export function withImages(submission: Omit<RunSubmitted, 'at'>, random: Random, {share, slots}: ImageFaults): Omit<RunSubmitted, 'at'> {
	const {workflow} = submission;
	const tasks = workflow.tasks.map(task => (random.chance(share) ? imageTask(task, random.pick(imageTypes), random) : task));
	const imageSlots = Object.fromEntries(imageTypes.map(type => [type, slots]));
	return {...submission, workflow: {...workflow, tasks}, imageSlots};
}

function imageTask(task: TaskSpec, type: ImageType, random: Random): TaskSpec {
	const mould: AgentSpec = {...agentDefaults, name: 'mould', type, image: 'any'};
	const {timeoutMs: _, ...rest} = task;
	const timeout = random.chance(0.3) && {timeoutMs: 1000 + random.below(random.pick([5000, 40_000]))};
	return {...rest, agent: {name: imageAgentName(type)}, image: 'any', mould, ...timeout};
}
