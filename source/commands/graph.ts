import {ByoaiError} from '../model/error.ts';
import type {GraphFormat} from '../workflow/draw.ts';
import {drawGraph, graphFormats} from '../workflow/draw.ts';
import {didYouMean} from '../workflow/suggest.ts';
import type {Run} from './command.ts';
import {wrongUsage} from './exit-status.ts';
import {readParamFlags} from './words/arguments.ts';
import {loadSource, readWorkflowFile} from './workflow-source.ts';

/** `byoai graph <file>`: the task graph as text. */
export const graph: Run = async ({operands: [name = ''], flags, config, output, diagnostics}) => {
	const format = readFormat(flags.format ?? 'tree');
	const params = readParamFlags(flags.param ?? []);
	const {workflow, problems, notices} = loadSource(readWorkflowFile(name, config), {config, params, checkOnly: true});
	diagnostics.notices(notices);
	diagnostics.problems(problems);
	if (workflow === undefined) return wrongUsage;
	const text = drawGraph(workflow, format);
	output.write(format === 'tree' && !config.unicode ? inAscii(text) : text);
	return 0;
};

const asciiLines: Readonly<Record<string, string>> = {'├': '|', '└': '`', '│': '|', '─': '-', '…': '~'};

function inAscii(tree: string): string {
	return tree.replace(/[├└│─…]/g, line => asciiLines[line] ?? line);
}

function readFormat(text: string): GraphFormat {
	const format = graphFormats.find(known => known === text);
	if (format !== undefined) return format;
	throw new ByoaiError('usage', `--format must be one of ${graphFormats.join(', ')}, not ${text}${didYouMean(text, graphFormats)}`);
}
