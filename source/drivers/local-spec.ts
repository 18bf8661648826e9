import type {InstanceSpec} from '../model/instance.ts';
import type {AgentSpec} from '../model/workflow.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Keys that shape a container and mean nothing to a plain process. */
const containerKeys: ReadonlyArray<readonly [key: string, isSet: (agent: AgentSpec) => boolean]> = [
	['image', agent => agent.image !== undefined],
	['volumes', agent => agent.volumes.length > 0],
	['network', agent => agent.network !== undefined],
	['ports', agent => agent.ports.length > 0],
	['resources', agent => agent.resources !== undefined],
	['user', agent => agent.user !== undefined],
	['readiness_probe', agent => agent.readinessProbe !== undefined],
	['driver_options', agent => agent.driverOptions !== undefined],
];

/** What a process on this host cannot be given, in words for the author of the workflow. */
export function validateLocal({agent}: InstanceSpec): readonly string[] {
	const problems = containerKeys
		.filter(([, isSet]) => isSet(agent))
		.map(
			([key]) =>
				`\`${key}\` needs a container: agent ${agent.name} is of type local, a process on this host. Remove it, or set \`type: docker\`.`,
		);
	if (agent.workflow !== undefined)
		problems.push(`\`workflow\` is not supported yet by agents of type local: remove it from agent ${agent.name}.`);
	for (const [key, value] of Object.entries(agent.labels)) {
		if (/[=,]/.test(key) || value.includes(',')) {
			problems.push(`\`labels\`: ${key}=${value} of agent ${agent.name} cannot be passed on, because of its comma or equals sign.`);
		}
	}
	return problems;
}

/**
 * The environment of an agent process: what it inherits, without the orchestrator's own settings and secrets; then the
 * agent's `env`; then what it must know to be this instance's agent.
 */
export function agentEnvironment(
	inherited: Variables,
	{agent, name}: InstanceSpec,
	ofInstance: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
	const own = Object.entries(inherited).filter(([key, value]) => value !== undefined && !/^(BYOAI|AGENT)_/.test(key));
	return {
		...(Object.fromEntries(own) as Record<string, string>),
		...agent.env,
		AGENT_NAME: name,
		AGENT_SLOTS: String(agent.slots),
		AGENT_LABELS: Object.entries(agent.labels)
			.map(([key, value]) => `${key}=${value}`)
			.join(','),
		...ofInstance,
	};
}
