import {describe, expect, test} from 'vitest';
import {load, loadValid, problemsOf} from '../helpers/load-workflow.ts';

describe('bad files are refused in a sentence', () => {
	test.each([
		['', '1:1 the file is empty; a workflow has at least `tasks:`'],
		['# only a comment\n', '1:1 the file is empty; a workflow has at least `tasks:`'],
		['---\n', '1:1 the file is empty; a workflow has at least `tasks:`'],
		['tasks: []\n---\ntasks: []\n', '3:1 the file holds several YAML documents (`---`); a workflow is one: split the file'],
		['- a\n', '1:1 the top level must be a mapping that has `tasks:`, not a list'],
		['run it\n', '1:1 the top level must be a mapping that has `tasks:`, not a plain value'],
		['{}', '1:1 `tasks` is missing; it must be a list of tasks'],
		['tasks: []', '1:8 `tasks` must have at least one task'],
		['tasks:', '1:1 `tasks` has no value; it must be a list of tasks'],
		['tasks: {a: {command: x}}', '1:8 `tasks` must be a list of tasks, not a mapping; begin each with `- `'],
		['tasks:\n\t- command: x\n', '2:1 a tab in the indentation; YAML is indented with spaces'],
		['tasks:\n  - command: x\u0000', '2:15 the file holds a NUL byte: it is not a text file in UTF-8'],
		['tasks: \u0007', '1:8 a control character: the file is not plain text'],
		['tasks: [{command: "\u001b[31m"}]', '1:20 a control character in quotes; write it as an escape, such as "\\u001b"'],
		['tasks:\n  - <<: {a: 1}\n', '2:5 merge keys (`<<`) are not supported; put what tasks share under `defaults`'],
		['tasks:\n  - {command: a, command: b}\n', '2:18 this key stands twice in the same mapping'],
		['tasks: *all\n', '1:9 this `*name` has no `&name` above it; quote a value that begins with `*`'],
		['tasks: !all []\n', '1:8 YAML tags (`!name`) are not supported'],
		['{__proto__: {tasks: []}}', '1:2 the key `__proto__` is not allowed'],
		['? [a]\n: b\n', '1:1 a key must be a plain word, not a list or mapping; quote a value that begins with `{` or `[`'],
		['a: &a [*a]\ntasks: []\n', '1:8 this alias is part of what it stands for: the value would be endless'],
		['tasks: [{command: echo ${{ params.x }}, name: a}]\n', expect.stringMatching(/^1:\d+ cannot be read here: within .* is to be quoted/)],
		['tasks: [a, , b]\n', '1:12 a comma too many in a `[ ]` or `{ }`'],
		['tasks: [a', '1:10 a `[` or `{` above is not closed'],
		['tasks: "a', '1:10 a quote above is not closed'],
		['tasks:\n  - command: x\n    name\n', expect.stringMatching(/^3:\d+ a `: ` is missing after the key/)],
		['tasks: ["\\d"]\n', expect.stringMatching(/^1:\d+ no such escape in double quotes; write `\\\\` for a backslash/)],
		['%YAML 9.9\n---\ntasks: []\n', '2:1 not valid YAML: unacceptable YAML version of the document'],
	])('%j', (text, problem) => {
		expect(problemsOf(text)).toEqual([problem]);
	});

	test.each([
		'tasks:\n  - command: echo a: b\n',
		'tasks:\n  - command: "x\n',
		'tasks: [{command: x}\n',
		'tasks:\n - command: x\n   name: y\n  env: {}\n',
	])('unreadable YAML has a position: %j', text => {
		const {problems} = load(text);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toMatchObject({file: 'wf.yml', line: expect.any(Number), column: expect.any(Number)});
	});
});

describe('limits have a name and a value', () => {
	test('bytes, counted in UTF-8', () => {
		const text = `tasks: [{command: "${'ü'.repeat(20)}"}]`;
		expect(loadValid(text, {limits: {workflow_bytes: 62}}).tasks).toHaveLength(1);
		expect(problemsOf(text, {limits: {workflow_bytes: 61}})).toEqual([
			'the file has 62 bytes, more than the limit workflow_bytes permits (61)',
		]);
	});

	test('tasks', () => {
		expect(problemsOf('tasks: [{command: a}, {command: b}, {command: c}]', {limits: {workflow_tasks: 2}})).toEqual([
			'1:1 3 tasks are more than the limit workflow_tasks permits (2)',
		]);
	});

	test('depth', () => {
		expect(problemsOf('['.repeat(70), {limits: {workflow_depth: 64}})).toEqual([
			'1:64 nested deeper than the limit workflow_depth permits (64)',
		]);
	});

	test('aliases', () => {
		const text = 'x: &x 1\ntasks: [*x, *x, *x]\n';
		expect(problemsOf(text, {limits: {workflow_aliases: 2}})).toEqual([
			'2:17 more YAML aliases (`*name`) than the limit workflow_aliases permits (2)',
		]);
	});

	test('what aliases stand for counts against size and depth', () => {
		const levels = Array.from(
			{length: 9},
			(_, level) =>
				`k${level}: &k${level} [${Array(9)
					.fill(level === 0 ? 'x' : `*k${level - 1}`)
					.join(', ')}]`,
		);
		expect(problemsOf(levels.join('\n'))[0]).toContain('with aliases written out, larger than the limit workflow_bytes permits');
		const deep = Array.from({length: 80}, (_, level) => `k${level}: &k${level} [${level === 0 ? '' : `*k${level - 1}`}]`);
		expect(problemsOf(deep.join('\n'))[0]).toContain('with aliases written out, nested deeper than the limit workflow_depth permits (64)');
	});
});

test('aliases of a fair size work', () => {
	const {tasks} = loadValid('tasks:\n  - {name: a, command: x, env: &env {A: 1}}\n  - {name: b, command: x, env: *env}\n');
	expect(tasks[1]?.env).toEqual({A: '1'});
});

test('a byte order mark, CRLF and a lone CR are fine', () => {
	expect(loadValid('\ufefftasks:\r\n  - command: |\r\n      a\r\n      b\r\n').tasks[0]?.command).toBe('a\nb\n');
	expect(problemsOf('\ufefftasks:\r\n  - command: x\r\n    tiemout: 1\r\n')).toEqual([
		'3:5 unknown key `tiemout`; did you mean `timeout`?',
	]);
	expect(load('\ufefftasks:\r\n  - command: x\r\n    tiemout: 1\r\n').problems[0]?.text).toBe('    tiemout: 1');
	expect(problemsOf('tasks:\r  - command: x\r    tiemout: 1\r')).toEqual(['3:5 unknown key `tiemout`; did you mean `timeout`?']);
});

test('JSON is fine, also indented by tabs', () => {
	expect(loadValid(JSON.stringify({tasks: [{command: 'a\nb', env: {A: '1'}}]}, undefined, '\t')).tasks[0]).toMatchObject({
		command: 'a\nb',
		env: {A: '1'},
	});
});

test('YAML 1.2: yes, on and dates are text', () => {
	expect(loadValid('tasks: [{command: x, env: {A: yes, B: on, C: 2024-01-01, D: 012, E: 1.50}}]').tasks[0]?.env).toEqual({
		A: 'yes',
		B: 'on',
		C: '2024-01-01',
		D: '12',
		E: '1.5',
	});
});
