import {expect, test} from 'vitest';
import {formatProblem} from '../../source/text/problem.ts';
import {load, problemsOf} from '../helpers/load-workflow.ts';

test('all errors of a file at once, sorted by position', () => {
	expect(
		problemsOf(`tasks:
  - name: build
    command: make
    tiemout: 5m
    retry: {limit: many}
  - name: test
    command: make test
    needs: [biuld]
    env: {A: }
  - name: build
    comand: x
agents:
  - {name: docker, type: dokcer}
  - {name: docker}
`),
	).toEqual([
		'4:5 unknown key `tiemout`; did you mean `timeout`?',
		'5:20 `retry.limit` must be a whole number of at least 0, not "many"',
		'8:13 unknown task `biuld`; did you mean `build`?',
		"9:11 `env.A` has no value; it must be a string, number or boolean; write '' for an empty one",
		'10:11 task `build` is declared twice: also in line 2',
		'11:5 unknown key `comand`; did you mean `command`?',
		'13:26 `type` must be one of local, docker, kubernetes, not "dokcer"; did you mean `docker`?',
		'14:12 agent `docker` is declared twice: also in line 13',
	]);
});

test.each([
	['{name: a}', '`command` is missing; it must be a string or a list of strings'],
	['{command: ""}', '`command` must not be empty'],
	['{command: []}', '`command` must have at least one line'],
	['{command: 5}', '`command` must be a string or a list of strings, not 5'],
	['{command: [a, 1]}', '`command[1]` must be a string, not 1; write it in quotes'],
	['{command: "a\\0b"}', '`command` must not hold a NUL character'],
	['{command: x, name: 7}', '`name` must be a string, not 7; write it in quotes'],
	['{command: x, name: ""}', '`name` must not be empty'],
	['{command: x, name: "a\\nb"}', '`name` must not hold control characters or line breaks'],
	[`{command: x, name: ${'n'.repeat(201)}}`, '`name` must have at most 200 characters'],
	['{command: x, timeout: 0}', '`timeout` must be longer than 0'],
	['{command: x, timeout: 5 minutes}', '`timeout` must be a duration such as 90s, 5m or 1h30m, or a number of seconds, not "5 minutes"'],
	['{command: x, timeout: -1}', '`timeout` must be a duration such as 90s, 5m or 1h30m, or a number of seconds, not -1'],
	['{command: x, timeout: }', '`timeout` has no value; it must be a duration such as 90s, 5m or 1h30m, or a number of seconds'],
	['{command: x, retry: -1}', '`retry` must be a whole number of at least 0, not -1'],
	['{command: x, retry: {backoff: 0.5}}', '`retry.backoff` must be a number of at least 1, not 0.5'],
	['{command: x, retry: {exit_codes: [256]}}', '`retry.exit_codes[0]` must be a whole number from 0 to 255, not 256'],
	['{command: x, retry: {dealy: 1}}', 'unknown key `dealy`; did you mean `delay`?'],
	['{command: x, continue_on_error: yes}', '`continue_on_error` must be true or false, not "yes"'],
	['{command: x, agent: {labels: {}}}', '`agent.labels` must have at least one label'],
	['{command: x, agent: {lables: {a: b}}}', 'unknown key `lables`; did you mean `labels`?'],
	[
		'{command: x, volumes: [a:b]}',
		'`volumes[0]` must be host:container or host:container:ro, with an absolute path in the container, not "a:b"',
	],
	[
		'{command: x, volumes: "a:/b:rw"}',
		'`volumes` must be host:container or host:container:ro, with an absolute path in the container, not "a:/b:rw"',
	],
	[
		'{command: x, resources: {limits: {memory: 512MB}}}',
		'`resources.limits.memory` must be a quantity as in Kubernetes, such as 500m, 2, 256Mi or 1G, not "512MB"',
	],
	['{command: x, env: [A=1]}', '`env` must be a mapping of variable names to values, not a list'],
	['{command: x, env: {"A=B": 1}}', '`env.A=B` is no name for a variable'],
	[
		'{command: x, depends_on: {task-1: {condition: success}}}',
		'`depends_on.task-1.condition` must be one of succeeded, failed, completed, not "success"',
	],
	['{command: x, shell: bash -x}', '`shell` must be one word, such as bash, or a list such as [bash, -ec], not "bash -x"'],
	['{command: x, timeout: 1w}', '`timeout` must be a duration such as 90s, 5m or 1h30m, or a number of seconds, not "1w"'],
	[
		'{command: x, depends_on: {task-1: completed}}',
		'`depends_on.task-1` must be a mapping with condition, optional, such as {condition: completed}, not "completed"',
	],
	['{command: x, depends_on: [b]}', 'unknown task `b`'],
	['{command: x, agent: 500}', '`agent` must be the name of an agent, or {labels: {…}}, not 500; write it in quotes'],
	['{command: x, cwd: /tmp}', 'unknown key `cwd`; did you mean `working_dir`?'],
	['{command: x, retries: 3}', 'unknown key `retries`; did you mean `retry`?'],
	['{command: x, env_file: .env}', 'unknown key `env_file`; it stands at the top of the file, not here'],
	['{command: x, run: y}', '`run` and `command` are the same key: keep `command`'],
	['{command: x, needs: [], depends: []}', '`depends` and `needs` are the same key: keep `depends_on`'],
	['just text', '`tasks[0]` must be a mapping with at least `command`, not "just text"'],
])('a task %s', (task, message) => {
	const found = load(`tasks: [${task}]`).problems.map(problem => problem.message);
	expect(found).toContain(message);
	expect(found.filter(other => !other.includes('depends on itself'))).toHaveLength(1);
});

