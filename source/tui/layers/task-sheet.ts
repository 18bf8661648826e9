import type {AttemptStatus, TaskStatus} from '../../model/run.ts';
import type {AttemptDetail, TaskSpecView, WholeTask} from '../../protocol/views.ts';
import {formatBytes} from '../../text/figures.ts';
import {formatSpan, formatTime, plural} from '../../text/spans.ts';
import {whyOf} from '../../text/style.ts';
import {attemptStatus} from '../drawings/timeline-rows.ts';
import {goingOn} from '../picture/columns.ts';
import type {Palette} from '../picture/palette.ts';
import {commandLines} from '../subject.ts';
import type {SheetLine} from './sheet.ts';
import {unbroken} from './sheet.ts';

const badgeOf: Readonly<Record<AttemptStatus, TaskStatus>> = {...attemptStatus, assigned: 'ready'};

/** Everything about a task: how it is and why, what was tried, what it is to do, and how to get at it from a shell. */
export function taskSheet(task: WholeTask, now: number, palette: Palette): SheetLine[] {
	const {glyph, word, paint} = palette.badge(task.status);
	const why = whyOf({status: task.status, ...lastOutcome(task), ...(task.reason !== undefined && {reason: task.reason})});
	return [
		{head: 'Now'},
		{key: 'status', text: `${glyph} ${word}${why === '' ? '' : `: ${why}`}`, paint},
		...fact('why', task.waiting, palette.caution),
		...fact('kept from', task.takenFrom === undefined ? undefined : `run ${task.takenFrom}, where it succeeded`),
		...(task.retryAt === undefined || task.status !== 'waiting'
			? []
			: [{key: 'tries again', text: `in ${Math.max(0, Math.ceil((task.retryAt - now) / 1000))} s`, paint: palette.caution}]),
		{head: task.attempts.length === 0 ? 'Attempts: none so far' : 'Attempts'},
		...task.attempts.map(attempt => attemptLine(attempt, now, palette)),
		{head: 'What it does'},
		...specLines(task.spec),
		{head: 'From a shell'},
		...commandLines({kind: 'task', run: task.run, task: task.task, name: task.name}).map(line => ({line, paint: palette.accent})),
	];
}

function fact(key: string, text: string | undefined, paint?: (text: string) => string): SheetLine[] {
	return text === undefined ? [] : [{key, text, ...(paint && {paint})}];
}

function lastOutcome({attempts}: WholeTask) {
	const outcome = attempts.at(-1)?.outcome;
	return outcome === undefined ? {} : {outcome};
}

function attemptLine(
	{number, agent, status, assignedAt, endedAt, outcome, logBytes}: AttemptDetail,
	now: number,
	palette: Palette,
): SheetLine {
	const badge = palette.badge(badgeOf[status]);
	const took = outcome?.durationMs ?? (endedAt === undefined ? undefined : endedAt - assignedAt);
	const time = took === undefined ? goingOn(now - assignedAt) : formatSpan(took);
	const why = outcome === undefined ? '' : whyOf({status: 'failed', outcome});
	const facts = [
		`${badge.glyph} ${(status === 'assigned' ? 'given out' : status.replace('_', ' ')).padEnd(9)}`,
		time.padStart(11),
		`on ${agent}`,
		`${took === undefined ? 'since' : 'from'} ${formatTime(assignedAt)}`,
		...(why === '' || status === 'succeeded' ? [] : [why]),
		...(logBytes === undefined ? [] : [`${formatBytes(logBytes)} of output`]),
	];
	return {key: `attempt ${number}`, text: facts.map(unbroken).join('  '), paint: badge.paint};
}

function specLines(spec: TaskSpecView): SheetLine[] {
	const {command, agent, image, dependsOn, env, workingDir, shell, timeoutMs, retry, continueOnError, volumes, resources, labels} = spec;
	return [
		{key: 'command', text: (typeof command === 'string' ? command.replace(/\n$/, '') : command.join('\n')).split('\n')},
		{key: 'agent', text: 'name' in agent ? agent.name : `any with ${pairs(agent.labels)}`},
		...fact('image', image),
		...(dependsOn.length === 0 ? [] : [{key: 'depends on', text: dependsOn.map(dependencyText).join(', ')}]),
		...fact('timeout', timeoutMs === undefined ? undefined : formatSpan(timeoutMs)),
		{key: 'retry', text: retryText(retry)},
		...(continueOnError ? [{key: 'failure', text: 'does not fail the run'}] : []),
		...fact('directory', workingDir),
		...fact('shell', shell?.join(' ')),
		...(env.length === 0 ? [] : [{key: 'environment', text: `${env.join(', ')} (values are not shown)`}]),
		...(volumes.length === 0 ? [] : [{key: 'volumes', text: volumes}]),
		...fact('requests', resources?.requests && pairs(resources.requests)),
		...fact('limits', resources?.limits && pairs(resources.limits)),
		...(Object.keys(labels).length === 0 ? [] : [{key: 'labels', text: pairs(labels)}]),
	];
}

function dependencyText({name, condition, optional}: TaskSpecView['dependsOn'][number]): string {
	const how = {succeeded: '', failed: ' (when it failed)', completed: ' (however it ends)', ordered: ' (by file order)'}[condition];
	return `${name}${how}${optional ? ' (if it is not skipped)' : ''}`;
}

function retryText({limit, delayMs, backoff, maxDelayMs, exitCodes, lost}: TaskSpecView['retry']): string {
	const lostText = `${lost === 0 ? 'not' : `${plural(lost, 'time')}`} after an agent was lost`;
	if (limit === 0) return `not after a failure, ${lostText}`;
	const growing = backoff === 1 ? '' : `, times ${backoff} each, at most ${formatSpan(maxDelayMs)}`;
	const codes = exitCodes === undefined ? '' : `, for exit ${exitCodes.join(', ')} only`;
	return `${plural(limit, 'time')} after ${formatSpan(delayMs)}${growing}${codes}; ${lostText}`;
}

/** `a=1 b=2` */
export function pairs(values: Readonly<Record<string, string>>): string {
	return Object.entries(values)
		.map(pair => pair.join('='))
		.join(' ');
}
