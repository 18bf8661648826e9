import {setFlagsFromString} from 'node:v8';

/** What is searched for, or filtered by. */
export type LogPattern = {
	readonly text: string;
	/** Whether a line, without its colours, has it. */
	readonly test: (plain: string) => boolean;
	/** Where it is in a line, in order, at most `most` times. */
	readonly find: (plain: string, most: number) => ReadonlyArray<{readonly from: number; readonly to: number}>;
};

// People type expressions such as (a+)+$ without thinking of what they cost. With this, V8 goes on with an engine whose time is bounded
// by the length of the line; it knows no case folding, no look-around and no references back.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/**
 * A pattern as people type it. It is searched for as it stands, or, with `regex`, as a regular expression. Capital letters
 * count only where it has some. `problem`: in words, why it is none.
 */
export function logPattern(text: string, {regex}: {readonly regex: boolean}): {pattern: LogPattern} | {problem: string} {
	// Escapes such as \S and \B are no capital letters.
	const isExact = /\p{Lu}/u.test(regex ? text.replace(/\\./gsu, '') : text);
	const folded = (plain: string) => (isExact ? plain : plain.toLowerCase());
	try {
		const one = new RegExp(regex ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
		const all = new RegExp(one.source, 'g');
		return {pattern: {text, test: plain => one.test(folded(plain)), find: (plain, most) => findAll(all, plain, folded(plain), most)}};
	} catch (error) {
		return {problem: error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error)};
	}
}

function findAll(expression: RegExp, plain: string, folded: string, most: number): Array<{from: number; to: number}> {
	// Few letters become longer as small ones; then what is found is not marked rather than marked in the wrong place.
	if (folded.length !== plain.length) return [];
	const found: Array<{from: number; to: number}> = [];
	for (const {index, 0: match} of folded.matchAll(expression)) {
		const to = index + match.length;
		const part = {from: isSplit(plain, index) ? index - 1 : index, to: isSplit(plain, to) ? to + 1 : to};
		if (match !== '' && part.from >= (found.at(-1)?.to ?? 0)) found.push(part);
		if (found.length >= most) break;
	}
	return found;
}

/** Whether a character of two units is cut in two there. */
function isSplit(text: string, at: number): boolean {
	return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
