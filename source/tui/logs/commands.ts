import type {Move} from '../moving.ts';

/** What keys do in the log pane. */
const logActions = [
	'follow',
	'wrap',
	'timestamps',
	'level',
	'shift-left',
	'shift-right',
	'search',
	'only',
	'without',
	'next-match',
	'previous-match',
	'next-error',
	'previous-error',
] as const;
export type LogAction = (typeof logActions)[number];

/** What is asked of the log pane, which keeps its place by itself: there may be more lines than anybody wants to copy. */
export type LogCommand =
	/** Rows or screens down; up where negative. */
	| {readonly type: 'scroll' | 'page'; readonly by: number}
	| {readonly type: 'first' | 'last' | 'follow' | 'wrap' | 'timestamps' | 'level' | 'clear'}
	| {readonly type: 'match' | 'error'; readonly forward: boolean}
	/** Columns to the right. */
	| {readonly type: 'shift'; readonly by: number}
	/** While it is typed; empty: no more. */
	| {readonly type: 'search' | 'only' | 'without'; readonly text: string; readonly isRegex: boolean}
	/** What was typed counts from now on. */
	| {readonly type: 'keep'};

/** A line that is typed for the log pane. */
export type LogPromptKind = 'search' | 'only' | 'without';

/** A move as the log pane understands it. */
export function logMove(move: Move): LogCommand {
	switch (move) {
		case 'up':
			return {type: 'scroll', by: -1};
		case 'down':
			return {type: 'scroll', by: 1};
		case 'half-up':
			return {type: 'page', by: -0.5};
		case 'half-down':
			return {type: 'page', by: 0.5};
		case 'page-up':
			return {type: 'page', by: -1};
		case 'page-down':
			return {type: 'page', by: 1};
		case 'first':
		case 'last':
			return {type: move};
	}
}

const shiftColumns = 8;

export function isLogAction(action: string): action is LogAction {
	return (logActions as readonly string[]).includes(action);
}

/** An action of the log pane: a command, or a line to be typed first. */
export function logCommandOf(action: LogAction): LogCommand | {readonly prompt: LogPromptKind} {
	switch (action) {
		case 'follow':
		case 'wrap':
		case 'timestamps':
		case 'level':
			return {type: action};
		case 'shift-left':
			return {type: 'shift', by: -shiftColumns};
		case 'shift-right':
			return {type: 'shift', by: shiftColumns};
		case 'search':
		case 'only':
		case 'without':
			return {prompt: action};
		case 'next-match':
		case 'previous-match':
			return {type: 'match', forward: action === 'next-match'};
		case 'next-error':
		case 'previous-error':
			return {type: 'error', forward: action === 'next-error'};
	}
}
