import type {Problem} from '../model/error.ts';

const [bold, red, plain] = ['\u001b[1m', '\u001b[31m', '\u001b[0m'];

/**
 * A problem for a terminal: `file:line:column: message`, then the source line with a caret under the column where there is something to see. Control characters
 * of the source are not passed on.
 */
export function formatProblem(problem: Problem, options: {colour?: boolean} = {}): string {
	const paint = (text: string, style: string): string => (options.colour === true ? style + text + plain : text);
	const where = [problem.file, problem.line, problem.column].filter(part => part !== undefined).join(':');
	const head = where === '' ? problem.message : `${paint(`${where}:`, bold)} ${problem.message}`;
	if (problem.text === undefined || problem.text.trim() === '') return head;
	const line = `  ${printable(problem.text)}`;
	if (problem.column === undefined) return `${head}\n${line}`;
	const indent = blanks(printable(problem.text.slice(0, problem.column - 1)));
	return `${head}\n${line}\n  ${indent}${paint('^', red)}`;
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
