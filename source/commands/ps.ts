import type {RunsQuery} from '../client/queries.ts';
import {ByoaiError} from '../model/error.ts';
import {runEnded, runStatuses} from '../model/run.ts';
import type {RunRow} from '../protocol/views.ts';
import {fitTable} from '../text/columns.ts';
import {printable} from '../text/printable.ts';
import {formatSpan} from '../text/spans.ts';
import type {Look} from '../text/style.ts';
import {createStyle, markOf} from '../text/style.ts';
import {didYouMean} from '../workflow/suggest.ts';
import type {Run} from './command.ts';
import {findOrchestrator} from './orchestrators.ts';
import {readCount} from './words/arguments.ts';
import type {Flags} from './words/options.ts';

const workflowColumn = 1;

/** `byoai ps`: runs, newest first. */
export const ps: Run = async invocation => {
	const {flags, config, output, diagnostics} = invocation;
	const query = queryOf(flags);
	const {client, own, close} = await findOrchestrator(invocation, 'reader');
	try {
		const runs = await client.runs(query);
		if (flags.json === true) output.write(`${JSON.stringify(runs, undefined, 2)}\n`);
		else output.write(formatRuns(runs, {colour: config.colour.out, unicode: config.unicode, columns: output.columns, now: Date.now()}));
		if (own !== undefined && runs.some(({status}) => !runEnded(status))) {
			diagnostics.info('no orchestrator runs here now; unfinished runs go on with the next one that is started');
		}
	} finally {
		await close();
	}
	return 0;
};

function queryOf({status: text, limit}: Flags): RunsQuery {
	const status = runStatuses.find(known => known === text);
	if (text !== undefined && status === undefined) {
		throw new ByoaiError(
			'usage',
			`--status must be one of ${runStatuses.join(', ')}, not ${JSON.stringify(text)}${didYouMean(text, runStatuses)}`,
		);
	}
	return {...(status && {status}), ...(limit !== undefined && {limit: readCount(limit, '--limit')})};
}

/** The table of runs; its head alone when there are none. */
export function formatRuns(runs: readonly RunRow[], {now, ...look}: Look & {readonly now: number}): string {
	const style = createStyle(look);
	const rows = runs.map(({id, workflow, status, counts, createdAt, endedAt}) => {
		const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
		const done = counts.succeeded + counts.failed + counts.cancelled + counts.skipped;
		return [
			id,
			printable(workflow, false),
			style.mark(markOf(status), status),
			`${done}/${total}`,
			`${formatSpan(now - createdAt)} ago`,
			formatSpan((endedAt ?? now) - createdAt),
		];
	});
	const table = [['RUN', 'WORKFLOW', 'STATUS', 'TASKS', 'STARTED', 'TIME'].map(style.dim), ...rows];
	return `${fitTable(table, workflowColumn, style).join('\n')}\n`;
}
