import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {LineOrigin, RawLine} from '../../source/client/raw-lines.ts';
import {RawLines} from '../../source/client/raw-lines.ts';
import type {LogLine} from '../../source/protocol/views.ts';
import {Sanitiser} from '../../source/text/sanitise.ts';

/** As the server writes it. */
const usual: LogLine = {
	run: 'r1',
	task: 7,
	attempt: 2,
	name: 'build',
	agent: 'one',
	stream: 'stdout',
	at: 1_700_000_000_123,
	text: 'hello',
};

function encode(lines: readonly LogLine[]): Buffer {
	return Buffer.from(lines.map(line => `${JSON.stringify(line)}\n`).join(''));
}

/** Reads all, cut after every so many bytes. */
function read(bytes: Buffer, size = bytes.length) {
	const asked: LineOrigin[] = [];
	const raw = new RawLines(about => {
		asked.push(about);
		return {...about};
	});
	const lines: Array<RawLine<LineOrigin>> = [];
	for (let from = 0; from < bytes.length; from += size) lines.push(...raw.add(bytes.subarray(from, from + size)));
	lines.push(...raw.end());
	return {lines, asked};
}

test('whose a line is and when it came is known, and what it says is read when asked for', () => {
	const {lines} = read(encode([usual, {...usual, stream: 'stderr', at: 5, text: 'ü'}]));
	expect(lines.map(({at, origin: {run, task, attempt, stream}}) => [run, task, attempt, stream, at])).toEqual([
		['r1', 7, 2, 'stdout', 1_700_000_000_123],
		['r1', 7, 2, 'stderr', 5],
	]);
	expect(lines.map(line => line.parse().text)).toEqual(['hello', 'ü']);
});

test('lines of one stream of one attempt have one origin, which is asked for once', () => {
	const others: LogLine[] = [
		...[{run: 'r11'}, {task: 77}, {task: 0}, {attempt: 1}, {attempt: 22}, {stream: 'stderr' as const}].map(other => ({...usual, ...other})),
	];
	const {lines, asked} = read(encode([usual, ...others, usual, ...others]));
	expect(asked).toHaveLength(1 + others.length);
	expect(lines.map(({origin: {run, task, attempt, stream}}) => ({...usual, run, task, attempt, stream}))).toEqual([
		usual,
		...others,
		usual,
		...others,
	]);
	expect(lines[0]?.origin).toBe(lines[7]?.origin);
});

test('however a reply is cut, and whatever stands in it, nothing is lost or taken for something else', () => {
	const text = fc.oneof(
		fc.string({unit: 'binary'}),
		fc.constantFrom('","at":1,"text":"', '{"run":"', '\\","task":9', '\u001b[31m', '\u009b', '\n', '\\u001b'),
	);
	const line: fc.Arbitrary<LogLine> = fc.record(
		{
			run: fc.constantFrom('r1', 'r11', 'r"1'),
			task: fc.nat(12),
			attempt: fc.integer({min: 1, max: 3}),
			name: text,
			agent: text,
			stream: fc.constantFrom('stdout', 'stderr'),
			at: fc.oneof(fc.nat(), fc.double({noNaN: true, noDefaultInfinity: true}), fc.constant(-1)),
			text,
			cut: fc.constant(true),
		},
		{requiredKeys: ['run', 'task', 'attempt', 'name', 'agent', 'stream', 'at', 'text']},
	);
	fc.assert(
		fc.property(fc.array(line), fc.integer({min: 1, max: 300}), (lines, size) => {
			const found = read(encode(lines), size).lines;
			const plain = lines.map(each => JSON.parse(JSON.stringify(each)) as LogLine);
			expect(found.map(each => each.parse())).toEqual(plain);
			expect(found.map(each => each.at)).toEqual(plain.map(each => each.at));
			expect(found.map(({origin: {run, task, attempt, stream}}) => [run, task, attempt, stream])).toEqual(
				plain.map(({run, task, attempt, stream}) => [run, task, attempt, stream]),
			);
			for (const [index, {text: said}] of plain.entries()) if (found[index]?.mayWait === true) expect(isPlainAfter(said)).toBe(true);
		}),
	);
});

