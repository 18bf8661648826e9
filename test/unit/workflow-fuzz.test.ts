import {expect, test} from 'vitest';
import {formatProblem} from '../../source/text/problem.ts';
import {drawGraph, graphFormats} from '../../source/workflow/draw.ts';
import {formatPlan, plan} from '../../source/workflow/plan.ts';
import {load} from '../helpers/load-workflow.ts';
import {seededRandom} from '../helpers/seeded-random.ts';

const valid = `name: nightly
params:
  - {name: count, type: integer, default: 3, enum: [1, 3]}
  - {name: tags, type: list, default: [a, b]}
env_file: base.env
env: {ROOT: "/src/\${{ env.BASE }}", EMPTY: ''}
defaults: {timeout: 5m, retry: {limit: 2, delay: 1s}, env: {D: "\${{ env.ROOT }}"}}
agents:
  - name: builder
    image: me/agent
    volume: ./data:/data:ro
    ports: [8080]
    resources: {limits: {cpu: 500m, memory: 256Mi}}
    readiness_probe: {httpGet: {path: /, port: 80}}
tasks:
  - name: build
    command: |
      make \${{ params.count == 3 && 'all' || params.tags }}
    agent: builder
    env: &env {A: 1, B: "\${{ env.ROOT }}"}
  - name: test
    run: [make test, "echo $\${{ literal"]
    needs: [build]
    env: *env
  - name: report
    command: "x"
    depends_on: {test: {condition: completed, optional: true}}
    continue_on_error: \${{ params.count != 1 }}
`;

const pieces = [
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
	'*env',
	'<<: ',
	'${{',
	'}}',
	'!',
	'|',
	'>',
	'---\n',
	'\0',
	'\ufeff',
	'\r',
	'🙂',
	'\ud800',
	'-1',
	'1e999',
	'.inf',
	'.nan',
	'null',
	'~',
	'__proto__',
	'constructor',
	'depends_on',
	'tasks',
	'name: build',
];

/** One to four random edits: cut, repeat, move or insert. */
function mutate(text: string, random: (limit: number) => number): string {
	let result = text;
	for (let edit = random(random(4) + 1); edit >= 0; edit--) {
		const start = random(result.length + 1);
		const end = Math.min(result.length, start + random(random(3) === 0 ? 200 : 8));
		const cut = result.slice(start, end);
		const inserted = [pieces[random(pieces.length)] ?? '', cut + cut, cut.split('').reverse().join('')][random(3)] ?? '';
		result = result.slice(0, start) + inserted + result.slice(random(2) === 0 ? start : end);
	}
	return result;
}

const options = {files: {'base.env': 'BASE=base\n'}};

test('the file that is mutated is valid', () => {
	expect(load(valid, options).problems).toEqual([]);
});

test('whatever a file holds, it gives either a workflow or problems, and never throws', () => {
	let [good, bad] = [0, 0];
	for (let seed = 1; seed <= 3000; seed++) {
		const text = mutate(valid, seededRandom(seed));
		const {workflow, problems, notices} = load(text, options);
		expect(workflow === undefined, `seed ${seed}`).toBe(problems.length > 0);
		for (const problem of [...problems, ...notices]) expect(formatProblem(problem)).not.toContain('undefined');
		for (const {line, column} of problems) expect(line === undefined || (line >= 1 && (column ?? 1) >= 1), `seed ${seed}`).toBe(true);
		if (workflow === undefined) {
			bad++;
			continue;
		}
		good++;
		expect(JSON.parse(JSON.stringify(workflow)), `seed ${seed}`).toEqual(workflow);
		for (const format of graphFormats) expect(drawGraph(workflow, format)).not.toBe('');
		expect(formatPlan(plan(workflow))).toContain(`${workflow.tasks.length} task`);
	}
	expect(Math.min(good, bad)).toBeGreaterThan(200);
});
