import {describe, expect, test} from 'vitest';
import {load, loadValid, problemsOf} from '../helpers/load-workflow.ts';

function command(declaration: string, given: Record<string, unknown>): unknown {
	return loadValid(`params: [{name: p, ${declaration}}]\ntasks: [{command: "<\${{ params.p }}>"}]`, {params: given}).tasks[0]?.command;
}

describe('values', () => {
	test.each<[string, Record<string, unknown>, string]>([
		['default: x', {}, '<x>'],
		['default: x', {p: 'y'}, '<y>'],
		['type: string', {}, '<>'],
		['type: string', {p: '007'}, '<007>'],
		['type: integer', {p: '42'}, '<42>'],
		['type: integer', {p: 42}, '<42>'],
		['type: number', {p: '1.50'}, '<1.5>'],
		['type: boolean', {p: 'true'}, '<true>'],
		['type: boolean', {p: false}, '<false>'],
		['type: list', {p: 'a, b'}, '<a b>'],
		['type: list', {p: '["a b", 2]'}, '<a b 2>'],
		['type: list', {p: ['x']}, '<x>'],
		['type: list', {p: ''}, '<>'],
		['type: integer, enum: [1, 2]', {p: '2'}, '<2>'],
		['type: list, enum: [a, b]', {p: 'b,a'}, '<b a>'],
	])('{%s} given %j', (declaration, given, expected) => {
		expect(command(declaration, given)).toBe(expected);
	});

	test.each<[string, Record<string, unknown>, string]>([
		['type: integer', {p: 'many'}, 'param `p` must be a whole number, not "many"'],
		['type: integer', {p: '1.5'}, 'param `p` must be a whole number, not "1.5"'],
		['type: integer', {p: ''}, 'param `p` must be a whole number, not ""'],
		['type: number', {p: 'Infinity'}, 'param `p` must be a number, not "Infinity"'],
		['type: boolean', {p: 'yes'}, 'param `p` must be true or false, not "yes"'],
		['type: string', {p: 5}, 'param `p` must be a string, not 5'],
		['type: list', {p: '[1,'}, 'param `p` must be a list (a JSON array, or values with commas between), not "[1,"'],
		['type: list', {p: [[1]]}, 'param `p` must be a list (a JSON array, or values with commas between), not a list'],
		['enum: [a, b]', {p: 'c'}, 'param `p` must be one of "a", "b", not "c"'],
		['type: list, enum: [a, b]', {p: 'a,c'}, 'param `p` must be one of "a", "b", not "a,c"'],
		['type: string', {p: 'x', pp: 1}, 'unknown param `pp`; did you mean `p`?'],
	])('{%s} given %j is refused', (declaration, given, message) => {
		expect(
			problemsOf(
				`params: [{name: p, ${declaration}}]\ntasks: [{command: "\${{ params.p }}", timeout: "\${{ params.p }}"}]`.replace(
					', timeout: "${{ params.p }}"',
					'',
				),
				{params: given},
			),
		).toEqual([message]);
	});

	test('a param of the wrong value is told once, not at its uses too', () => {
		expect(problemsOf('params: [{name: p, type: integer}]\ntasks: [{command: x, timeout: "${{ params.p }}"}]', {params: {p: 'x'}})).toEqual(
			['param `p` must be a whole number, not "x"'],
		);
	});

	test('params where none are declared', () => {
		expect(problemsOf('tasks: [{command: x}]', {params: {constructor: 1}})).toEqual([
			'unknown param `constructor`; this workflow declares none',
		]);
	});
});

describe('declarations', () => {
	test.each([
		['{name: p, type: integer, default: "3"}', '1:44 `default` must be a whole number, not "3"'],
		['{name: p, enum: [a], default: b}', '1:40 `default` must be one of "a", not "b"'],
		['{name: p, enum: [a, 1]}', '1:30 `enum[1]` must be a string, not 1'],
		['{name: p, type: text}', '1:26 `type` must be one of string, integer, number, boolean, list, not "text"'],
		['{name: p}, {name: p}', '1:28 param `p` is declared twice'],
		['{name: __proto__}', '1:17 `name` must be up to 100 letters, digits, `_` or `-`, beginning with a letter, not "__proto__"'],
		['{name: p, requierd: true}', '1:20 unknown key `requierd`; did you mean `required`?'],
		['p', '1:10 `params[0]` must be a mapping with at least `name`, not "p"'],
	])('%s', (declaration, problem) => {
		expect(problemsOf(`params: [${declaration}]\ntasks: [{command: x}]`)).toEqual([problem]);
	});

	test('are told, also when a value is missing', () => {
		const {params, problems} = load('params: [{name: p, type: list, required: true, description: d}]\ntasks: [{command: x}]');
		expect(params).toEqual([{name: 'p', type: 'list', required: true, description: 'd'}]);
		expect(problems[0]).toMatchObject({line: 1, message: 'param `p` is required, and has no value: give one with `--param p=…`'});
	});
});

test('a check needs no values: samples of the type stand in', () => {
	const text = `params:
  - {name: text, required: true}
  - {name: count, type: integer, required: true}
  - {name: choice, enum: [fast, slow], required: true}
tasks:
  - command: echo \${{ params.text }} \${{ params.choice }}
    timeout: \${{ params.text }}
    volumes: ["\${{ params.text }}"]
    retry: \${{ params.count }}
    env: {N: "\${{ params.count }}"}
`;
	expect(problemsOf(text)).toHaveLength(3);
	const [task] = loadValid(text, {checkOnly: true}).tasks;
	expect(task).toMatchObject({command: 'echo sample fast', env: {N: '1'}, volumes: []});
	expect(
		problemsOf('params: [{name: n, type: integer, required: true}]\ntasks: [{command: "${{ params.n }}"}]', {checkOnly: true}),
	).toEqual(['2:19 `command` must be a string or a list of strings, not 1']);
});