test.each([
	['{}', '`name` is missing; it must be up to 63 letters, digits, `_`, `.` or `-`, beginning with a letter or digit'],
	['{name: -x}', '`name` must be up to 63 letters, digits, `_`, `.` or `-`, beginning with a letter or digit, not "-x"'],
	[
		`{name: ${'n'.repeat(64)}}`,
		`\`name\` must be up to 63 letters, digits, \`_\`, \`.\` or \`-\`, beginning with a letter or digit, not "${'n'.repeat(58)}…`,
	],
	['{name: a, slots: 0}', '`slots` must be a whole number of at least 1, not 0'],
	['{name: a, replicas: 1.5}', '`replicas` must be a whole number of at least 1, not 1.5'],
	['{name: a, pull_policy: Always}', '`pull_policy` must be one of always, missing, never, not "Always"; did you mean `always`?'],
	['{name: a, lifetime: forever}', '`lifetime` must be one of run, persistent, task, not "forever"'],
	['{name: a, ports: [70000]}', '`ports[0]` must be a port such as 8080, "8080:80" or "127.0.0.1:8080:80/tcp", not 70000'],
	['{name: a, readiness_probe: {periodSeconds: 1}}', '`readiness_probe` must have exactly one of httpGet, exec and tcpSocket'],
	['{name: a, readiness_probe: {httpGet: {prot: 1, port: 1}}}', 'unknown key `prot`; did you mean `port`?'],
	[
		'{name: a, readiness_probe: {httpGet: {path: /}}}',
		'`readiness_probe.httpGet.port` is missing; it must be a port number, or the name of a port',
	],
	[
		'{name: a, driver_options: {docker: {HostConfig: {Binds: [a, .nan]}}}}',
		'`driver_options.docker.HostConfig.Binds[1]` must be a number that JSON has, too, not NaN',
	],
	[
		'{name: a, driver_options: {kubernetes: {x: -.inf}}}',
		'`driver_options.kubernetes.x` must be a number that JSON has, too, not -Infinity',
	],
	['{name: a, driver_options: {dokcer: {}}}', 'unknown key `dokcer`; did you mean `docker`?'],
	[
		'{name: a, command: x}',
		'unknown key `command`; known here: name, type, image, volumes, env, workflow, replicas, slots, labels, resources, network, ports, user, pull_policy, readiness_probe, start_timeout, lifetime, driver_options',
	],
])('an agent %s', (agent, message) => {
	expect(load(`agents: [${agent}]\ntasks: [{command: x}]`).problems.map(problem => problem.message)).toEqual([message]);
});

test('a task that names only itself, and cycles with their path', () => {
	expect(problemsOf('tasks: [{name: a, command: x, depends_on: a}]')).toEqual(['1:43 task `a` depends on itself']);
	expect(
		problemsOf(`tasks:
  - {name: z, command: x, depends_on: [c]}
  - {name: a, command: x, depends_on: [b]}
  - {name: b, command: x, depends_on: [c]}
  - {name: c, command: x, depends_on: [a]}
  - {name: d, command: x, depends_on: [e]}
  - {name: e, command: x, depends_on: {d: {condition: completed}}}
`),
	).toEqual(['3:27 cycle: a → b → c → a', '6:27 cycle: d → e → d']);
});

test('a given name may collide with a made one', () => {
	expect(problemsOf('tasks: [{name: task-2, command: x}, {command: y}]')).toEqual(['1:37 task `task-2` is declared twice: also in line 1']);
});

