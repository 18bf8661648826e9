import type {Problem} from '../model/error.ts';
import type {AgentSpec} from '../model/workflow.ts';
import {buildAgent} from './build.ts';
import {canonicalise, isMapping} from './canonical.ts';
import {checkSchema} from './check.ts';
import {Findings} from './findings.ts';
import {agentLevel} from './keys.ts';
import {agent} from './schema-agent.ts';

/**
 * Reads an agent that is to be deployed: a JSON value with the keys of an agent in a workflow file, taken as they are, without
 * expressions. It stays until it is removed, so `lifetime` can only be `persistent`. `spec` is absent when there are problems, which
 * have a `path` but no line. Never throws.
 */
export function loadAgent(value: unknown): {spec: AgentSpec | undefined; problems: readonly Problem[]} {
	const findings = new Findings();
	const keys = isMapping(value) ? canonicalise(value, agentLevel, findings, new Findings()) : value;
	const input = checkSchema(agent, keys, findings);
	if (input?.lifetime !== undefined && input.lifetime !== 'persistent') {
		findings.add('`lifetime` can only be `persistent` here: an agent that is deployed stays until it is removed', ['lifetime']);
	}
	const problems = findings.toProblems(() => ({}), undefined);
	if (input === undefined || problems.length > 0) return {spec: undefined, problems};
	return {spec: buildAgent({...input, lifetime: 'persistent'}), problems};
}
