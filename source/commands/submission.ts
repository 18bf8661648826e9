import type {RunRequest} from '../client/queries.ts';
import {createStyle} from '../text/style.ts';
import {formatPlan, plan} from '../workflow/plan.ts';
import type {Invocation} from './command.ts';
import {ConsoleView} from './log-view/console-view.ts';
import {JsonView} from './log-view/json-view.ts';
import {RunWatch} from './log-view/run-watch.ts';
import {StartsView} from './log-view/starts-view.ts';
import type {Access} from './orchestrators.ts';
import {readParamFlags} from './words/arguments.ts';
import type {WorkflowSource} from './workflow-source.ts';
import {defaultWorkflow, loadSource, readWorkflowFile} from './workflow-source.ts';

/** The workflow that a command line names; the default one where it names none. */
export function namedSource(name: string | undefined, {config}: Invocation): WorkflowSource {
	return name === undefined ? defaultWorkflow() : readWorkflowFile(name, config);
}

/**
 * Reads a workflow here, so that people see all that is wrong with it before anything is opened. Undefined: it is not valid, and that
 * was told.
 */
export function prepare(
	source: WorkflowSource,
	{flags, config, diagnostics}: Invocation,
): {request: RunRequest; plan: () => PlanText} | undefined {
	const params = readParamFlags(flags.param ?? []);
	const {workflow, problems, notices} = loadSource(source, {config, params, asDrivers: flags.dryRun === true});
	diagnostics.notices(notices);
	diagnostics.problems(problems);
	if (workflow === undefined) return undefined;
	return {
		request: {...source, params, resume: flags.new !== true},
		plan: () => {
			const planned = plan(workflow);
			return {text: formatPlan(planned), json: `${JSON.stringify(planned, undefined, 2)}\n`};
		},
	};
}

type PlanText = {readonly text: string; readonly json: string};

/** Watches runs in the way that the command line asks for. */
export function watchRuns({client}: Access, invocation: Invocation, signal: AbortSignal, manyRuns: boolean): RunWatch {
	const {flags, config, output} = invocation;
	const style = createStyle({colour: config.colour.out, unicode: config.unicode, columns: output.columns});
	const starts = flags.json === true ? undefined : viewOfStarts(invocation);
	const isLive = starts !== undefined;
	return new RunWatch({
		client,
		signal,
		starts,
		makeView: ({resumed}) =>
			flags.json === true ? new JsonView(output) : new ConsoleView({output, style, manyRuns, resumed, isLive, ask: id => client.run(id)}),
	});
}

/** What is being started, in a line that is written again and again; undefined: nobody sits at a terminal that can show one. */
export function viewOfStarts({config, output, statusLine}: Invocation): StartsView | undefined {
	if (!config.interactive) return undefined;
	const {unicode, colour} = config;
	return new StartsView({statusLine, unicode, style: createStyle({colour: colour.out, unicode, columns: output.columns})});
}
