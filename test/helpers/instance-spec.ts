import type {InstanceSpec} from '../../source/model/instance.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';

/** A local agent's instance of that name, with every default filled in. */
export function instanceSpec(name: string, agent: Partial<AgentSpec> = {}, directory = '/'): InstanceSpec {
	return {
		name,
		directory,
		agent: {
			name: name.split('~')[0] ?? name,
			type: 'local',
			volumes: [],
			env: {},
			replicas: 1,
			slots: 1,
			labels: {},
			ports: [],
			pullPolicy: 'missing',
			startTimeoutMs: 20_000,
			lifetime: 'run',
			...agent,
		},
	};
}
