import {statSync} from 'node:fs';
import {dirname, isAbsolute, join, resolve} from 'node:path';
import type {Config} from '../config.ts';
import type {Refusals} from '../drivers/refusals.ts';
import {driverRefusals} from '../drivers/refusals.ts';
import type {Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {Workflow} from '../model/workflow.ts';
import type {Loaded} from '../workflow/load.ts';
import {loadWorkflow} from '../workflow/load.ts';
import {agentsAskedFor, refusedAgents, refusedMoulds} from '../workflow/refused.ts';
import {decodeText} from '../workflow/text.ts';
import {readFileBytes} from './read-file.ts';

/** A workflow before it is read: its text, and where that came from. */
export type WorkflowSource = {
	readonly text: string;
	/** As the user named it, or where it was found; absent for inline text. */
	readonly file?: string;
	/** Absolute: where its tasks on the orchestrator's host run, and what `env_file` is relative to. */
	readonly directory: string;
};

/** What `byoai` without a file runs. */
export function defaultWorkflow(): WorkflowSource {
	return {
		text: `name: default
tasks:
  - name: sample-task
    command: echo 'Running sample task!'
    agent: local-agent
`,
		directory: process.cwd(),
	};
}

/**
 * Finds a workflow file: relative to the current directory, then to `WORKFLOW_DIR`. Throws `not_found`, naming the places, or
 * `invalid` when it cannot be read.
 */
export function readWorkflowFile(name: string, {workflowDir, limits}: Config): WorkflowSource {
	const places = isAbsolute(name) ? [name] : [resolve(name), join(workflowDir, name)];
	for (const path of new Set(places)) {
		const file = path === resolve(name) ? name : path;
		const text = readIfThere(path, file, limits.workflow_bytes);
		if (text !== undefined) return {text, file, directory: dirname(path)};
	}
	const [first, second] = places;
	const where =
		second === undefined || second === first ? `${first} is not there` : `neither ${first} nor ${second} (WORKFLOW_DIR) is there`;
	throw new ByoaiError('not_found', `no workflow file ${JSON.stringify(name)}: ${where}`);
}

/**
 * Reads a workflow here, for its problems and notices. The orchestrator reads it again when it starts a run. `asDrivers`: its problems are also
 * what drivers as they are set here could not do; where agents of these names serve already, an orchestrator does not ask that.
 */
export function loadSource(
	source: WorkflowSource,
	options: {config: Config; params: Readonly<Record<string, string>>; checkOnly?: boolean; asDrivers?: boolean},
): Loaded {
	const {text, file, directory} = source;
	const {limits, docker} = options.config;
	const loaded = loadWorkflow({
		text,
		directory,
		limits,
		params: options.params,
		checkOnly: options.checkOnly ?? false,
		readFile: path => readEnvFile(resolve(directory, path), path, limits.workflow_bytes),
		...(file !== undefined && {file}),
	});
	if (loaded.workflow === undefined || options.asDrivers !== true) return loaded;
	const problems = refusedParts(loaded.workflow, driverRefusals(docker)).map(loaded.placed);
	return problems.length === 0 ? loaded : {...loaded, workflow: undefined, problems};
}

function refusedParts(workflow: Workflow, {refusalsOf, imageRefusalsOf}: Refusals): Problem[] {
	const {directory, tasks} = workflow;
	return [
		...refusedAgents(agentsAskedFor(workflow), agent => refusalsOf(agent, directory)),
		...refusedMoulds(tasks, mould => imageRefusalsOf(mould, directory) ?? []),
	];
}

/** A file's text; undefined when it is not there. */
function readIfThere(path: string, name: string, mostBytes: number): string | undefined {
	const bytes = readFileBytes(path, mostBytes);
	return bytes === undefined ? undefined : decodeText(bytes, name);
}

/** An env file is read again by the orchestrator, which a pipe would not survive. */
function readEnvFile(path: string, name: string, mostBytes: number): string | undefined {
	const isFile = statSync(path, {throwIfNoEntry: false})?.isFile() === true;
	return isFile ? readIfThere(path, name, mostBytes) : undefined;
}
