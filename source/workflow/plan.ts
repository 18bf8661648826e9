import type {AgentSelector, TaskSpec, Workflow} from '../model/workflow.ts';
import {localAgentName} from '../model/workflow.ts';

export type PlannedTask = {
	readonly task: string;
	readonly agent: AgentSelector;
	/** The image of its own container, when it has one. */
	readonly image?: string;
	/** Where it will run, in words. */
	readonly where: string;
};

/** What would run, and where. The tasks of a wave can run together once the waves before have ended. */
export type Plan = {readonly workflow: string; readonly waves: ReadonlyArray<readonly PlannedTask[]>};

/** Plans without regard to slots, `max_parallel` and failures. */
export function plan(workflow: Workflow): Plan {
	const {tasks} = workflow;
	const open = tasks.map(({dependsOn}) => dependsOn.length);
	const after: number[][] = tasks.map(() => []);
	for (const [index, {dependsOn}] of tasks.entries()) for (const {task} of dependsOn) after[task]?.push(index);

	const agents = new Map(workflow.agents.map(agent => [agent.name, agent]));
	const waves: PlannedTask[][] = [];
	let wave = open.flatMap((count, index) => (count === 0 ? [index] : []));
	while (wave.length > 0) {
		waves.push(wave.flatMap(index => tasks[index] ?? []).map(task => planTask(task, agents)));
		const next: number[] = [];
		for (const index of wave) {
			for (const dependent of after[index] ?? []) {
				const left = (open[dependent] ?? 0) - 1;
				open[dependent] = left;
				if (left === 0) next.push(dependent);
			}
		}
		wave = next.sort((a, b) => a - b);
	}
	return {workflow: workflow.name, waves};
}

type Agents = ReadonlyMap<string, Workflow['agents'][number]>;

function planTask({name, agent, image, mould}: TaskSpec, agents: Agents): PlannedTask {
	return {
		task: name,
		agent,
		...(image !== undefined && {image}),
		where: image === undefined ? agentText(agent, agents) : containerText(image, agent, mould),
	};
}

function agentText(agent: AgentSelector, agents: Agents): string {
	if ('labels' in agent) {
		const labels = Object.entries(agent.labels).map(([key, value]) => `${key}=${value}`);
		return `any agent with ${labels.join(', ')}`;
	}
	if (agent.name === localAgentName) return `this host (${localAgentName})`;
	const declared = agents.get(agent.name);
	if (declared === undefined) return `agent ${agent.name}, which must be registered`;
	return `agent ${agent.name} (${declared.type}${declared.image === undefined ? '' : `, image ${declared.image}`})`;
}

function containerText(image: string, agent: AgentSelector, mould: TaskSpec['mould']): string {
	if (mould === undefined)
		return `a container of ${image}, made after agent ${'name' in agent ? agent.name : 'with labels'}, which must be deployed`;
	if (mould.name === localAgentName) return `a container of ${image} (${mould.type})`;
	return `a ${mould.type === 'kubernetes' ? 'pod' : 'container'} of ${image} (${mould.type}, as agent ${mould.name})`;
}

/** The plan for people: a line for each task, under the number of its wave. */
export function formatPlan({workflow, waves}: Plan): string {
	const count = waves.reduce((sum, wave) => sum + wave.length, 0);
	const width = Math.min(
		40,
		waves.flat().reduce((most, {task}) => Math.max(most, task.length), 0),
	);
	const lines = waves.flatMap((wave, index) =>
		wave.map(({task, where}) => `${String(index + 1).padStart(3)}  ${task.padEnd(width)}  ${where}`),
	);
	return `${[`${workflow}: ${plural(count, 'task')} in ${plural(waves.length, 'wave')}`, ...lines].join('\n')}\n`;
}

function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
