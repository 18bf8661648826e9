import {widthOf} from '../../text/columns.ts';
import type {Palette} from '../picture/palette.ts';
import {clip, fill} from '../picture/rows.ts';
import type {Dialog} from '../ui.ts';

const widest = 72;

/** A question with its choices, in the middle of the place of the panes. */
export function dialogRows({title, text, choices, at}: Dialog, width: number, height: number, palette: Palette): string[] {
	const inside = Math.min(widest, width - 4);
	const left = ' '.repeat(Math.max(0, Math.floor((width - inside) / 2)));
	const row = (plain: string, paint: (text: string) => string = same): string =>
		fitRow(left + paint(clip(plain, inside, palette.glyphs.ellipsis)), width);
	const buttons = choices.map(({key, label}, index) => {
		const button = ` ${key} ${label} `;
		return index === at ? palette.chosen(button) : palette.dim(button);
	});
	const bar = palette.accent(palette.glyphs.strongRule.repeat(inside));
	const box = [
		fitRow(left + bar, width),
		row(title, palette.bold),
		row(''),
		...text.flatMap(line => wrap(line, inside)).map(line => row(line)),
		row(''),
		fitRow(left + buttons.join('  '), width),
		fitRow(left + bar, width),
	];
	const above = Math.max(0, Math.floor((height - box.length) / 2));
	return fill([...Array.from({length: above}, () => ' '.repeat(width)), ...box], width, height);
}

function same(text: string): string {
	return text;
}

function fitRow(row: string, width: number): string {
	return row + ' '.repeat(Math.max(0, width - widthOf(row)));
}

/** Text in lines of at most `width` columns, broken between words. */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		const longer = line === '' ? word : `${line} ${word}`;
		if (widthOf(longer) <= width || line === '') line = longer;
		else {
			lines.push(line);
			line = word;
		}
	}
	return [...lines, line];
}
