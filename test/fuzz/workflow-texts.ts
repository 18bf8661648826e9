import * as fc from 'fast-check';
import {dump} from 'js-yaml';
import type {Edit} from './texts.ts';
import {anyEdits, anyText, edited} from './texts.ts';

const reference = fc.constantFrom(
	'params.count',
	'params.tags',
	'params.none',
	'env.ROOT',
	'env.BASE',
	'env.A',
	'run.id',
	'task.name',
	'tasks.a.outputs',
);
const literal = fc.constantFrom('1', '-2.5', "'a'", '"b"', 'true', 'null', "''", '1e9', "'", '(', ')', '!', '!!', '..', 'a.b.c', '');

/** Something like an expression: most can be read, some only nearly. */
const anyExpression: fc.Arbitrary<string> = fc.letrec<{expression: string}>(tie => ({
	expression: fc.oneof(
		{maxDepth: 6, withCrossShrink: true},
		{weight: 3, arbitrary: fc.oneof(reference, literal)},
		{
			weight: 3,
			arbitrary: fc
				.tuple(tie('expression'), fc.constantFrom('==', '!=', '&&', '||', ' ', '&', '=', '||!'), tie('expression'))
				.map(parts => parts.join(' ')),
		},
		{weight: 1, arbitrary: tie('expression').map(inner => `(${inner})`)},
		{weight: 1, arbitrary: tie('expression').map(inner => `!${inner}`)},
		{weight: 1, arbitrary: anyText},
	),
})).expression;

/** A text with expressions in it, opened and closed rightly or not. */
export const anyTemplate: fc.Arbitrary<string> = fc
	.array(
		fc.oneof(
			{weight: 4, arbitrary: anyExpression.map(expression => `\${{ ${expression} }}`)},
			{weight: 1, arbitrary: anyExpression.map(expression => `$\${{ ${expression} }}`)},
			{weight: 1, arbitrary: fc.constantFrom('${{', '}}', '$', '{', '}', '$${{', '${{}}', '${{ ${{ }} }}', 'echo ')},
			{weight: 1, arbitrary: anyText},
		),
		{maxLength: 4},
	)
	.map(parts => parts.join(''));

/** As much as a file can say. */
const whole = {
	name: 'nightly',
	description: 'all of it',
	params: [
		{name: 'count', type: 'integer', default: 3, enum: [1, 3]},
		{name: 'tags', type: 'list', default: ['a', 'b']},
		{name: 'none', required: false},
	],
	env_file: ['base.env'],
	env: {ROOT: '/src/${{ env.BASE }}', EMPTY: ''},
	defaults: {
		timeout: '5m',
		retry: {limit: 2, delay: '1s', backoff: 1.5, max_delay: '1m', exit_codes: [1], lost: 1},
		env: {D: '${{ env.ROOT }}'},
	},
	timeout: '1h30m',
	agent_timeout: 60,
	max_parallel: 3,
	fail_fast: true,
	labels: {team: 'x'},
	agents: [
		{
			name: 'builder',
			image: 'me/agent',
			volumes: ['./data:/data:ro'],
			ports: [8080, '127.0.0.1:8081:80/tcp'],
			resources: {requests: {cpu: '500m'}, limits: {cpu: '1', memory: '256Mi'}},
			readiness_probe: {httpGet: {path: '/', port: 80, httpHeaders: [{name: 'a', value: 'b'}]}, periodSeconds: 1},
			lifetime: 'run',
			driver_options: {docker: {HostConfig: {a: 1}}},
		},
	],
	tasks: [
		{name: 'build', command: "make ${{ params.count == 3 && 'all' || params.tags }}", agent: 'builder', env: {A: 1, B: '${{ env.ROOT }}'}},
		{id: 'test', run: ['make test', 'echo $${{ literal'], needs: ['build'], shell: ['bash', '-ec'], working_dir: '/x'},
		{
			name: 'report',
			command: 'x',
			depends_on: {test: {condition: 'completed', optional: true}},
			continue_on_error: '${{ params.count != 1 }}',
		},
		{name: 'far', command: 'x', agent: {labels: {zone: 'a'}}, retry: 3, volumes: 'a:/b'},
	],
};

const layout = fc.record({
	flowLevel: fc.constantFrom(-1, 0, 1, 2, 3),
	indent: fc.constantFrom(1, 2, 4, 9),
	lineWidth: fc.constantFrom(-1, 20, 80),
	quoteStyle: fc.constantFrom('single' as const, 'double' as const),
	forceQuotes: fc.boolean(),
});

