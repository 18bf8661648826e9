import type {Config} from '../config.ts';
import {ByoaiError} from '../model/error.ts';
import {plural} from '../text/spans.ts';
import type {Loaded} from '../workflow/load.ts';
import type {Run} from './command.ts';
import {wrongUsage} from './exit-status.ts';
import {readParamFlags} from './words/arguments.ts';
import {loadSource, readWorkflowFile} from './workflow-source.ts';

/** `byoai validate <file>...`: 0 when all files are fine. */
export const validate: Run = async ({operands, flags, config, output, diagnostics}) => {
	const params = readParamFlags(flags.param ?? []);
	const results = operands.map(name => check(name, config, params));
	if (flags.json === true) {
		const told = results.map(({file, workflow, problems, notices}) => ({file, valid: workflow !== undefined, problems, notices}));
		output.write(`${JSON.stringify(told, undefined, 2)}\n`);
	} else {
		for (const {file, workflow, notices} of results) {
			diagnostics.notices(notices);
			if (workflow === undefined) continue;
			output.write(`${file}: ok (${plural(workflow.tasks.length, 'task')}, ${plural(workflow.agents.length, 'agent')})\n`);
		}
		diagnostics.problems(results.flatMap(({problems}) => problems));
	}
	return results.every(({workflow}) => workflow !== undefined) ? 0 : wrongUsage;
};

type Checked = Pick<Loaded, 'workflow' | 'problems' | 'notices'> & {readonly file: string};

/** A file that is not there is one more problem, so that the others are checked too. */
function check(name: string, config: Config, params: Readonly<Record<string, string>>): Checked {
	try {
		const source = readWorkflowFile(name, config);
		return {...loadSource(source, {config, params, checkOnly: true, asDrivers: true}), file: source.file ?? name};
	} catch (error) {
		if (!(error instanceof ByoaiError)) throw error;
		return {
			file: name,
			workflow: undefined,
			problems: error.problems.length > 0 ? error.problems : [{message: error.message}],
			notices: [],
		};
	}
}
