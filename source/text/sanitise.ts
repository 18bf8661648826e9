import {bidirectional, escapeSequence, lastState} from './printable.ts';
import type {Sgr} from './sgr.ts';
import {applySgr, plainSgr, sgrReset, turn} from './sgr.ts';
import {formatCount} from './spans.ts';

const unsafe = new RegExp(
	`${escapeSequence}|\\t|[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f${bidirectional}]|[\\u2028\\u2029]|\\p{Surrogate}`,
	'gu',
);
/** Whether there is anything to be done at all: most lines have nothing but letters. */
const suspicious = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f${bidirectional}\\u2028\\u2029\\ud800-\\udfff]`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this file is about
const colour = /^(?:\u001b\[|\u009b)([\d;:]*)m$/;
/** Lines in which there is nothing to be done but to follow the colours. */
const onlyColours = new RegExp(`^(?:[^\\u0000-\\u001f\\u007f-\\u009f${bidirectional}\\u2028\\u2029\\ud800-\\udfff]|\\u001b\\[[\\d;:]*m)*$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same
const colours = /\u001b\[([\d;:]*)m/g;
const tabStop = 8;

export type SanitiseOptions = {
	/** Whether colours pass. Without it a result holds no escape sequence at all. */
	readonly colour: boolean;
	/** Characters (UTF-16 units) of a line that are kept; `…` and how many more there were stand for the rest. */
	readonly lineCharacters: number;
};

/**
 * Lines of one stream of untrusted output as they may go to a terminal. Nothing in a result moves the cursor, erases, sets a title,
 * makes a link, fills the clipboard or turns the direction of text. Colours pass, are off at the end of each line, and go on in the
 * next one. Tabs are blanks up to the next stop. Of a line that rewrote itself with carriage returns the last state is left.
 */
export class Sanitiser {
	readonly #colour: boolean;
	readonly #lineCharacters: number;
	#sgr: Sgr = plainSgr;

	constructor({colour, lineCharacters}: SanitiseOptions) {
		this.#colour = colour;
		this.#lineCharacters = lineCharacters;
	}

	/** No colour goes on from the lines before. */
	get isPlain(): boolean {
		return this.#sgr.text === '';
	}

	/** The next line, without its end. `lost`: characters at its end that were not even kept until now; they count as cut. */
	line(text: string, lost = 0): string {
		const {shown, sgr} = this.#clean(text, lost);
		this.#sgr = sgr;
		return shown;
	}

	/** The same for a line that may go on: colours go on from the line before, and the next call begins there again. */
	openLine(text: string, lost = 0): string {
		return this.#clean(text, lost).shown;
	}

	#clean(text: string, lost: number): {shown: string; sgr: Sgr} {
		const start = this.#sgr;
		if (lost === 0 && text.length <= this.#lineCharacters && start.text === '' && !suspicious.test(text)) return {shown: text, sgr: start};
		const last = lastState(text);
		const kept = last.length <= this.#lineCharacters ? last : last.slice(0, this.#lineCharacters);
		const more = last.length - kept.length + lost;
		const end = more === 0 ? '' : `… (${formatCount(more)} more characters)`;
		return this.#colour && onlyColours.test(kept) ? followColours(kept, end, start) : this.#steered(kept, end, start);
	}

	#steered(text: string, end: string, start: Sgr): {shown: string; sgr: Sgr} {
		let sgr = start;
		/** By how much columns are behind offsets. Wide characters count as they are long: that is near enough for tab stops. */
		let removed = 0;
		const safe = text.replace(unsafe, (found, ...rest) => {
			if (found === '\t') {
				const offset = rest.at(-2) as number;
				const blanks = tabStop - ((offset - removed) % tabStop);
				removed -= blanks - 1;
				return ' '.repeat(blanks);
			}
			if (isLoneSurrogate(found)) return '\ufffd';
			if (found === '\u2028' || found === '\u2029') return ' ';
			removed += found.length;
			const parameters = this.#colour ? colour.exec(found)?.[1] : undefined;
			if (parameters === undefined) return '';
			const next = applySgr(sgr, parameters);
			const sequence = turn(sgr, next);
			sgr = next;
			return sequence;
		});
		const close = sgr.text === '' ? '' : sgrReset;
		return {shown: `${start.text}${safe}${close}${end}`, sgr};
	}
}

function followColours(text: string, end: string, start: Sgr): {shown: string; sgr: Sgr} {
	let shown = start.text;
	let sgr = start;
	let from = 0;
	colours.lastIndex = 0;
	for (let match = colours.exec(text); match !== null; match = colours.exec(text)) {
		const next = applySgr(sgr, match[1] ?? '');
		shown += text.slice(from, match.index) + turn(sgr, next);
		sgr = next;
		from = colours.lastIndex;
	}
	return {shown: `${shown}${text.slice(from)}${sgr.text === '' ? '' : sgrReset}${end}`, sgr};
}

function isLoneSurrogate(found: string): boolean {
	const code = found.charCodeAt(0);
	return found.length === 1 && code >= 0xd800 && code <= 0xdfff;
}
