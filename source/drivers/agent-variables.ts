import type {InstanceSpec} from '../model/instance.ts';

/** What the agent program in an instance is told of itself, whatever starts it. */
export function agentVariables({agent, name}: InstanceSpec): Readonly<Record<string, string>> {
	const labels = Object.entries(agent.labels).map(([key, value]) => `${key}=${value}`);
	return {
		AGENT_NAME: name,
		AGENT_SLOTS: String(agent.slots),
		AGENT_LABELS: labels.join(','),
		...(agent.workflow !== undefined && {AGENT_WORKFLOW: agent.workflow}),
	};
}
