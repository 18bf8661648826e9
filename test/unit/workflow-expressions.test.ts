import {describe, expect, test} from 'vitest';
import type {Value} from '../../source/workflow/expression.ts';
import {ExpressionError, evaluate} from '../../source/workflow/expression.ts';
import {fillTemplate} from '../../source/workflow/template.ts';
import {loadValid, problemsOf} from '../helpers/load-workflow.ts';

const values: Record<string, Value> = {
	'params.n': 3,
	'params.s': 'text',
	'params.empty': '',
	'params.list': ['a', 'b c'],
	'params.none': null,
	'params.my-flag': true,
};

function lookup(path: readonly string[]): Value {
	const value = values[path.join('.')];
	if (value === undefined) throw new ExpressionError(`unknown path ${path.join('.')}`);
	return value;
}

describe('evaluate', () => {
	test.each<[string, Value]>([
		['params.n', 3],
		[' params.my-flag ', true],
		["'it''s'", null],
		['"it\'s"', "it's"],
		["'a}}b'", 'a}}b'],
		['-1.5', -1.5],
		['null', null],
		['true && false', false],
		['params.none || "fallback"', 'fallback'],
		['params.empty || params.none', null],
		['params.n && params.s', 'text'],
		['!params.none', true],
		['!!params.n', true],
		['params.n == 3', true],
		['params.n == "3"', true],
		['params.none == ""', false],
		['params.none == null', true],
		['params.n != 4 && !(params.s == "x")', true],
		['true || false && false', true],
		['!true == false', true],
		['1 == 1 == true', true],
		['(((params.n)))', 3],
	])('%s', (source, expected) => {
		if (source === "'it''s'") expect(() => evaluate(source, lookup)).toThrow('is not expected here');
		else expect(evaluate(source, lookup)).toEqual(expected);
	});

	test.each([
		['', 'the expression is empty'],
		['1 +', '`+` is not expected here'],
		['1 ==', 'the expression ends too early'],
		['(1', 'a `)` is missing'],
		['1)', '`)` is not expected here'],
		['params.n params.s', '`params.s` is not expected here'],
		['true || params.gone', 'unknown path params.gone'],
		['"open', 'a text in quotes is not closed'],
		["'it's'", 'a text in quotes is not closed, or has the same quotes inside'],
		['params.n + 1', '`+` is not expected here; there are ==, !=, &&, ||, ! and ( ), and no calculations'],
		['params.n > 1', '`>` is not expected here; there are ==, !=, '],
		['upper(params.s)', 'there are no functions, such as `upper`'],
		['params.n.', '`.` is not expected here'],
		['12abc', '`1` is not expected here'],
		[`${'('.repeat(200)}1${')'.repeat(200)}`, 'more than 50 parentheses within each other'],
	])('%s is refused', (source, message) => {
		expect(() => evaluate(source, lookup)).toThrow(message);
	});
});

test.each<[string, Value]>([
	['plain $X ${X} {{ y }}', 'plain $X ${X} {{ y }}'],
	['${{ params.n }}', 3],
	['${{ params.n }} ', '3 '],
	['${{ params.n }}${{ params.n }}', '33'],
	['a ${{ params.none }}b', 'a b'],
	['a ${{ params.list }}', 'a a b c'],
	['$${{ params.n }} ${{ params.n }}', '${{ params.n }} 3'],
	['$$${{ x', '$${{ x'],
	["${{ '}}' }}!", '}}!'],
])('the template %s', (template, expected) => {
	expect(fillTemplate(template, lookup)).toEqual(expected);
});

