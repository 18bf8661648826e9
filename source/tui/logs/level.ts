import {plainOf} from '../../text/cells.ts';

/** How grave a line says it is, from the gravest on. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** The level of a line, and which part of it says so. */
export type FoundLevel = {readonly level: LogLevel; readonly from: number; readonly to: number};

/** Further in, the words are more often told about than meant. */
const searchedCharacters = 240;

const words: Readonly<Record<string, LogLevel>> = {
	emergency: 'error',
	emerg: 'error',
	alert: 'error',
	critical: 'error',
	crit: 'error',
	fatal: 'error',
	panic: 'error',
	severe: 'error',
	error: 'error',
	err: 'error',
	warning: 'warn',
	warn: 'warn',
	notice: 'info',
	information: 'info',
	info: 'info',
	inf: 'info',
	wrn: 'warn',
	debug: 'debug',
	dbg: 'debug',
	trace: 'debug',
	verbose: 'debug',
};
const word = Object.keys(words).join('|');
/** `"level":"error"`, `"severity": 30`, `level=warn` */
const named = new RegExp(`(?:"(?:level|severity|lvl)"\\s*:\\s*"?|\\b(?:level|severity|lvl)="?)(\\d{2}|${word})\\b`, 'i');
/** `ERROR`, `[warn]`, `<info>`, `error:`, `error TS2304:` */
const standing = new RegExp(
	`(?<![\\w-])(?:(${word.toUpperCase()})(?![\\w-])|(?<=[[<(])(${word})(?=[\\]>)])|(${word})(?=:| [A-Z]{2,}\\d+:| -{1,2} |\\[E\\d))`,
	'',
);
const lowerStart = /^\s*(Error|Warning|Warn|Info|Debug|Fatal|Panic|Critical)(?=:|\s*\[|!)/;
/** Errors as languages print them: `TypeError: …`, `Traceback (…)`, `Exception in thread`, `panic: `, `npm ERR!`, `thread 'main' panicked` */
const thrown =
	/^(?:Traceback \(|Exception in |Unhandled |Uncaught |thread '.{0,60}' panicked|npm ERR!|fatal: |\w{0,60}(?:Error|Exception): )/;

/** What level a line without colours is of; undefined: it says nothing of it. */
export function findLevel(plain: string): FoundLevel | undefined {
	const head = plain.length > searchedCharacters ? plain.slice(0, searchedCharacters) : plain;
	// Each expression begins with a search of its own for what is rare in most lines.
	const field = /level|severity|lvl/i.test(head) ? named.exec(head) : null;
	if (field?.[1] !== undefined) {
		const level = levelNamed(field[1]);
		const to = field.index + field[0].length;
		if (level !== undefined) return {level, from: to - field[1].length, to};
	}
	const thrownAs = thrown.exec(head);
	if (thrownAs !== null) return {level: 'error', from: 0, to: thrownAs[0].trimEnd().length};
	const found = standing.exec(head) ?? lowerStart.exec(head);
	if (found === null) return undefined;
	const text = found[1] ?? found[2] ?? found[3] ?? '';
	const level = levelNamed(text);
	if (level === undefined) return undefined;
	const from = found.index + found[0].indexOf(text);
	return {level, from, to: from + text.length};
}

/** The level of a sanitised line. */
export function levelOf(text: string): LogLevel | undefined {
	return findLevel(plainOf(text))?.level;
}

/** Numbers are those of Bunyan and Pino: 30 is information, 50 an error. */
function levelNamed(text: string): LogLevel | undefined {
	const number = Number(text);
	if (Number.isNaN(number)) return words[text.toLowerCase()];
	if (number >= 50) return 'error';
	if (number >= 40) return 'warn';
	return number >= 30 ? 'info' : 'debug';
}
