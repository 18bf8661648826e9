import {describe, expect, test} from 'vitest';
import {findCycles} from '../../source/workflow/cycles.ts';
import {drawGraph, graphFormats} from '../../source/workflow/draw.ts';
import {formatPlan, plan} from '../../source/workflow/plan.ts';
import {loadValid, problemsOf} from '../helpers/load-workflow.ts';

const release = `name: release
tasks:
  - {name: build, command: x}
  - {name: test, command: x, depends_on: [build], image: node}
  - {name: lint, command: x, depends_on: [build], agent: {labels: {a: b}}}
  - {name: 'de"ploy', command: x, depends_on: [test, lint], agent: far}
  - {name: alarm, command: x, depends_on: {'de"ploy': {condition: failed}}, agent: big}
  - {name: 'a\\b <c>', command: x, agent: big, image: deno}
agents: [{name: big, type: kubernetes, image: me/agent}]
`;

describe('drawGraph', () => {
	test('tree', () => {
		expect(drawGraph(loadValid(release), 'tree')).toBe(`release
├─ build
│  ├─ test
│  │  └─ (de"ploy: see under lint)
│  └─ lint
│     └─ de"ploy (after test, lint)
│        └─ alarm (after de"ploy failed)
└─ a\\b <c>
`);
	});

	test('tree of a file without dependencies', () => {
		expect(drawGraph(loadValid('name: n\ntasks: [{command: x}, {command: y}]'), 'tree')).toBe('n\n1. task-1\n2. task-2\n');
	});

	test('tree of a long chain goes on in blocks', () => {
		const lines = drawGraph(loadValid(chain(40)), 'tree').split('\n');
		expect(lines.filter(line => line.startsWith('… '))).toEqual(['… t15', '… t31']);
		expect(Math.max(...lines.map(line => line.length))).toBeLessThan(80);
		for (let index = 0; index < 40; index++)
			expect(lines.filter(line => line.endsWith(`─ t${index}`) || line.endsWith(`─ t${index} …`))).toHaveLength(1);
	});

	test('mermaid', () => {
		expect(drawGraph(loadValid(release), 'mermaid')).toBe(`flowchart LR
  t0["build"]
  t1["test"]
  t2["lint"]
  t3["de#34;ploy"]
  t4["alarm"]
  t5["a#92;b #60;c#62;"]
  t0 --> t1
  t0 --> t2
  t1 --> t3
  t2 --> t3
  t3 -->|failed| t4
`);
	});

	test('dot', () => {
		const lines = drawGraph(loadValid(release), 'dot').split('\n');
		expect(lines[0]).toBe('digraph "release" {');
		expect(lines).toContain('  "a\\\\b <c>";');
		expect(lines).toContain('  "test" -> "de\\"ploy";');
		expect(lines).toContain('  "de\\"ploy" -> "alarm" [label="failed"];');
	});

	test('json', () => {
		const {tasks} = JSON.parse(drawGraph(loadValid(release), 'json'));
		expect(tasks.slice(3)).toEqual([
			{name: 'de"ploy', depends_on: ['test', 'lint']},
			{name: 'alarm', depends_on: ['de"ploy'], conditions: {'de"ploy': 'failed'}},
			{name: 'a\\b <c>', depends_on: []},
		]);
		expect(JSON.parse(drawGraph(loadValid('tasks: [{command: x}, {command: y}]'), 'json')).tasks[1]).toEqual({
			name: 'task-2',
			depends_on: ['task-1'],
			conditions: {'task-1': 'ordered'},
		});
	});
});

test('a plan tells waves, and where each task runs', () => {
	expect(formatPlan(plan(loadValid(release)))).toBe(`release: 6 tasks in 4 waves
  1  build    this host (local-agent)
  1  a\\b <c>  a pod of deno (kubernetes, as agent big)
  2  test     a container of node (docker)
  2  lint     any agent with a=b
  3  de"ploy  agent far, which must be registered
  4  alarm    agent big (kubernetes, image me/agent)
`);
	expect(plan(loadValid('tasks: [{command: x}, {command: y}]')).waves.map(wave => wave.map(({task}) => task))).toEqual([
		['task-1'],
		['task-2'],
	]);
});

test('cycles: one for every group, none where there is none', () => {
	expect(findCycles([[1], [2], []])).toEqual([]);
	expect(findCycles([[0]])).toEqual([[0]]);
	expect(findCycles([[2], [0], [1]])).toEqual([[0, 2, 1]]);
	expect(findCycles([[1], [2], [1], [0, 4], [3]])).toEqual([
		[1, 2],
		[3, 4],
	]);
});

function chain(length: number, firstDependsOn = ''): string {
	const tasks = Array.from(
		{length},
		(_, index) => `- {name: t${index}, command: x, depends_on: [${index === 0 ? firstDependsOn : `t${index - 1}`}]}\n`,
	);
	return `tasks:\n${tasks.join('')}`;
}

test('a chain of 100,000 tasks is no problem for anything', () => {
	const workflow = loadValid(chain(100_000));
	for (const format of graphFormats) expect(drawGraph(workflow, format).length).toBeLessThan(20_000_000);
	expect(plan(workflow).waves).toHaveLength(100_000);
});

test('a cycle of many tasks is told in short', () => {
	const [problem = '', ...rest] = problemsOf(chain(50_000, 't49999'));
	expect(rest).toEqual([]);
	expect(problem).toContain('cycle: t0 → t49999 → t49998');
	expect(problem).toContain('… (50000 tasks) → t0');
});

test('many unknown dependencies are told in fair time', () => {
	const tasks = Array.from(
		{length: 5000},
		(_, index) => `- {name: task-number-${index}, command: x, depends_on: [tsak-number-${index}]}\n`,
	);
	expect(problemsOf(`tasks:\n${tasks.join('')}`)).toHaveLength(5000);
});
