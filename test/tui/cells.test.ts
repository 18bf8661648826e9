import fc from 'fast-check';
import stringWidth from 'string-width';
import {expect, test} from 'vitest';
import {cellWidth, fitCells, overlaid, plainOf, sliceCells, styled, styledText, wrapCells} from '../../source/text/cells.ts';
import {Sanitiser} from '../../source/text/sanitise.ts';
import {applySgr} from '../../source/text/sgr.ts';

const esc = '\u001b';

/** Sanitised text with everything that makes widths hard. */
const text = fc
	.string({
		unit: fc.constantFrom(
			...['a', 'b', ' ', '日', '本', '🙂', '👩‍🚀', '❤️', 'é', 'e\u0301', '\u0301', '\u200d', '각', '1\ufe0f\u20e3', '🇩🇪', 'ｶﾞ'],
			...[`${esc}[31m`, `${esc}[1;44m`, `${esc}[0m`],
		),
		maxLength: 40,
	})
	.map(raw => new Sanitiser({colour: true, lineCharacters: 10_000}).line(raw));
const width = fc.integer({min: 1, max: 30});

test('wrapped rows are never too wide, and together they are the text', () => {
	fc.assert(
		fc.property(text, width, (line, columns) => {
			const rows = wrapCells(styled(line), columns);
			for (const row of rows) expect(stringWidth(row)).toBeLessThanOrEqual(columns);
			if (columns > 4) expect(rows.map(plainOf).join('')).toBe(plainOf(line));
			for (const row of rows) expect(row.includes(esc) ? row.endsWith(`${esc}[0m`) || row.includes(`${esc}[0m`) : true).toBe(true);
		}),
	);
});

test('a slice is never too wide', () => {
	fc.assert(
		fc.property(text, fc.nat(40), width, (line, from, columns) => {
			const slice = sliceCells(styled(line), from, columns);
			expect(stringWidth(slice)).toBeLessThanOrEqual(columns);
			if (from + columns <= stringWidth(line) && !/[^ -~]/.test(plainOf(line))) expect(stringWidth(slice)).toBe(columns);
		}),
	);
});

test('fitted text is exactly as wide as it is to be', () => {
	fc.assert(fc.property(text, width, (line, columns) => void expect(stringWidth(fitCells(line, columns))).toBe(columns)));
});

test('what is fitted is filled or cut', () => {
	expect(fitCells('abc', 5)).toBe('abc  ');
	expect(fitCells('abcdef', 4)).toBe('abc…');
	expect(fitCells('日本語', 4)).toBe('日… ');
	expect(cellWidth('日本語')).toBe(6);
});

test('a wide character that is cut at the left leaves a blank', () => {
	expect(sliceCells(styled('日本語'), 1, 4)).toBe(' 本');
	expect(sliceCells(styled(`${esc}[31mabcdef${esc}[0m`), 2, 3)).toBe(`${esc}[31mcde${esc}[0m`);
});

test('taking text apart and putting it together changes nothing', () => {
	fc.assert(fc.property(text, line => void expect(plainOf(styledText(styled(line)))).toBe(plainOf(line))));
	expect(styledText(styled(`a${esc}[31mb${esc}[0mc`))).toBe(`a${esc}[31mb${esc}[0mc`);
});

test('an overlay is added to the colours there, and to nothing else', () => {
	const found = overlaid(styled(`ab${esc}[31mcd${esc}[0mef`), [{from: 1, to: 3}], sgr => applySgr(sgr, '7'));
	expect(styledText(found)).toBe(`a${esc}[7mb${esc}[7;31mc${esc}[0m${esc}[31md${esc}[0mef`);
	expect(found.plain).toBe('abcdef');
});

test('a character wider than the pane does not break it', () => {
	expect(wrapCells(styled('日a🙂'), 1)).toEqual(['·', 'a', '·']);
});

test('every character that counts as simple is as wide as string-width says, whatever is beside it', () => {
	const ranges = [
		[0x20, 0x7e],
		[0xa1, 0xac],
		[0xae, 0xff],
		[0x400, 0x482],
		[0x48a, 0x52f],
		[0x2026, 0x2026],
		[0x2500, 0x257f],
	] as const;
	const wide = [
		[0x3041, 0x3096],
		[0x30a1, 0x30fa],
		[0x4e00, 0x9fff],
		[0xac00, 0xd7a3],
	] as const;
	const all = [...ranges, ...wide].flatMap(([from, to]) => Array.from({length: to - from + 1}, (_, at) => String.fromCharCode(from + at)));
	expect(all.filter(character => cellWidth(character) !== stringWidth(character))).toEqual([]);
	const some = fc.constantFrom(...all.filter((_, at) => at < 600 || at % 50 === 0));
	fc.assert(fc.property(fc.string({unit: some, maxLength: 30}), line => void expect(cellWidth(line)).toBe(stringWidth(line))));
});
