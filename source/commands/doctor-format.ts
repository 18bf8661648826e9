import type {CheckFinding, FindingStatus, Leftover} from '../doctor/check.ts';
import {findingStatuses} from '../doctor/check.ts';
import {formatTable} from '../text/columns.ts';
import {printable} from '../text/printable.ts';
import {formatSpan, plural} from '../text/spans.ts';
import type {Look, Mark} from '../text/style.ts';
import {createStyle} from '../text/style.ts';
import {hanging} from '../text/words.ts';

const marks: Readonly<Record<FindingStatus, Mark>> = {ok: 'succeeded', note: 'note', warning: 'warning', problem: 'failed'};

/** Findings for people: a mark and a word, the check, what it says; below it what helps, and what is left over. Last, how many are bad. */
export function formatFindings(findings: readonly CheckFinding[], {now, ...look}: Look & {readonly now: number}): string {
	const style = createStyle(look);
	const table = formatTable(findings.map(({check, status}) => [style.mark(marks[status], status), check]));
	const indent = ' '.repeat(Math.max(...findings.map(({status}) => status.length)) + 4);
	const lines = findings.flatMap(({check, says, mend, leftovers = []}, index) => {
		const head = table[index] ?? check;
		return [
			...hanging(`${head}: `, printable(says, false), style.columns, indent.length),
			...formatTable(leftovers.map(left => leftoverCells(left, now))).map(line => indent + line),
			...(mend === undefined ? [] : hanging(`${indent}${style.bold('mend:')} `, printable(mend, false), style.columns)),
		];
	});
	return `${[...lines, '', summary(findings)].join('\n')}\n`;
}

function leftoverCells({name, createdAt, status, directory}: Leftover, now: number): string[] {
	return [name, `made ${formatSpan(now - createdAt)} ago`, status, directory ?? ''].map(cell => printable(cell, false));
}

function summary(findings: readonly CheckFinding[]): string {
	const count = (wanted: FindingStatus) => findings.filter(({status}) => status === wanted).length;
	const [problems, warnings] = [count('problem'), count('warning')];
	if (problems + warnings === 0) return 'Nothing is wrong.';
	return [...(problems > 0 ? [plural(problems, 'problem')] : []), ...(warnings > 0 ? [plural(warnings, 'warning')] : [])].join(', ');
}

/** The status of all of them together. */
export function worstOf(findings: readonly CheckFinding[]): FindingStatus {
	const worst = Math.max(0, ...findings.map(({status}) => findingStatuses.indexOf(status)));
	return findingStatuses[worst] ?? 'ok';
}
