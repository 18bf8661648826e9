import type {AgentSpec, Resources, TaskSpec} from '../model/workflow.ts';
import {agentDefaults, imageAgentName, localAgentName} from '../model/workflow.ts';

/** What instances of tasks are made after that name no agent of a driver: one of Docker. */
const plain: AgentSpec = {...agentDefaults, name: localAgentName, type: 'docker', lifetime: 'task'};

/**
 * A task with an `image` as it runs: each attempt in an instance of its own, made after `agent` (undefined: after none in particular), with the
 * task's own image, volumes and resources on top of it. What is there to reach an agent at is left out: there is none.
 */
export function withMould(task: TaskSpec, agent: AgentSpec | undefined): TaskSpec {
	const {image, volumes, resources: own} = task;
	if (image === undefined) return task;
	const {readinessProbe: _, workflow: __, resources: outer, ...rest} = agent ?? plain;
	const resources = mergeResources(outer, own);
	const mould: AgentSpec = {
		...rest,
		image,
		volumes: mergeVolumes(rest.volumes, volumes),
		ports: [],
		replicas: 1,
		slots: 1,
		lifetime: 'task',
		...(resources !== undefined && {resources}),
	};
	return {...task, agent: {name: imageAgentName(mould.type)}, mould};
}

type Asked = {[Kind in keyof Resources]?: Resources[Kind] | undefined};

export function mergeResources(outer: Asked | undefined, own: Asked | undefined): Resources | undefined {
	if (outer === undefined && own === undefined) return undefined;
	const requests = {...outer?.requests, ...own?.requests};
	const limits = {...outer?.limits, ...own?.limits};
	return {...(Object.keys(requests).length > 0 && {requests}), ...(Object.keys(limits).length > 0 && {limits})};
}

/** Of two volumes at the same place in the container the task's holds. */
function mergeVolumes(outer: readonly string[], own: readonly string[]): string[] {
	const taken = new Set(own.map(targetOf));
	return [...outer.filter(volume => !taken.has(targetOf(volume))), ...own];
}

function targetOf(volume: string): string {
	const target = volume.replace(/:ro$/, '').split(':').at(-1) ?? volume;
	return target.replace(/(?<=.)\/+$/, '');
}
