import type {Limits} from '../../source/model/limits.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import type {Workflow} from '../../source/model/workflow.ts';
import type {Loaded, LoadRequest} from '../../source/workflow/load.ts';
import {loadWorkflow} from '../../source/workflow/load.ts';

type Options = Omit<Partial<LoadRequest>, 'limits' | 'readFile'> & {limits?: Partial<Limits>; files?: Record<string, string>};

/** Loads a workflow text; `files` are those that `env_file` can name. */
export function load(text: string, {limits, files = {}, ...options}: Options = {}): Loaded {
	return loadWorkflow({
		text,
		file: 'wf.yml',
		directory: '/work',
		readFile: path => files[path],
		limits: {...defaultLimits, ...limits},
		...options,
	});
}

/** The workflow of a text that must be valid. */
export function loadValid(text: string, options: Options = {}): Workflow {
	const {workflow, problems} = load(text, options);
	if (workflow === undefined)
		throw new Error(`not valid: ${problems.map(({line, column, message}) => `${line}:${column} ${message}`).join('; ')}`);
	return workflow;
}

/** `line:column message` of each problem. */
export function problemsOf(text: string, options: Options = {}): string[] {
	const {workflow, problems} = load(text, options);
	if ((workflow === undefined) !== problems.length > 0) throw new Error('there must be either a workflow or problems');
	return problems.map(({line, column, message}) => (line === undefined ? message : `${line}:${column ?? '-'} ${message}`));
}
