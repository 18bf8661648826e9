import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import {OutputLines} from '../../source/text/output-lines.ts';
import {Sanitiser} from '../../source/text/sanitise.ts';

const options = {colour: true, lineCharacters: 200};
const esc = '\u001b';

function one(text: string, colour = true): string {
	return new Sanitiser({...options, colour}).line(text);
}

describe('of one line', () => {
	test.each<readonly [what: string, text: string, shown: string]>([
		['plain text', 'all is well', 'all is well'],
		['wide characters', '日本語 ok', '日本語 ok'],
		['a colour, off at the end', `${esc}[31mred`, `${esc}[31mred${esc}[0m`],
		['a colour that ends', `${esc}[1;31mred${esc}[0m plain`, `${esc}[1;31mred${esc}[0m plain`],
		['colours of 256 and of 24 bits', `${esc}[38;5;208ma${esc}[48;2;1;2;3mb`, `${esc}[38;5;208ma${esc}[38;5;208;48;2;1;2;3mb${esc}[0m`],
		['a sequence of eight bits', '\u009b32mgreen', `${esc}[32mgreen${esc}[0m`],
		['hidden and blinking text', `${esc}[8msecret${esc}[5m!`, 'secret!'],
		['colours that are none', `${esc}[38;5;999mx${esc}[38;9mx${esc}[?25mx`, 'xxx'],
		['cursor and erasing', `${esc}[2J${esc}[1;1Hx${esc}[Ky${esc}[?1049h`, 'xy'],
		['a title', `a${esc}]0;owned\u0007b`, 'ab'],
		['a link', `${esc}]8;;http://x${esc}\\here${esc}]8;;${esc}\\`, 'here'],
		['the clipboard, not even ended', `a${esc}]52;c;ZXZpbA==`, 'a'],
		['device control', `a${esc}Pq#0${esc}\\b`, 'ab'],
		['the rest of escapes', `a${esc}cb${esc}(0c${esc}`, 'abc'],
		['bells, backspaces and the like', 'a\u0007b\bc\u0000d\u007f', 'abcd'],
		['what turns text round', 'a\u202egnp.exe\u2066b\u200f', 'agnp.exeb'],
		['separators of lines', 'a\u2028b\u2029c', 'a b c'],
		['half a character', 'a\ud83db', 'a\ufffdb'],
		['tabs', 'a\tb\t\tc', 'a       b               c'],
		['a tab after colours', `${esc}[31mab\tc`, `${esc}[31mab      c${esc}[0m`],
		['the last state of a line that rewrote itself', '10 %\r50 %\r100 %', '100 %'],
		['a line of Windows', 'text\r', 'text'],
		['nothing but carriage returns', '\r\r\r', ''],
		['a very long list of colours', `${esc}[${'1;'.repeat(60)}mx`, 'x'],
	])('%s', (_what, text, shown) => {
		expect(one(text)).toBe(shown);
	});

	test('without colours there is no escape sequence', () => {
		expect(one(`${esc}[31mred${esc}[0m \u009b1mbold`, false)).toBe('red bold');
	});

	test('a long line is cut, and says by how much', () => {
		expect(one('x'.repeat(1500))).toBe(`${'x'.repeat(200)}… (1,300 more characters)`);
		expect(one(`${esc}[31m${'x'.repeat(400)}`)).toContain(`x${esc}[0m… (`);
	});
});

test('long hostile text takes no time to speak of', () => {
	const sanitiser = new Sanitiser({colour: true, lineCharacters: 1_000_000});
	for (const part of [`${esc}]`, `${esc}[`, `${esc}[1`, '\r', `${esc}[31m`, `${esc}P`, '\t', '\u202e']) {
		expect(sanitiser.line(`${part.repeat(50_000)}\r${esc}[0mend`)).toBe('end');
	}
});

test('colours go on in the next line, each off at its end', () => {
	const sanitiser = new Sanitiser(options);
	expect(sanitiser.line(`a${esc}[31m`)).toBe(`a${esc}[31m${esc}[0m`);
	expect(sanitiser.line('b')).toBe(`${esc}[31mb${esc}[0m`);
	expect(sanitiser.openLine(`c${esc}[0m`)).toBe(`${esc}[31mc${esc}[0m`);
	expect(sanitiser.line(`d${esc}[1m`)).toBe(`${esc}[31md${esc}[1;31m${esc}[0m`);
	expect(sanitiser.line(`${esc}[me`)).toBe(`${esc}[1;31m${esc}[0me`);
	expect(sanitiser.line('f')).toBe('f');
});

const nasty = fc.string({
	unit: fc.constantFrom(
		...['a', 'B', ' ', '7', ';', '[', ']', 'm', '\t', '\r', '\u0007', esc, '\u009b', '\u009d', '\u0090', '\u202e', '日', '🙂', 'é', '\\'],
		...[`${esc}[31m`, `${esc}[0m`, `${esc}]0;t\u0007`, `${esc}[2K`, `${esc}P`, '\ud83d'],
	),
	maxLength: 60,
});

test('whatever comes in, nothing but colours comes out, and they are off at the end', () => {
	fc.assert(
		fc.property(fc.array(nasty, {maxLength: 5}), lines => {
			const sanitiser = new Sanitiser(options);
			for (const line of lines) {
				const shown = sanitiser.line(line);
				// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
				expect(shown.replace(/\u001b\[[\d;:]+m/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
				expect(shown.isWellFormed()).toBe(true);
				expect(shown.lastIndexOf(`${esc}[`)).toBe(shown.includes(esc) ? shown.lastIndexOf(`${esc}[0m`) : -1);
				expect(new Sanitiser(options).line(shown)).toBe(shown);
			}
		}),
	);
});

test('lines are the same wherever chunks are cut', () => {
	fc.assert(
		fc.property(fc.array(nasty, {maxLength: 6}), fc.array(fc.nat(200), {maxLength: 8}), (lines, cuts) => {
			const bytes = new TextEncoder().encode(lines.join('\n'));
			const places = [0, ...cuts.map(cut => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
			const output = new OutputLines(options);
			const found = places.slice(1).flatMap((to, at) => output.add(bytes.subarray(places[at], to)));
			const whole = new OutputLines(options);
			expect([...found, ...output.end()]).toEqual([...whole.add(bytes), ...whole.end()]);
		}),
	);
});

test('a progress bar that never ends its line is shown as it is now, in little memory', () => {
	const output = new OutputLines(options);
	const ended = Array.from({length: 100_000}, (_, percent) => output.add(`\r${percent} done${'.'.repeat(20)}`).length);
	expect(Math.max(...ended.slice(-1000))).toBe(0);
	expect(output.open).toBe(`99999 done${'.'.repeat(20)}`);
	expect(output.add('\n')).toEqual([`99999 done${'.'.repeat(20)}`]);
});

test('a line without end keeps its beginning, and its true length', () => {
	const output = new OutputLines(options);
	for (let at = 0; at < 1000; at++) output.add('x'.repeat(1000));
	const [line = ''] = output.end();
	expect(line).toBe(`${'x'.repeat(200)}… (999,800 more characters)`);
	expect(stringWidth(line)).toBe(line.length);
});
