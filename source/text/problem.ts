import type {Problem} from '../model/error.ts';
import {hanging} from './words.ts';

const [bold, red, plain] = ['\u001b[1m', '\u001b[31m', '\u001b[0m'];

/**
 * A problem for a terminal: `file:line:column: message`, then the source line with a caret under the column where there is something to see. Control characters
 * of the source are not passed on. Where the terminal has so many `columns`, the message is broken between words, and of a source line that is wider
 * the part around the caret is shown.
 */
export function formatProblem(problem: Problem, options: {colour?: boolean; columns?: number} = {}): string {
	const paint = (text: string, style: string): string => (options.colour === true ? style + text + plain : text);
	const where = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':');
	const {columns = Number.POSITIVE_INFINITY} = options;
	const lead = where === '' ? '' : `${where}: `;
	const lines = hanging(lead, problem.message, columns, goesOnAt).join('\n');
	const head = where === '' ? lines : `${paint(`${where}:`, bold)}${lines.slice(lead.length - 1)}`;
	if (problem.text === undefined || problem.text.trim() === '') return head;
	const {column = 1} = problem;
	const {before, after} = windowOf(printable(problem.text.slice(0, column - 1)), printable(problem.text.slice(column - 1)), columns);
	const line = `  ${before}${after}`;
	if (problem.column === undefined) return `${head}\n${line}`;
	return `${head}\n${line}\n  ${blanks(before)}${paint('^', red)}`;
}

/** Deeper than the source line below. */
const goesOnAt = 4;

/** What of a line fits beside the indent, with more of what follows the place than of what comes before it. */
function windowOf(before: string, after: string, columns: number): {before: string; after: string} {
	const room = columns - 2;
	if (room < leastRoom || blanks(before + after).length <= room) return {before, after};
	const left = Math.max(Math.floor(room / 3), room - blanks(after).length);
	const start =
		blanks(before).length <= left
			? before
			: `… ${cut([...before].reverse(), left - 2)
					.reverse()
					.join('')}`;
	const rest = room - blanks(start).length;
	return {before: start, after: blanks(after).length <= rest ? after : `${cut([...after], rest - 2).join('')} …`};
}

/** In fewer columns than that, there is nothing to see. */
const leastRoom = 20;

/** As many of the characters as there are columns for. */
function cut(characters: readonly string[], columns: number): string[] {
	let used = 0;
	const over = characters.findIndex(character => {
		used += blanks(character).length;
		return used > columns;
	});
	return characters.slice(0, over < 0 ? undefined : over);
}

/** All but the tab of the control characters, among them those that steer terminals or turn the direction of text. */
const controls = /(?!\t)[\p{Cc}\p{Bidi_Control}]/gu;

function printable(text: string): string {
	return text.replace(controls, '\ufffd');
}

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** As many columns of blanks as the text takes; tabs stay, since only the terminal knows their width. */
function blanks(text: string): string {
	let indent = '';
	for (const character of text) {
		if (character === '\t') indent += '\t';
		else if (!/\p{Mark}/u.test(character)) indent += wide.test(character) ? '  ' : ' ';
	}
	return indent;
}
