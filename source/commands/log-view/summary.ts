import type {RunDetail, TaskDetail} from '../../protocol/views.ts';
import {agentLabel} from '../../text/agent-label.ts';
import {fitCells} from '../../text/cells.ts';
import {formatTable, inColumns, widthOf} from '../../text/columns.ts';
import {printable} from '../../text/printable.ts';
import {formatCount, formatSpan} from '../../text/spans.ts';
import type {Style} from '../../text/style.ts';
import {markOf, timeOf, whyOf} from '../../text/style.ts';
import {hanging, wrapWords} from '../../text/words.ts';

/** A run of more tasks is summed up in counts. */
const tableTasks = 40;
/** Failed tasks that are told about one by one. */
const shownFailures = 5;
const listedFailures = 20;
/** Columns of a task's name in the table. */
const widestTask = 40;

/**
 * The end of the log view: the last lines of what failed, a table of the tasks (counts, when they are many), and how the run ended.
 * `tail` has the last lines of a task's output.
 */
export function formatSummary(run: RunDetail, tail: (task: number) => readonly string[], style: Style): string {
	if (run.tasks.length === 1) return `${lastWords(run, style).join('\n')}\n`;
	const failures = run.tasks.filter(({status}) => status === 'failed');
	const sections = [
		...failures.slice(0, shownFailures).map(task => failureLines(task, tail(task.task), style)),
		run.tasks.length <= tableTasks ? taskTable(run, style) : failureList(failures.slice(shownFailures), style),
		lastWords(run, style),
	];
	return `${sections
		.filter(lines => lines.length > 0)
		.map(lines => `\n${lines.join('\n')}`)
		.join('\n')}\n`;
}

function failureLines(task: TaskDetail, lines: readonly string[], style: Style): string[] {
	const why = printable(whyOf(lastOf(task)), false);
	const head = `${style.mark('failed')} ${style.bold(printable(task.name, false))}`;
	const said = why === '' ? [head] : hanging(`${head}: `, why, style.columns, 4);
	return [...said, ...lines.map(line => `    ${printable(line, style.colour)}`)];
}

function failureList(failures: readonly TaskDetail[], style: Style): string[] {
	const lines = failures.slice(0, listedFailures).flatMap(task => failureLines(task, [], style));
	const more = failures.length - listedFailures;
	return more > 0 ? [...lines, style.dim(`  and ${formatCount(more)} more failed tasks`)] : lines;
}

/** The task with the outcome of its newest attempt. */
function lastOf(task: TaskDetail) {
	const outcome = task.attempts.at(-1)?.outcome;
	return {...task, ...(outcome && {outcome})};
}

function taskTable({id, tasks}: RunDetail, style: Style): string[] {
	const heads = ['TASK', 'STATUS', 'ATTEMPTS', 'AGENT', 'TIME'].map(style.dim);
	const rows = tasks.map(task => {
		const last = lastOf(task);
		return [
			shortName(task, style),
			style.mark(markOf(task.status), task.status),
			task.attempts.length === 0 ? '' : String(task.attempts.length),
			agentLabel(task.agent ?? '', id),
			timeOf(last),
			task.takenFrom === undefined ? printable(whyOf(last), false) : style.dim(`kept from run ${task.takenFrom}`),
		];
	});
	const lines = formatTable([heads, ...rows]).map(line => `  ${line}`);
	return lines.map(line => (widthOf(line) > style.columns ? `${fitCells(line, style.columns, style.ellipsis)}` : line));
}

/** Names that differ only in their ends stay apart among the failures, which have them whole. */
function shortName(task: TaskDetail, style: Style): string {
	const name = printable(task.name, false);
	return widthOf(name) > widestTask ? inColumns(name, widestTask, style.ellipsis) : name;
}

function lastWords(run: RunDetail, style: Style): string[] {
	const {id, status, createdAt, endedAt, counts, tasks} = run;
	const time = formatSpan((endedAt ?? createdAt) - createdAt);
	const shown = (['succeeded', 'failed', 'cancelled', 'skipped'] as const).filter(name => counts[name] > 0);
	const sums = tasks.length === 1 ? '' : `: ${shown.map(name => `${formatCount(counts[name])} ${name}`).join(', ')}`;
	// That the only task failed says less than why.
	const only = tasks.length === 1 && tasks[0]?.status === 'failed' ? whyOf(lastOf(tasks[0])) : '';
	const reason = status === 'succeeded' ? '' : printable(only === '' ? (run.reason ?? '') : only, false);
	const saysStatus = reason.startsWith(`${status} `);
	const head = `run ${id} ${saysStatus ? reason : status} ${status === 'succeeded' ? 'in' : 'after'} ${time}${sums}`;
	const why = reason === '' || saysStatus ? '' : `${sums === '' ? ':' : ';'} ${reason}`;
	const [first = '', ...further] = wrapWords(head + why, style.columns - 4, style.columns - 2);
	const end = [style.mark(markOf(status), first), ...further.map(line => `    ${line}`)];
	const failed = tasks.find(task => task.status === 'failed' && task.attempts.length > 0);
	return failed === undefined ? end : [...end, style.dim(`  more: byoai logs ${id} ${shellWord(failed.name)}`)];
}

function shellWord(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
