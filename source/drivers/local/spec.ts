import type {InstanceSpec} from '../../model/instance.ts';
import {labelProblems} from '../agent-problems.ts';
import {agentVariables} from '../agent-variables.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What a process on this host cannot be given, in words for the author of the workflow. Keys that shape a container (`image`,
 * `volumes` …) have no effect here, and whoever reads the workflow says so.
 */
export function validateLocal({agent}: InstanceSpec): readonly string[] {
	return labelProblems(agent);
}

/**
 * The environment of an agent process: what it inherits, without the orchestrator's own settings and secrets; then the
 * agent's `env`; then what it must know to be this instance's agent.
 */
export function agentEnvironment(
	inherited: Variables,
	spec: InstanceSpec,
	ofInstance: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
	const own = Object.entries(inherited).filter(([key, value]) => value !== undefined && !/^(BYOAI|AGENT)_/.test(key));
	return {
		...(Object.fromEntries(own) as Record<string, string>),
		...spec.agent.env,
		...agentVariables(spec),
		...ofInstance,
	};
}
