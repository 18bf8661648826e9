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
 * expressions. `spec` is absent when there are problems, which have a `path` but no line.
 */
export function loadAgent(value: unknown): {spec: AgentSpec | undefined; problems: readonly Problem[]} {
	const findings = new Findings();
	const keys = isMapping(value) ? canonicalise(value, agentLevel, findings, new Findings()) : value;
	const input = checkSchema(agent, keys, findings);
	const problems = findings.toProblems(() => ({}), undefined);
	return {spec: input === undefined || problems.length > 0 ? undefined : buildAgent(input), problems};
}
