import type {RunId} from '../../model/ids.ts';
import type {TaskStatus} from '../../model/run.ts';
import {localAgentName} from '../../model/workflow.ts';
import type {LogLine, TaskRow} from '../../protocol/views.ts';
import {agentLabel} from '../../text/agent-label.ts';
import {inColumns, widthOf} from '../../text/columns.ts';
import {printable} from '../../text/printable.ts';
import {formatCount, formatSpan, formatTime, plural} from '../../text/spans.ts';
import type {Style} from '../../text/style.ts';
import {because, markOf, timeOf, whyOf} from '../../text/style.ts';
import type {Notice} from './story.ts';

const widestTask = 24;
const widestAgent = 20;
/** On a narrow terminal, neither takes more than this part of a line, so that most of it is left for the text. */
const widestPart = 1 / 5;
const narrowest = 8;

export type FormatOptions = {
	readonly style: Style;
	/** Names of the run's tasks, from which the width of their column follows. */
	readonly taskNames: readonly string[];
	readonly run: RunId;
	/** Several runs share the view: each line names its own. */
	readonly manyRuns?: boolean;
};

/** Lines of one run for people: time, agent, task and text. Every result ends in a line break. */
export class ConsoleFormat {
	readonly #style: Style;
	readonly #run: RunId;
	readonly #runLabel: string;
	readonly #taskWidth: number;
	readonly #widestAgent: number;
	/** 0 as long as there is none but `local-agent`: then the column would say nothing. */
	#agentWidth = 0;
	readonly #tasks = new Map<number, string>();
	readonly #agents = new Map<string, string>();
	#time = {second: 0, text: ''};

	constructor({style, taskNames, run, manyRuns = false}: FormatOptions) {
		this.#style = style;
		this.#run = run;
		this.#runLabel = manyRuns ? `${style.dim(run)}  ` : '';
		const part = Math.max(narrowest, Math.floor(style.columns * widestPart));
		this.#widestAgent = Math.min(widestAgent, part);
		const most = Math.min(widestTask, part);
		this.#taskWidth = taskNames.reduce((widest, name) => (widest === most ? widest : Math.min(most, Math.max(widest, widthOf(name)))), 1);
	}

	/** One line of a task's output. */
	line({at, agent, task, name, text, cut}: LogLine): string {
		const end = cut === true ? this.#style.ellipsis : '';
		return `${this.#prefix(at, agent, task, name)}${printable(text, this.#style.colour)}${end}\n`;
	}

	/** A notice of something that happened at `at`. */
	notice(notice: Notice, at: number): string {
		if (!('task' in notice) || typeof notice.task === 'string') return `${this.#stamp(at)}${this.#text(notice)}\n`;
		const {task, name, agent} = notice.task;
		return `${this.#prefix(at, agent, task, name)}${this.#text(notice)}\n`;
	}

	/** A line that belongs to no task. */
	plain(text: string, at: number): string {
		return `${this.#stamp(at)}${text}\n`;
	}

