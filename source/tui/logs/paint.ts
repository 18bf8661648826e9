import pc from 'picocolors';
import {taskColours} from '../../text/task-colours.ts';
import type {LogLevel} from './level.ts';

type Paint = (text: string) => string;

/** How the log view looks: colours, and marks in Unicode or ASCII. */
export type LogPaint = {
	/** Times, and what stands for lines that are not shown. */
	readonly dim: Paint;
	readonly label: (text: string, colour: number) => string;
	/** SGR parameters for the word that says a line's level; empty: none. */
	readonly level: Readonly<Record<LogLevel, string>>;
	/** SGR parameters for what is searched for; `now`: where the search stands. */
	readonly match: string;
	readonly matchNow: string;
	readonly ellipsis: string;
	/** Between the label and the line: of stdout, and of stderr. */
	readonly bar: {readonly stdout: string; readonly stderr: string};
};

/** Levels are told apart by blue and orange tones and by the word itself, not by red and green. */
export function createLogPaint({colour, unicode}: {readonly colour: boolean; readonly unicode: boolean}): LogPaint {
	const paint = pc.createColors(colour);
	const colourOf = taskColours(paint);
	return {
		dim: paint.dim,
		label: (text, index) => colourOf(index)(text),
		level: colour ? {error: '1;31', warn: '33', info: '34', debug: '2'} : {error: '', warn: '', info: '', debug: ''},
		// Reverse video is no colour: without it nobody would see what was found.
		match: '7',
		matchNow: colour ? '7;1;33' : '7;1',
		ellipsis: unicode ? '…' : '~',
		bar: unicode ? {stdout: '│', stderr: '┃'} : {stdout: '|', stderr: '!'},
	};
}