describe('in files', () => {
	test('a value that is one expression keeps its type; null is as if the key were not there', () => {
		const [task] = loadValid(
			`params: [{name: n, type: integer, default: 7}, {name: on, type: boolean, default: true}, {name: none}, {name: codes, type: list, default: [1, 2]}]
agents: [{name: a, slots: "\${{ params.n }}", env: {N: "\${{ params.n }}"}}]
tasks:
  - name: "\${{ params.n }}"
    command: run \${{ params.n }}
    timeout: \${{ params.n }}
    continue_on_error: \${{ params.on && params.n == 7 }}
    working_dir: \${{ params.none }}
    retry: {limit: "\${{ params.n }}", exit_codes: "\${{ params.codes }}"}
    shell: ["\${{ params.n }}"]
    env: {N: "\${{ params.n }}", NONE: "\${{ params.none }}", LIST: "\${{ params.codes }}"}
`,
		).tasks;
		expect(task).toMatchObject({
			name: '${{ params.n }}',
			command: 'run 7',
			timeoutMs: 7000,
			continueOnError: true,
			retry: {limit: 7, exitCodes: [1, 2]},
			shell: ['${{ params.n }}'],
			env: {N: '7', NONE: '', LIST: '1 2'},
		});
		expect(task).not.toHaveProperty('workingDir');
	});

	test('env.X sees more the further in it stands', () => {
		const text = `env_file: base.env
env: {W: "\${{ env.F }}-w"}
agents: [{name: a, env: {A: "\${{ env.W }}-a", W: agent}, network: "\${{ env.W }}"}]
defaults: {env: {D: "\${{ env.W }}-d"}, labels: {l: "\${{ env.D }}"}}
tasks:
  - command: "\${{ env.F }} \${{ env.W }} \${{ env.A }} \${{ env.D }} \${{ env.T }}"
    agent: "\${{ env.T == 'f-w-t' && 'a' || 'b' }}"
    env: {T: "\${{ env.W }}-t"}
`;
		const workflow = loadValid(text, {files: {'base.env': 'F=f\n'}});
		expect(workflow.env).toEqual({F: 'f', W: 'f-w'});
		expect(workflow.agents[0]).toMatchObject({env: {A: 'f-w-a', W: 'agent'}, network: 'f-w'});
		expect(workflow.tasks[0]).toMatchObject({
			command: 'f f-w f-w-a f-w-d f-w-t',
			agent: {name: 'a'},
			env: {D: 'f-w-d', T: 'f-w-t'},
			labels: {l: 'f-w-d'},
		});
	});

	test('the order of the environments: agent, file, workflow, defaults, task', () => {
		const text = `env_file: f.env
env: {B: workflow, C: workflow, D: workflow}
agents: [{name: a, env: {AGENT: agent, A: agent}}]
defaults: {agent: a, env: {C: defaults, D: defaults}}
tasks: [{command: "\${{ env.AGENT }} \${{ env.A }} \${{ env.B }} \${{ env.C }} \${{ env.D }}", env: {D: task}}]
`;
		expect(loadValid(text, {files: {'f.env': 'A=file\nB=file'}}).tasks[0]?.command).toBe('agent file workflow defaults task');
	});

	test('run.id', () => {
		expect(loadValid('tasks: [{command: "${{ run.id }}"}]', {run: 'r0123456789'}).tasks[0]?.command).toBe('r0123456789');
	});

	test('an interpolated value is not read again', () => {
		const text = 'params: [{name: p}]\ntasks: [{command: "${{ params.p }}"}]';
		expect(loadValid(text, {params: {p: '${{ run.id }}'}}).tasks[0]?.command).toBe('${{ run.id }}');
	});

	test('faults stand where the expression stands', () => {
		const text = `params: [{name: version}]
env: {HOME_DIR: /x}
tasks:
  - command: |
      first
      echo \${{ params.version }} \${{ params.versoin }}
    env: {A: "\${{ env.HOME_DRI }}"}
    working_dir: "a \${{ params.__proto__ }}"
    image: x\${{ params.version
    labels: {a: "\${{ constructor }}", b: "\${{ inputs.version }}", c: "\${{ env.PATH }}", d: "\${{ run.id.constructor }}"}
`;
		expect(problemsOf(text)).toEqual([
			'6:34 unknown path `params.versoin`; did you mean `params.version`?',
			'7:15 unknown path `env.HOME_DRI`; did you mean `env.HOME_DIR`?',
			'8:21 unknown path `params.__proto__`: `params` does not declare it',
			'9:13 `${{` is not closed by `}}`; write `$${{` for a literal one',
			'10:18 unknown path `constructor`; there are params.<name>, env.<NAME> and run.id',
			'10:43 unknown path `inputs.version`; did you mean `params.version`?',
			"10:71 unknown path `env.PATH`: no `env` of this file sets it; a command reads the agent's own environment as `$PATH`",
			'10:93 unknown path `run.id.constructor`; there are params.<name>, env.<NAME> and run.id',
		]);
	});
});