test('a problem is shown with its line and a caret, and control characters are not passed on', () => {
	const [problem] = load('tasks:\n  - name: "日本\u202e"\n    command: x\n  - {name: 日本, tiemout: 1, command: x}\n').problems;
	if (problem === undefined) throw new Error('a problem was expected');
	expect(formatProblem(problem)).toBe(
		'wf.yml:4:16: unknown key `tiemout`; did you mean `timeout`?\n    - {name: 日本, tiemout: 1, command: x}\n                   ^',
	);
	expect(formatProblem(problem, {colour: true})).toContain('\u001b[1mwf.yml:4:16:\u001b[0m ');
	expect(formatProblem({message: 'm', text: 'a\u001b[31m\u202eb', line: 1, column: 2})).toBe('1:2: m\n  a\ufffd[31m\ufffdb\n   ^');
	expect(formatProblem({message: 'unknown param `x`'})).toBe('unknown param `x`');
	expect(formatProblem({message: 'the file is empty', file: 'wf.yml', line: 1, column: 1, text: ''})).toBe('wf.yml:1:1: the file is empty');
	expect(formatProblem({message: 'm', text: '\tab', line: 1, column: 3})).toBe('1:3: m\n  \tab\n  \t ^');
});

test('the line of a problem is left out when it is too long to be shown', () => {
	const [problem] = load(`{"tasks": [{"command": "${'x'.repeat(600)}", "tiemout": 1}]}`).problems;
	expect(problem).toMatchObject({line: 1, column: 628});
	expect(problem).not.toHaveProperty('text');
});

test('a problem has the path of what it is about', () => {
	expect(load('tasks: [{command: x, retry: {limit: x}}]').problems[0]).toMatchObject({path: 'tasks[0].retry.limit', file: 'wf.yml'});
});

test('of a line that is wider than the terminal the part around the place is shown', () => {
	const text = `tasks: [{name: a, command: ${'x'.repeat(60)}, tiemout: 5m, env: {A: ${'y'.repeat(60)}}}]`;
	const column = text.indexOf('tiemout') + 1;
	const shown = formatProblem({file: 'f', line: 1, column, message: 'm', text}, {columns: 60}).split('\n');
	expect(shown).toEqual([`f:1:${column}: m`, `  … ${'x'.repeat(15)}, tiemout: 5m, env: {A: ${'y'.repeat(15)} …`, `  ${' '.repeat(19)}^`]);
	const atStart = formatProblem({line: 1, column: 9, message: 'm', text}, {columns: 60}).split('\n');
	expect(atStart[1]).toBe(`  ${text.slice(0, 56)} …`);
	expect(atStart[2]).toBe('          ^');
	const atEnd = formatProblem({line: 1, column: text.length, message: 'm', text}, {columns: 60}).split('\n');
	expect(atEnd[1]).toHaveLength(60);
	expect(atEnd[1]?.endsWith('}}]')).toBe(true);
	expect(atEnd[2]).toHaveLength(60);
	const wide = formatProblem({line: 1, column: 50, message: 'm', text: '漢'.repeat(100)}, {columns: 40}).split('\n');
	expect(wide[1]).toMatch(/^ {2}… 漢+ …$/);
	expect([...(wide[1] ?? '')].reduce((sum, each) => sum + (each === '漢' ? 2 : 1), 0)).toBeLessThanOrEqual(40);
});

test('on a terminal the message is broken between words, below where it begins', () => {
	const problem = {
		file: 'flow.yml',
		line: 3,
		column: 5,
		message: 'unknown key `tiemout`; did you mean `timeout`?',
		text: '    tiemout: 5m',
	};
	expect(formatProblem(problem, {columns: 40})).toBe(
		'flow.yml:3:5: unknown key `tiemout`; did\n    you mean `timeout`?\n      tiemout: 5m\n      ^',
	);
	expect(formatProblem(problem, {columns: 40, colour: true})).toMatch(/^\S+flow\.yml:3:5:\S+ unknown key `tiemout`; did\n {4}you mean/);
	expect(formatProblem(problem)).toMatch(/^flow\.yml:3:5: unknown key `tiemout`; did you mean `timeout`\?\n/);
});

test.each([
	['steps: [{run: x}]', ['1:1 unknown key `steps`; did you mean `tasks`?']],
	['jobs: {a: {steps: []}}', ['1:1 unknown key `jobs`; did you mean `tasks`?']],
	['retry: 3\ntasks: [{command: x}]', ['1:1 unknown key `retry`; it stands in a task, or for all of them under `defaults`']],
])('%j: what other tools call otherwise, or have elsewhere, is named', (text, problems) => {
	expect(problemsOf(text)).toEqual(problems);
});
