import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import {formatTable, inColumns, widthOf} from '../../source/text/columns.ts';
import {printable} from '../../source/text/printable.ts';
import {formatSpan, plural} from '../../source/text/spans.ts';

const red = '\u001b[31m';
const reset = '\u001b[0m';

describe('text of tasks cannot garble a terminal', () => {
	test.each([
		['plain', 'tab\tand ünï 漢', 'tab\tand ünï 漢'],
		['erasing and moving', '\u001b[2Ja\u001b[10;20Hb\u001b[Kc', 'abc'],
		['a title, ended by BEL', '\u001b]0;evil\u0007text', 'text'],
		['a link, ended by ST', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
		['a device control string', '\u001bPq#0\u001b\\text', 'text'],
		['an unfinished string', 'text\u001b]52;c;AAAA', 'text'],
		['an unfinished sequence', 'text\u001b[3', 'text'],
		['the eight-bit forms', '\u009b2Ja\u009d0;x\u009cb', 'ab'],
		['a reset of the terminal', 'a\u001bcb', 'ab'],
		['a character set', 'a\u001b(0b', 'ab'],
		['bells, backspaces and NUL', 'a\u0007\u0008\u0000b\u007f', 'ab'],
		['a progress bar', '10%\r50%\r100%', '100%'],
		['a line end of Windows', 'text\r', 'text'],
		['what turns the direction of text round', 'a\u202egpj.exe\u2066b', 'agpj.exeb'],
		['private colour-like sequences', '\u001b[?25l\u001b[>4;1mx', 'x'],
	])('%s', (_, text, shown) => {
		expect(printable(text, false)).toBe(shown);
		expect(printable(text, true)).toBe(shown);
	});

	test('colours pass where there are colours, and end with the line', () => {
		expect(printable(`${red}a\u001b[2Jb`, true)).toBe(`${red}ab${reset}`);
		expect(printable(`${red}a${reset}`, false)).toBe('a');
		expect(printable('\u001b[38;5;196mx\u001b[38:2::1:2:3my', true)).toBe(`\u001b[38;5;196mx\u001b[38:2::1:2:3my${reset}`);
	});

	test('long hostile text takes no time to speak of', () => {
		const text = '\u001b]'.repeat(20_000);
		expect(printable(text, true)).toBe('');
		expect(printable(`${'\r'.repeat(500_000)}x`, true)).toBe('x');
	});
});

test.each([
	[0, '0 ms'],
	[999.4, '999 ms'],
	[999.6, '1.0 s'],
	[59_940, '59.9 s'],
	[59_960, '1 min'],
	[184_000, '3 min 4 s'],
	[3_599_600, '1 h'],
	[7_500_000, '2 h 5 min'],
	[273_600_000, '3 d 4 h'],
	[-5, '0 ms'],
])('%d ms is %s', (ms, text) => {
	expect(formatSpan(ms)).toBe(text);
});

test('counts', () => {
	expect([plural(1, 'task'), plural(0, 'task'), plural(12_345, 'task')]).toEqual(['1 task', '0 tasks', '12,345 tasks']);
});

test('text is filled or cut to columns, wide characters counting two', () => {
	expect(inColumns('ab', 4)).toBe('ab  ');
	expect(inColumns('abcdef', 4)).toBe('abc…');
	expect(inColumns('漢字漢字', 5)).toBe('漢字…');
	expect(inColumns('漢字漢字', 4)).toBe('漢… ');
	expect(inColumns('abcdef', 4, '~')).toBe('abc~');
});

test('every character that is taken for one column is one', () => {
	for (let code = 0x20; code < 0x3000; code++)
		expect(widthOf(String.fromCodePoint(code)), code.toString(16)).toBe(stringWidth(String.fromCodePoint(code)));
	for (const text of ['✔\ufe0f', 'e\u0301', `${red}✔ é${reset}`, '❌ x', '']) expect(widthOf(text), text).toBe(stringWidth(text));
});

test('tables align by what is seen', () => {
	expect(
		formatTable([
			['A', 'B', 'C'],
			['漢', `${red}x${reset}`, ''],
			['', 'long', 'c'],
		]),
	).toEqual(['A   B     C', `漢  ${red}x${reset}`, '    long  c']);
});