const pieces = fc.oneof(
	fc.constantFrom(
		...[
			'',
			' ',
			'\n',
			'\t',
			': ',
			'- ',
			'{',
			'}',
			'[',
			']',
			'"',
			"'",
			'#',
			'&a ',
			'*a',
			'*env',
			'<<: *a',
			'<<: {a: 1}',
			'!',
			'!!str ',
			'!!binary ',
			'!!js/function ',
		],
		...[
			'!<tag:x> ',
			'|',
			'>-',
			'|9\n',
			'---\n',
			'...\n',
			'%YAML 1.3\n',
			'%TAG ! x\n',
			'? ',
			'? {a: b}\n: c',
			'.inf',
			'.nan',
			'0x1F',
			'0o17',
			'1_000',
			'2001-01-01',
			'~',
		],
		...[
			'&a [*a]',
			'&a {b: *a}',
			'\\x00',
			'"\\ud800"',
			'"\\U0010FFFF"',
			'depends_on',
			'tasks',
			'name: build',
			'__proto__: 1\n',
			'constructor: 1\n',
		],
	),
	anyText,
);

/** What happens to the text of a file. */
type TextEdit = {readonly at: number; readonly cut: number; readonly piece: string};
const textEdits: fc.Arbitrary<TextEdit[]> = fc.array(
	fc.record({at: fc.nat(4000), cut: fc.oneof(fc.constant(0), fc.nat(8), fc.nat(300)), piece: pieces}),
	{
		maxLength: 4,
	},
);

/** The bytes that an editor puts around and between lines. */
const dress = fc.constantFrom<(text: string) => string>(
	text => text,
	text => text,
	text => `\ufeff${text}`,
	text => text.replaceAll('\n', '\r\n'),
	text => text.replaceAll('\n', '\r'),
	text => `\ufeff\ufeff${text.replaceAll('\n', '\r\n')}\u001a`,
	text => text.replaceAll('  ', '\t'),
	text => `---\n${text}...\n`,
);

/** Files that go to the limits of the format: depth, aliases, keys, lists. */
const extremes: fc.Arbitrary<string> = fc.oneof(
	fc
		.tuple(fc.constantFrom('[', '{a: ', '- ', '? '), fc.constantFrom(10, 63, 64, 65, 300, 20_000))
		.map(([open, times]) => `tasks: ${open.repeat(times)}`),
	fc.constantFrom(2, 9, 10).map(width => {
		const lines = Array.from(
			{length: 12},
			(_, level) =>
				`l${level}: &l${level} [${
					level === 0
						? 'x'
						: Array(width)
								.fill(`*l${level - 1}`)
								.join(', ')
				}]`,
		);
		return `${lines.join('\n')}\ntasks: [{command: x, env: {A: *l11}}]\n`;
	}),
	fc.constantFrom(100, 70_000, 2_000_000).map(length => `${'k'.repeat(length)}: 1\ntasks: [{command: x}]\n`),
	fc.constantFrom(10, 1000, 5000).map(count => `tasks:\n${'- {command: x}\n'.repeat(count)}`),
	fc.constantFrom(10, 1000).map(count => {
		const tasks = Array.from({length: count}, (_, index) => `- {name: t${index}, command: x, depends_on: [t${(index + 1) % count}]}\n`);
		return `tasks:\n${tasks.join('')}`;
	}),
	anyText,
	fc.string({unit: 'binary', maxLength: 300}),
);

/** The text of a workflow file, from nearly right to not at all. */
export const anyWorkflowText: fc.Arbitrary<string> = fc.oneof(
	{
		weight: 9,
		arbitrary: fc
			.tuple(anyEdits, layout, textEdits, dress)
			.map(([edits, options, cuts, dressed]) => dressed(cutUp(written(edits, options), cuts))),
	},
	{weight: 1, arbitrary: fc.tuple(extremes, dress).map(([text, dressed]) => dressed(text))},
);

function written(edits: readonly Edit[], options: Parameters<typeof dump>[1]): string {
	const document = edited(whole, edits);
	return dump(document, {...options, skipInvalid: true});
}

function cutUp(text: string, edits: readonly TextEdit[]): string {
	return edits.reduce((before, {at, cut, piece}) => {
		const start = at % (before.length + 1);
		return before.slice(0, start) + piece + before.slice(start + cut);
	}, text);
}
