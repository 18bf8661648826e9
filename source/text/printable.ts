/** Escape sequences of every kind, whole or cut off at the end, as the source of an expression. */
export const escapeSequence = [
	'(?:\\u001b\\]|\\u009d)[^\\u0007\\u001b\\u009c]*(?:\\u0007|\\u001b\\\\|\\u009c|$)', // operating system commands: titles, links, clipboard
	'(?:\\u001b[PX^_]|[\\u0090\\u0098\\u009e\\u009f])[^\\u001b\\u009c]*(?:\\u001b\\\\|\\u009c|$)', // device control and other strings
	'(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*(?:[@-~]|$)', // control sequences: cursor, erasing, colours
	'\\u001b[ -/]*(?:[0-~]|$)', // the rest
].join('|');
/** Characters that turn the direction of text round, so that it reads other than it is: within `[]` of an expression. */
export const bidirectional = '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const controls = `[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f${bidirectional}]`;
const steering = new RegExp(`${escapeSequence}|${controls}`, 'g');
const hasControls = new RegExp(controls);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this file is about
const colours = /^\u001b\[[\d;:]*m$/;
const plain = '\u001b[0m';

/**
 * Text from a task as it may go to a terminal: nothing in it moves the cursor, erases, turns the direction of text, or changes more than
 * the colours of its own line. Tabs stay. Of a line that rewrote itself with carriage returns the last state is shown. Without `colour`
 * it has no escape sequence at all.
 */
export function printable(text: string, colour: boolean): string {
	if (!hasControls.test(text)) return text;
	const shown = lastState(text);
	let coloured = false;
	const safe = shown.replace(steering, sequence => {
		if (!colour || !colours.test(sequence)) return '';
		coloured = true;
		return sequence;
	});
	return coloured ? `${safe}${plain}` : safe;
}

/** Of a line that rewrote itself with carriage returns, what it came to. */
export function lastState(text: string): string {
	let end = text.length;
	while (end > 0 && text.charAt(end - 1) === '\r') end--;
	return text.slice(text.lastIndexOf('\r', end - 1) + 1, end);
}
