import {expect, test} from 'vitest';
import {decodeText} from '../../source/workflow/text.ts';

test.each(['', 'tasks: [日本, \u{1f680}]\r\n', '\ufefftasks:', 'a \ufffd that is really there \ufffd\ufffd'])(
	'%j comes back as it was',
	text => {
		expect(decodeText(new TextEncoder().encode(text), 'wf.yml')).toBe(text);
	},
);

test.each([
	[
		'after characters of all lengths, and a true replacement',
		'# é 日 \u{1f680} \ufffd\n  - "caf',
		[0xe9, 0x22, 0x0a],
		{line: 2, column: 9, text: '  - "caf\ufffd"'},
	],
	['a character cut short', 'tasks: ', [0xf0, 0x9f], {line: 1, column: 8}],
	['UTF-16', '', [0xff, 0xfe, 0x74, 0], {line: 1, column: 1}],
])('%s: refused, with the place', (_, text, bytes, place) => {
	const problem = {file: 'wf.yml', message: expect.stringContaining('not UTF-8'), ...place};
	expect(() => decodeText(Buffer.concat([Buffer.from(text), Buffer.from(bytes)]), 'wf.yml')).toThrow(
		expect.objectContaining({
			code: 'invalid',
			message: 'wf.yml is not a text file in UTF-8',
			problems: [expect.objectContaining(problem)],
		}),
	);
});
