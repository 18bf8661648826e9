import type {RunSubmitted} from '../../source/model/event.ts';
import type {AgentSelector, AgentSpec, Dependency, Labels, RetryPolicy, TaskSpec, Workflow} from '../../source/model/workflow.ts';
import {localAgentName} from '../../source/model/workflow.ts';
import type {Random} from './random.ts';

/** Names of agents that register themselves, with their labels; a world has the first few of them. */
export const registeredAgents = [
	{name: 'east', labels: {zone: 'east'}},
	{name: 'west', labels: {zone: 'west'}},
	{name: 'middle', labels: {zone: 'west', big: 'yes'}},
	{name: 'far', labels: {zone: 'east', big: 'yes'}},
] as const;

const askedLabels: readonly [Labels, ...Labels[]] = [
	{zone: 'east'},
	{zone: 'west', big: 'yes'},
	{big: 'yes'},
	{pool: 'builder'},
	{pool: 'builder'},
];

/** A declared agent that no driver can ever start. */
export const brokenAgent = 'broken';

/** The same for all runs: another specification under that name would be refused. */
export const keeperSpec: AgentSpec = {
	name: 'keeper',
	type: 'docker',
	volumes: [],
	env: {},
	replicas: 1,
	slots: 2,
	labels: {pool: 'keeper'},
	ports: [],
	pullPolicy: 'missing',
	startTimeoutMs: 10_000,
	lifetime: 'persistent',
};

/** A random small workflow that uses whatever the scheduler can do. */
export function randomSubmission(random: Random, run: string, agents: readonly string[]): Omit<RunSubmitted, 'at'> {
	const declared = declaredAgents(random);
	const ordered = random.chance(0.25);
	const size = 2 + random.below(8);
	const selectors = selectorsOf(random, agents, declared);
	const tasks = Array.from(
		{length: size},
		(_, index): TaskSpec => ({
			name: `t${index}`,
			command: 'true',
			agent: random.pick(selectors),
			dependsOn: ordered ? orderedDependencies(index) : randomDependencies(random, index),
			env: {},
			retry: randomRetry(random),
			continueOnError: random.chance(0.2),
			volumes: [],
			labels: {},
			...(random.chance(0.15) && {timeoutMs: 500 + random.below(6000)}),
		}),
	);
	const usesGhost = tasks.some(({agent}) => 'labels' in agent || agent.name === 'ghost');
	const workflow: Workflow = {
		name: 'simulated',
		directory: '/',
		labels: {},
		env: {},
		tasks,
		agents: declared,
		failFast: random.chance(0.4),
		...(random.chance(0.2) && {timeoutMs: 5000 + random.below(120_000)}),
		...(random.chance(0.3) && {maxParallel: 1 + random.below(3)}),
		...((usesGhost || random.chance(0.2)) && {agentTimeoutMs: random.pick([2000, 30_000, 90_000])}),
	};
	const localAgent = {slots: 1 + random.below(3), idleMs: random.pick([0, 4000])};
	return {type: 'run-submitted', run, workflow, params: {}, localAgent};
}

function selectorsOf(random: Random, agents: readonly string[], declared: readonly AgentSpec[]): [AgentSelector, ...AgentSelector[]] {
	const names = [...agents, ...declared.map(({name}) => name), ...declared.map(({name}) => name)];
	if (random.chance(0.3)) names.push(localAgentName);
	if (random.chance(0.1)) names.push('ghost');
	const selectors = names.map((name): AgentSelector => ({name}));
	const labels: AgentSelector = {labels: random.pick(askedLabels)};
	return [random.chance(0.4) ? labels : {name: agents[0] ?? localAgentName}, ...selectors];
}

function declaredAgents(random: Random): AgentSpec[] {
	const agents: AgentSpec[] = [];
	if (random.chance(0.4)) agents.push(agentSpec(random, 'builder', random.pick(['run', 'run', 'task'])));
	if (random.chance(0.2)) agents.push(keeperSpec);
	if (random.chance(0.07)) agents.push(agentSpec(random, brokenAgent, random.pick(['run', 'task'])));
	// Declared under the name of one that may have registered: nothing is deployed then.
	if (random.chance(0.1)) agents.push(agentSpec(random, 'east', 'run'));
	return agents;
}

function agentSpec(random: Random, name: string, lifetime: AgentSpec['lifetime']): AgentSpec {
	return {
		...keeperSpec,
		name,
		replicas: 1 + random.below(2),
		slots: 1 + random.below(2),
		labels: {pool: name},
		startTimeoutMs: random.pick([6000, 15_000]),
		lifetime,
	};
}

function orderedDependencies(index: number): Dependency[] {
	return index === 0 ? [] : [{task: index - 1, condition: 'ordered', optional: false}];
}

function randomDependencies(random: Random, index: number): Dependency[] {
	return Array.from({length: index}, (_, task) => task)
		.filter(() => random.chance(0.25))
		.map(task => ({
			task,
			condition: random.pick(['succeeded', 'succeeded', 'failed', 'completed']),
			optional: random.chance(0.2),
		}));
}

function randomRetry(random: Random): RetryPolicy {
	return {
		limit: random.below(3),
		delayMs: random.pick([0, 500, 3000]),
		backoff: random.pick([1, 2]),
		maxDelayMs: random.pick([4000, 60_000]),
		lost: random.below(6),
		...(random.chance(0.2) && {exitCodes: [1, 2]}),
	};
}