	#text(notice: Notice): string {
		const style = this.#style;
		switch (notice.kind) {
			case 'agent': {
				const {problem, starting} = notice;
				const why = problem ?? starting;
				// What keeps it from serving is no step of its start.
				if (notice.status === 'starting' && problem !== undefined)
					return style.mark('failed', `agent ${agentLabel(notice.agent, this.#run)}: ${printableLines(problem)}`);
				const text = `agent ${agentLabel(notice.agent, this.#run)} is ${notice.status}${why === undefined ? '' : `: ${printableLines(why)}`}`;
				if (notice.status === 'starting') return why === undefined ? style.dim(text) : style.mark('waiting', text);
				return notice.status === 'lost' || notice.problem !== undefined ? style.mark('failed', text) : style.dim(text);
			}
			case 'starting':
				return style.mark('waiting', `is starting: ${printable(notice.task.starting ?? '', false)}`);
			case 'quiet':
				return style.mark('running', 'runs; no output so far');
			case 'again':
				return style.mark('again', againText(notice.task, notice.inMs));
			case 'ended':
				return endText(style, notice.task);
			case 'waiting': {
				const who = notice.others === 0 ? `${notice.task} waits` : `${notice.task} and ${plural(notice.others, 'other task')} wait`;
				return style.mark('waiting', `${printable(who, false)}: ${printable(notice.reason, false)}`);
			}
			case 'progress':
				return style.dim(progressText(notice.counts));
			case 'stopping':
				return style.mark('cancelled', `ending: ${printable(notice.reason, false)}`);
		}
	}

	#prefix(at: number, agent: string | undefined, task: number, name: string): string {
		return `${this.#stamp(at)}${this.#agentCell(agent)}${this.#taskCell(task, name)}`;
	}

	#stamp(at: number): string {
		const second = Math.floor(at / 1000);
		if (this.#time.second !== second) this.#time = {second, text: `${this.#style.dim(formatTime(at))}  `};
		return this.#time.text + this.#runLabel;
	}

	#agentCell(agent: string | undefined): string {
		const label = agentLabel(agent ?? '', this.#run);
		const isNamed = this.#agentWidth > 0 || (agent !== undefined && agent !== localAgentName);
		if (isNamed && widthOf(label) > this.#agentWidth && this.#agentWidth < this.#widestAgent) {
			this.#agentWidth = Math.min(this.#widestAgent, widthOf(label));
			this.#agents.clear();
		}
		if (this.#agentWidth === 0) return '';
		let cell = this.#agents.get(label);
		if (cell === undefined) {
			cell = `${this.#style.dim(inColumns(label, this.#agentWidth, this.#style.ellipsis))}  `;
			this.#agents.set(label, cell);
		}
		return cell;
	}

	#taskCell(task: number, name: string): string {
		let cell = this.#tasks.get(task);
		if (cell === undefined) {
			cell = `${this.#style.task(task)(inColumns(printable(name, false), this.#taskWidth, this.#style.ellipsis))}  `;
			this.#tasks.set(task, cell);
		}
		return cell;
	}
}

/** How a task ended, with its mark: `✔ succeeded in 1.2 s`, `✖ failed after 3 s: exit 7`. */
function endText(style: Style, task: TaskRow): string {
	const time = timeOf(task);
	const why = printable(whyOf(task), false);
	if (task.status === 'succeeded') return style.mark('succeeded', `succeeded${time === '' ? '' : ` in ${time}`}`);
	if (task.status === 'failed' && task.outcome?.status === 'timed_out') return style.mark('timed_out', `timed out after ${time}`);
	return style.mark(markOf(task.status), because(task.status, why, time === '' ? '' : ` after ${time}`));
}

/** What an engine says may have lines of its own: the output of a build that failed. */
function printableLines(text: string): string {
	const lines = text.split('\n').map(line => printable(line, false));
	return lines.join('\n');
}

const howWords: Readonly<Record<string, string>> = {lost: 'was lost', timed_out: 'timed out'};

function againText({status, attempt, outcome, before, ...task}: TaskRow, inMs: number | undefined): string {
	const isUnderWay = status === 'running';
	const last = isUnderWay ? before : outcome;
	const how = howWords[last?.status ?? 'failed'] ?? 'failed';
	const why = printable(whyOf({...task, status, ...(last && {outcome: last})}), false);
	if (isUnderWay) return `attempt ${attempt}: the one before ${because(how, why)}`;
	const when = inMs === undefined || inMs < 50 ? '' : ` in ${formatSpan(inMs)}`;
	return `tries again${when} (attempt ${attempt} ${because(how, why)})`;
}

const shownCounts: ReadonlyArray<TaskStatus> = ['running', 'ready', 'waiting', 'blocked', 'failed', 'cancelled', 'skipped'];

function progressText(counts: Readonly<Record<TaskStatus, number>>): string {
	const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
	return [
		`${formatCount(counts.succeeded)} of ${plural(total, 'task')} succeeded`,
		...shownCounts.filter(status => counts[status] > 0).map(status => `${formatCount(counts[status])} ${status}`),
	].join(', ');
}
