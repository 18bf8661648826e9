import {ByoaiError} from '../model/error.ts';
import type {GraphFormat} from '../workflow/draw.ts';
import {drawGraph, graphFormats} from '../workflow/draw.ts';
import {didYouMean} from '../workflow/suggest.ts';
import {readParamFlags} from './arguments.ts';
import type {Run} from './command.ts';
import {wrongUsage} from './exit-status.ts';
import {loadSource, readWorkflowFile} from './workflow-source.ts';

/** `byoai graph <file>`: the task graph as text. */
export const graph: Run = async ({operands: [name = ''], flags, config, output, diagnostics}) => {
	const format = readFormat(flags.format ?? 'tree');
	const params = readParamFlags(flags.param ?? []);
	const {workflow, problems, notices} = loadSource(readWorkflowFile(name, config), {config, params, checkOnly: true});
	diagnostics.notices(notices);
	diagnostics.problems(problems);
	if (workflow === undefined) return wrongUsage;
	output.write(drawGraph(workflow, format));
	return 0;
};

function readFormat(text: string): GraphFormat {
	const format = graphFormats.find(known => known === text);
	if (format !== undefined) return format;
	throw new ByoaiError('usage', `--format must be one of ${graphFormats.join(', ')}, not ${text}${didYouMean(text, graphFormats)}`);
}