/** Whether no colour goes on in the line after it. */
function isPlainAfter(text: string): boolean {
	const sanitiser = new Sanitiser({colour: true, lineCharacters: 100_000});
	sanitiser.line(text);
	return sanitiser.isPlain;
}

describe('a line with colours', () => {
	const waits = (text: string) => read(encode([{...usual, text}])).lines[0]?.mayWait;

	test.each([
		...['\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[m', '\u001b[1;31mred\u001b[0m and \u001b[32mgreen\u001b[0m', '\u001b[0mplain'],
		...['\u001b[32mas chalk does it\u001b[39m', '\u001b[1m\u001b[41mnested\u001b[49m\u001b[22m', '\u001b[2;4;7mthree\u001b[22;24;27m'],
		...['\u001b[38;5;196mof many\u001b[39m', '\u001b[1;38;2;255;0;17mof all\u001b[0m', '\u001b[48;5;0mblack\u001b[49m'],
		'\u001b[038;5;1mof many\u001b[39m',
	])('may wait when they end in it: %j', text => {
		expect(waits(text)).toBe(true);
		expect(isPlainAfter(text)).toBe(true);
	});

	test.each([
		...['\u001b[31mred', '\u001b[1;31mred\u001b[39m', '\u001b[41mred\u001b[39m', '\u001b[31mred\\u001b[0m', '\u001b[38;5;0mred'],
		...['\u001b[31mred\u001b[2K', '\u001b]0;title\u0007', '\u009b31mred\u001b[0m', '\u001b[38:5:9mred\u001b[0m', 'bell\u0007'],
		`\u001b[${'0;'.repeat(60)}0m`,
	])('does not where that is not sure: %j', text => {
		expect(waits(text)).toBe(false);
	});

	test('has left no colour on whenever it may wait, whatever its sequences', () => {
		const code = fc.oneof(fc.nat(110).map(String), fc.constantFrom('', '0', '00', '38', '48', '5', '2', '038', '39', '49', '22', '38:5:1'));
		const sequence = fc.array(code, {maxLength: 6}).map(codes => `\u001b[${codes.join(';')}m`);
		const other = fc.constantFrom(
			'a',
			'\r',
			'\t',
			'\\',
			'\\u001b[0m',
			'\u001b',
			'\u001b[K',
			'\u009d',
			'\u0090',
			'\u009b',
			'\u001b]0;',
			';',
			'm',
		);
		fc.assert(
			fc.property(fc.array(fc.oneof({weight: 3, arbitrary: sequence}, other), {maxLength: 8}), parts => {
				const text = parts.join('');
				if (waits(text) === true) expect(isPlainAfter(text)).toBe(true);
			}),
			{numRuns: 5000},
		);
	});
});

test('lines that are written in another way are read as well', () => {
	const {text, at, ...about} = usual;
	const spaced = Buffer.from(`${JSON.stringify(usual, null, 1).replaceAll('\n', ' ')}\n\n${JSON.stringify({text, at, ...about})}\n`);
	const {lines} = read(spaced);
	expect(lines.map(line => [line.origin.name, line.at, line.parse().text, line.mayWait])).toEqual([
		['build', usual.at, 'hello', false],
		['build', usual.at, 'hello', false],
	]);
});

test.each(['{"run":"r1","task":7,"attem', '{"run":"r1"}', 'null', '[]'])('%s is no line', broken => {
	expect(() => read(Buffer.from(broken))).toThrow(SyntaxError);
	expect(() => read(Buffer.from(`${broken}\n`))).toThrow(SyntaxError);
});

test('a line that would keep much more than itself in memory does not wait', () => {
	const long = {...usual, text: 'x'.repeat(5000)};
	expect(read(encode([usual, long])).lines.map(({mayWait}) => mayWait)).toEqual([false, false]);
	expect(read(encode([usual, usual])).lines.map(({mayWait}) => mayWait)).toEqual([true, true]);
});
