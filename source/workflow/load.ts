import type {Problem} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {Environment, Workflow} from '../model/workflow.ts';
import {buildWorkflow} from './build.ts';
import {canonicalise} from './canonical.ts';
import {checkSchema} from './check.ts';
import {parseEnvFile} from './env-file.ts';
import {Findings, readPath} from './findings.ts';
import {checkAgentNames, checkImages, readGraph} from './graph.ts';
import {aliasesOf, workflowLevel} from './keys.ts';
import {noticeOddities} from './notices.ts';
import type {Param} from './params.ts';
import {readParams} from './params.ts';
import {parseYaml} from './parse.ts';
import {resolveExpressions} from './resolve.ts';
import {workflow as workflowSchema} from './schema.ts';

export type LoadRequest = {
	readonly text: string;
	/** As the user named it, for messages; absent for inline text. */
	readonly file?: string;
	/** Absolute; where tasks on the own host run, and what `env_file` is relative to. */
	readonly directory: string;
	/** Values of params. Text is converted to the param's type. */
	readonly params?: Readonly<Record<string, unknown>>;
	/** For `run.id`; a sample stands in where there is no run yet. */
	readonly run?: string;
	/** Only check: a sample of its type stands in for a required param without a value. */
	readonly checkOnly?: boolean;
	/** Reads an `env_file`, named as in the file; undefined when it is not there. */
	readonly readFile: (path: string) => string | undefined;
	readonly limits: Limits;
};

export type Loaded = {
	/** Absent when there are problems. */
	readonly workflow: Workflow | undefined;
	/** All that is wrong, in the order of the file. */
	readonly problems: readonly Problem[];
	/** What is fine, but worth a word: aliases, agents that must be registered. */
	readonly notices: readonly Problem[];
	readonly params: readonly Param[];
	/** The same problem with where its path stands in the file, for what is found out later. */
	readonly placed: (problem: Problem) => Problem;
};

const sampleRun = 'r0000000000';

/** Reads a workflow file. Never throws: every fault of the file is one of its problems. */
export function loadWorkflow(request: LoadRequest): Loaded {
	const {limits, file, directory} = request;
	const parsing = parseYaml(request.text.replace(/^\ufeff/, ''), limits, aliasesOf);
	if ('refusal' in parsing) {
		const {message, place} = parsing.refusal;
		const problems = [{message, ...(file !== undefined && {file}), ...place}];
		return {workflow: undefined, problems, notices: [], params: [], placed: problem => problem};
	}
	const {value, placeOf} = parsing.parsed;
	const findings = new Findings();
	const notices = new Findings();
	const placed = (problem: Problem): Problem =>
		problem.path === undefined ? problem : {...problem, ...(file !== undefined && {file}), ...placeOf(readPath(problem.path))};

	const document = canonicalise(value, workflowLevel, findings, notices);
	if (Array.isArray(document.tasks) && document.tasks.length > limits.workflow_tasks) {
		findings.add(`${document.tasks.length} tasks are more than the limit workflow_tasks permits (${limits.workflow_tasks})`, ['tasks'], {
			at: 'key',
		});
		return {workflow: undefined, problems: findings.toProblems(placeOf, file), notices: [], params: [], placed};
	}
	const params = readParams(document.params, request.params ?? {}, request.checkOnly ?? false, findings);
	const files = readEnvFiles(document.env_file, request.readFile, findings);
	const scope = {params, run: request.run ?? sampleRun, fileEnv: files.env};
	const resolved = resolveExpressions(document, scope, findings);
	const graph = readGraph(resolved, findings, placeOf);
	checkAgentNames(resolved, findings, placeOf);
	checkImages(resolved, findings);
	const input = checkSchema(workflowSchema, resolved, findings);

	const problems = [...params.problems, ...findings.toProblems(placeOf, file), ...files.problems];
	const workflow =
		input === undefined || problems.length > 0
			? undefined
			: buildWorkflow(input, {directory, fileEnv: files.env, graph, ...(file !== undefined && {file})});
	if (workflow !== undefined) noticeOddities(workflow, resolved, notices);
	return {workflow, problems, notices: notices.toProblems(placeOf, file), params: params.declared, placed};
}

/** Merges the env files, later ones winning. A file that is not there is a finding; a line that cannot be read is a problem of that file. */
function readEnvFiles(value: unknown, readFile: LoadRequest['readFile'], findings: Findings): {env: Environment; problems: Problem[]} {
	const problems: Problem[] = [];
	let env: Environment = {};
	for (const [index, path] of (Array.isArray(value) ? value : [value]).entries()) {
		if (typeof path !== 'string' || path === '') continue;
		const content = readFile(path);
		if (content === undefined) {
			findings.add(`env file \`${path}\` is not there, or is no file; it is looked up from the directory of the workflow file`, [
				'env_file',
				index,
			]);
			continue;
		}
		const read = parseEnvFile(content);
		env = {...env, ...read.env};
		for (const line of read.badLines)
			problems.push({message: 'not a line of the form NAME=value, or its quote is not closed', file: path, line});
	}
	return {env, problems};
}
