import * as z from 'zod';
import {
	count,
	duration,
	environment,
	flag,
	labels,
	list,
	mapOf,
	mapping,
	matching,
	must,
	mustBeText,
	nameText,
	oneOf,
	oneOrMore,
	scalarMatching,
	text,
	withoutNul,
} from './schema-values.ts';

const quantity = scalarMatching(
	/^(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/,
	'a quantity as in Kubernetes, such as 500m, 2, 256Mi or 1G',
);
const quantities = mapOf(z.string().min(1, 'must not be empty'), quantity, 'a mapping such as {cpu: 500m, memory: 256Mi}');

export const resources = mapping({
	requests: quantities.optional().describe('What is set aside, as `cpu: 500m`, `memory: 256Mi`'),
	limits: quantities.optional().describe('What may be used at most, as `cpu: "1"`, `memory: 512Mi`'),
});

const volume = matching(
	/^(?:(?:pvc|configmap|secret):)?[^:\0]+:\/[^:\0]*(?::ro)?$/,
	'host:container or host:container:ro, with an absolute path in the container',
);
export const volumes = oneOrMore(volume, 'a volume such as ./data:/app/data, or a list of them');

export const dependencyOptions = mapping(
	{
		condition: oneOf(['succeeded', 'failed', 'completed']).optional().describe('What must be true of the other task; default succeeded'),
		optional: flag.optional().describe('The other task may be skipped, or absent from the file; default false'),
	},
	'a mapping with condition, optional, such as {condition: completed}',
);

const dependencies = z.union(
	[nameText(200), z.array(nameText(200)), z.record(z.string(), dependencyOptions)],
	must('a task name, a list of names, or a mapping of names to {condition, optional}'),
);

const agentName = matching(/^\S{1,200}$/, 'the name of an agent');
export const agentLabels = mapping({
	labels: labels
		.refine(given => Object.keys(given).length > 0, 'must have at least one label')
		.describe('Labels that the agent must have, all of them'),
});

const exitCodes = list(count(0, 255), 'a list of exit codes');
export const retryOptions = mapping({
	limit: count(0).optional().describe('Further attempts after a failure or timeout; default 0, or 3 when another key says how to retry'),
	delay: duration().optional().describe('Before the second attempt; default 1s'),
	backoff: z
		.number(must('a number of at least 1'))
		.min(1, must('a number of at least 1'))
		.optional()
		.describe('Each delay is the one before times this; default 2'),
	max_delay: duration().optional().describe('No delay is longer; default 5m'),
	exit_codes: exitCodes.optional().describe('Only these exit codes are tried again; default all'),
	lost: count(0).optional().describe('Further attempts after one was lost with its agent; default 2'),
});
const retry = z
	.union(
		[count(0), retryOptions],
		must('a number of further attempts, or a mapping with limit, delay, backoff, max_delay, exit_codes, lost'),
	)
	.transform(value => (typeof value === 'number' ? {limit: value} : value));

const line = z.string(mustBeText('a string')).refine(...withoutNul);
const lines = z.array(line).min(1, 'must have at least one line');

/** The keys that a task shares with `defaults`. */
const shared = {
	agent: z
		.union([agentName, agentLabels], mustBeText('the name of an agent, or {labels: {…}}'))
		.describe('Which agent runs it; default local-agent, the own host'),
	env: environment.describe('Environment variables'),
	working_dir: text().describe('Working directory of the command'),
	shell: z
		.union(
			[matching(/^\S+$/, 'one word, such as bash, or a list such as [bash, -ec]'), z.array(text()).min(1, 'must not be empty')],
			must('a name such as bash, or a list such as [bash, -ec]'),
		)
		.describe('What runs the command; default sh'),
	timeout: duration(1).describe('The longest that one attempt may take, from its start'),
	retry: retry.describe('Further attempts: a number, or how'),
	continue_on_error: flag.describe('Its failure fails neither its dependents nor the run; default false'),
	image: matching(/^\S+$/, 'the name of an image').describe('Runs the task in a container of its own of this image'),
	volumes: volumes.describe("Volumes of the task's own container, host:container[:ro]"),
	resources: resources.describe("Resources of the task's own container"),
	labels: labels.describe('Labels of the task, for people and queries'),
};

export const task = mapping(
	{
		name: nameText(200).optional().describe('Unique in the file; default task-<n>'),
		command: z
			.union([text('a string or a list of strings'), lines], must('a string or a list of strings'))
			.describe('A string for sh -c, or a list of lines for sh -ec'),
		depends_on: dependencies.optional().describe('Tasks that come before: names, or names with {condition, optional}'),
		...z.object(shared).partial().shape,
	},
	'a mapping with at least `command`',
);

export const defaults = mapping(z.object(shared).partial().shape, 'a mapping of task keys');

export type TaskInput = z.output<typeof task>;
export type DefaultsInput = z.output<typeof defaults>;
