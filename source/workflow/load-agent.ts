import type {Problem} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {AgentSpec} from '../model/workflow.ts';
import {buildAgent} from './build.ts';
import {canonicalise, isMapping} from './canonical.ts';
import {checkSchema} from './check.ts';
import {Findings} from './findings.ts';
import {agentLevel, aliasesOf} from './keys.ts';
import {parseYaml} from './parse.ts';
import type {Aim, Path, Place} from './positions.ts';
import {agent} from './schema-agent.ts';

/** An agent that is to be deployed; `spec` is absent when there are problems. */
export type LoadedAgent = {readonly spec: AgentSpec | undefined; readonly problems: readonly Problem[]};

/**
 * Reads an agent that is to be deployed: a JSON value with the keys of an agent in a workflow file, taken as they are, without
 * expressions. It stays until it is removed, so `lifetime` can only be `persistent`. Problems have a `path` but no line. Never throws.
 */
export function loadAgent(value: unknown): LoadedAgent {
	return check(value, () => ({}), undefined);
}

/** The same from a YAML text, `value` as it stands there; problems have their places. */
export function loadAgentText(
	text: string,
	{file, limits}: {readonly file: string; readonly limits: Limits},
): LoadedAgent & {readonly value: Readonly<Record<string, unknown>>} {
	const parsing = parseYaml(text.replace(/^\ufeff/, ''), limits, aliasesOf, {noun: 'an agent', key: 'name'});
	if ('refusal' in parsing) {
		const {message, place} = parsing.refusal;
		return {value: {}, spec: undefined, problems: [{message, file, ...place}]};
	}
	const {value, placeOf} = parsing.parsed;
	return {value, ...check(value, placeOf, file)};
}

function check(value: unknown, placeOf: (path: Path, aim?: Aim) => Partial<Place>, file: string | undefined): LoadedAgent {
	const findings = new Findings();
	const keys = isMapping(value) ? canonicalise(value, agentLevel, findings, new Findings()) : value;
	const input = checkSchema(agent, keys, findings);
	if (input?.lifetime !== undefined && input.lifetime !== 'persistent') {
		findings.add('`lifetime` can only be `persistent` here: an agent that is deployed stays until it is removed', ['lifetime']);
	}
	const problems = findings.toProblems(placeOf, file);
	if (input === undefined || problems.length > 0) return {spec: undefined, problems};
	return {spec: buildAgent({...input, lifetime: 'persistent'}), problems};
}
