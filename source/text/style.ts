import pc from 'picocolors';
import type {RunStatus, TaskStatus} from '../model/run.ts';
import type {TaskRow} from '../protocol/views.ts';
import {formatSpan} from './spans.ts';
import {taskColours} from './task-colours.ts';

export type Paint = (text: string) => string;

/** How things look: with or without colours, in Unicode or ASCII. */
export type Style = {
	/** Whether colours from tasks may pass. */
	readonly colour: boolean;
	readonly dim: Paint;
	readonly bold: Paint;
	/** Stands where text was cut. */
	readonly ellipsis: string;
	/** How wide the terminal is; endless where there is none. */
	readonly columns: number;
	/** A mark, with its text in the same colour: `✔ succeeded`. */
	readonly mark: (mark: Mark, text?: string) => string;
	/** The colour that a task keeps throughout a run. */
	readonly task: (index: number) => Paint;
};

const unicodeMarks = {
	succeeded: '✔',
	failed: '✖',
	timed_out: '⏱',
	skipped: '⤼',
	cancelled: '⊘',
	again: '↻',
	running: '▶',
	waiting: '…',
	note: 'i',
	warning: '!',
};
const asciiMarks = {
	succeeded: '+',
	failed: 'x',
	timed_out: 'x',
	skipped: '-',
	cancelled: '-',
	again: '~',
	running: '>',
	waiting: '.',
	note: 'i',
	warning: '!',
};

export type Mark = keyof typeof unicodeMarks;

/** What a style is made for; `columns` is absent where the output is no terminal. */
export type Look = {readonly colour: boolean; readonly unicode: boolean; readonly columns?: number | undefined};

export function createStyle({colour, unicode, columns = Number.POSITIVE_INFINITY}: Look): Style {
	const paint = pc.createColors(colour);
	const marks = unicode ? unicodeMarks : asciiMarks;
	const paints: Record<Mark, Paint> = {
		succeeded: paint.green,
		failed: paint.red,
		timed_out: paint.red,
		skipped: paint.dim,
		cancelled: paint.yellow,
		again: paint.yellow,
		running: paint.dim,
		waiting: paint.yellow,
		note: paint.cyan,
		warning: paint.yellow,
	};
	return {
		colour,
		dim: paint.dim,
		bold: paint.bold,
		columns,
		ellipsis: unicode ? '…' : '~',
		mark: (mark, text) => paints[mark](text === undefined ? marks[mark] : `${marks[mark]} ${text}`),
		task: taskColours(paint),
	};
}

/** The mark of a status. */
export function markOf(status: RunStatus | TaskStatus): Mark {
	switch (status) {
		case 'pending':
		case 'blocked':
		case 'ready':
			return 'waiting';
		case 'cancelling':
			return 'cancelled';
		default:
			return status;
	}
}

/** Why a task ended as it did, or its last attempt did not succeed: `exit 7`, `SIGKILL`, a reason. Empty where there is nothing to say. */
export function whyOf({outcome, reason, status}: Pick<TaskRow, 'outcome' | 'reason' | 'status'>): string {
	if (status === 'succeeded') return '';
	// How it was made to end follows from why it was.
	if (status === 'cancelled') return reason ?? outcome?.reason ?? '';
	if (outcome?.status === 'timed_out') return outcome.reason ?? 'timed out';
	const facts = [
		outcome?.exitCode !== undefined && outcome.exitCode !== 0 ? `exit ${outcome.exitCode}` : undefined,
		outcome?.signal,
		outcome?.reason,
		reason === outcome?.reason ? undefined : reason,
	];
	return facts.filter(fact => fact !== undefined && fact !== '').join(', ');
}

/** A status with why: `failed: exit 7`. Reasons that say the status themselves stand alone: `cancelled by SIGINT`. */
export function because(status: string, why: string, between = ''): string {
	if (why.startsWith(`${status} `)) return `${why}${between}`;
	return `${status}${between}${why === '' ? '' : `: ${why}`}`;
}

/** How long the newest attempt of a task took; empty when it never started. */
export function timeOf({outcome, assignedAt, endedAt}: Pick<TaskRow, 'outcome' | 'assignedAt' | 'endedAt'>): string {
	if (outcome?.durationMs !== undefined) return formatSpan(outcome.durationMs);
	return assignedAt === undefined || endedAt === undefined ? '' : formatSpan(endedAt - assignedAt);
}
