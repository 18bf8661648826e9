import {opendir} from 'node:fs/promises';
import {join} from 'node:path';
import {setImmediate as turn} from 'node:timers/promises';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';
import type {WorkflowDetail, WorkflowRow} from '../protocol/views.ts';
import {loadWorkflow} from '../workflow/load.ts';
import type {WorkflowFile} from './workflow-files.ts';
import {readEnvFile, readWorkflowFile} from './workflow-files.ts';

/** How deep directories are looked into. */
const mostDepth = 8;
const isWorkflowFile = /\.(?:ya?ml|json)$/;

/** What is asked of a directory of workflow files. */
export type WorkflowDirectory = {readonly workflowDir: string; readonly limits: Limits};

/** One file of the workflow directory with what it says of itself. Throws `not_found`, also for what lies outside. */
export async function describeWorkflow(directory: WorkflowDirectory, file: string): Promise<WorkflowDetail> {
	const {workflowDir, limits} = directory;
	const source = await readWorkflowFile(workflowDir, file, limits.workflow_bytes);
	return {...rowOf(source, limits), text: source.text};
}

/** The workflow files of the directory and those below, by name: as many as the limit `listed_files` permits. */
export async function listWorkflows(directory: WorkflowDirectory): Promise<{workflows: WorkflowRow[]; more: boolean}> {
	const {workflowDir, limits} = directory;
	const files: string[] = [];
	for await (const file of filesIn(workflowDir, '', mostDepth)) {
		files.push(file);
		if (files.length > limits.listed_files) break;
	}
	const more = files.length > limits.listed_files;
	const workflows: WorkflowRow[] = [];
	for (const file of files.slice(0, limits.listed_files).sort()) {
		const row = await rowIfThere(directory, file);
		if (row !== undefined) workflows.push(row);
		await turn(); // reading a file takes a while, and others want to be served
	}
	return {workflows, more};
}

/** Undefined where it went away meanwhile, or is a link that leads out. */
async function rowIfThere({workflowDir, limits}: WorkflowDirectory, file: string): Promise<WorkflowRow | undefined> {
	try {
		return rowOf(await readWorkflowFile(workflowDir, file, limits.workflow_bytes), limits);
	} catch (error) {
		if (!(error instanceof ByoaiError)) throw error;
		if (error.code === 'not_found') return undefined;
		return {file, name: file, params: [], tasks: 0, problems: [{message: error.message, file}]};
	}
}

/** Its problems are those of the file: values for its params come with a run. */
function rowOf({text, file, directory}: WorkflowFile, limits: Limits): WorkflowRow {
	const readFile = (path: string) => readEnvFile(directory, path, limits.workflow_bytes);
	const {workflow, problems, params} = loadWorkflow({text, file, directory, checkOnly: true, readFile, limits});
	return {
		file,
		name: workflow?.name ?? file,
		...(workflow?.description !== undefined && {description: workflow.description}),
		params,
		tasks: workflow?.tasks.length ?? 0,
		problems,
	};
}

/** Paths relative to `root`. Links to directories are not followed; a directory that cannot be read has nothing. */
async function* filesIn(root: string, below: string, depth: number): AsyncGenerator<string> {
	const directories: string[] = [];
	try {
		for await (const entry of await opendir(join(root, below))) {
			const path = join(below, entry.name);
			if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
			if (entry.isDirectory()) directories.push(path);
			else if (isWorkflowFile.test(entry.name)) yield path;
		}
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error;
	}
	if (depth > 0) for (const path of directories.sort()) yield* filesIn(root, path, depth - 1);
}
