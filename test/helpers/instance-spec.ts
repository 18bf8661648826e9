import type {InstanceSpec} from '../../source/model/instance.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {agentSpec} from './scheduling.ts';

/** A local agent's instance of that name, with every default filled in. */
export function instanceSpec(name: string, agent: Partial<AgentSpec> = {}, directory = '/'): InstanceSpec {
	return {name, directory, agent: agentSpec(name.split('~')[0] ?? name, {startTimeoutMs: 20_000, ...agent})};
}
