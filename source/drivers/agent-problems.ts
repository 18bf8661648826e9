import type {AgentSpec} from '../model/workflow.ts';

/** Whether the agent dials its orchestrator by itself, instead of being dialled. */
export function dialsByItself({env}: AgentSpec): boolean {
	return Boolean(env.ORCHESTRATOR_URL);
}

/** Labels that the agent program cannot be told. */
export function labelProblems({labels, name}: AgentSpec): string[] {
	return Object.entries(labels)
		.filter(([key, value]) => /[=,]/.test(key) || value.includes(','))
		.map(([key, value]) => `\`labels\`: ${key}=${value} of agent ${name} cannot be passed on, because of its comma or equals sign.`);
}

/** A workflow of its own that an agent has no way to hand over. */
export function handedOverProblems(agent: AgentSpec): string[] {
	if (agent.workflow === undefined || dialsByItself(agent)) return [];
	return [
		`\`workflow\` of agent ${agent.name} is handed over by an agent that dials: set ORCHESTRATOR_URL in its \`env\` to where it reaches this orchestrator.`,
	];
}
