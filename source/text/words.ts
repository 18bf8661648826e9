import {widthOf} from './columns.ts';

/** Narrower columns of prose are harder to read than lines that a terminal breaks. */
const narrowestProse = 24;
/** A word, or a command in backquotes, which is to be copied whole. */
const unbroken = /(?:`[^`]*`|[^ ])+/g;

/**
 * Text in lines of at most `width` columns, the first one of at most `firstWidth`, broken between words. What is wider than a line stays
 * whole, and so does a command in backquotes.
 */
export function wrapWords(text: string, width: number, firstWidth = width): string[] {
	if (widthOf(text) <= firstWidth) return [text];
	const lines: string[] = [];
	let line = '';
	for (const [word] of text.matchAll(unbroken)) {
		const longer = line === '' ? word : `${line} ${word}`;
		if (line !== '' && widthOf(longer) > (lines.length === 0 ? firstWidth : width)) {
			lines.push(line);
			line = word;
		} else line = longer;
	}
	return [...lines, line];
}

/** `head` and the text after it, which goes on below with an indent of `hang` columns, or as wide as the head is. */
export function hanging(head: string, text: string, columns: number, hang = widthOf(head)): string[] {
	const firstWidth = columns - widthOf(head);
	if (firstWidth < narrowestProse) return [head + text];
	return wrapWords(text, columns - hang, firstWidth).map((line, index) => (index === 0 ? head : ' '.repeat(hang)) + line);
}

/** Names, and beside them what they mean, in two columns, of which the second keeps within the terminal. */
export function formatMeanings(rows: ReadonlyArray<readonly [name: string, meaning: string]>, columns: number, indent = '  '): string[] {
	const widest = Math.max(0, ...rows.map(([name]) => widthOf(name)));
	return rows.flatMap(([name, meaning]) => hanging(`${indent}${name}${' '.repeat(widest - widthOf(name))}  `, meaning, columns));
}
