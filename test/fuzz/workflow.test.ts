import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {defaultLimits} from '../../source/model/limits.ts';
import {formatProblem} from '../../source/text/problem.ts';
import {drawGraph, graphFormats} from '../../source/workflow/draw.ts';
import type {Loaded} from '../../source/workflow/load.ts';
import {loadAgent, loadAgentText} from '../../source/workflow/load-agent.ts';
import {formatPlan, plan} from '../../source/workflow/plan.ts';
import {load} from '../helpers/load-workflow.ts';
import {fuzz, fuzzTimeout} from './fuzz.ts';
import {anyJson, anyText} from './texts.ts';
import {anyTemplate, anyWorkflowText} from './workflow-texts.ts';

const files = {'base.env': 'BASE=base\n'};

/** Either a workflow that can be kept, drawn and told, or problems in words with places that are in the text. */
function expectSound({workflow, problems, notices}: Loaded, text: string): void {
	expect(workflow === undefined).toBe(problems.length > 0);
	const lines = text.split(/\r\n|[\r\n]/).length;
	for (const problem of [...problems, ...notices]) {
		expect(problem.message.length).toBeGreaterThan(5);
		expect(formatProblem(problem)).not.toMatch(/undefined|\[object|NaN/);
		if (problem.line !== undefined && problem.file === 'wf.yml') {
			expect(problem.line).toBeGreaterThanOrEqual(1);
			expect(problem.line).toBeLessThanOrEqual(lines);
			expect(problem.column ?? 1).toBeGreaterThanOrEqual(1);
		}
	}
	if (workflow === undefined) return;
	expect(JSON.parse(JSON.stringify(workflow))).toEqual(workflow);
	for (const format of graphFormats) expect(drawGraph(workflow, format)).not.toBe('');
	expect(formatPlan(plan(workflow))).toContain(`${workflow.tasks.length} task`);
}

test('whatever a workflow file holds, it gives a workflow, or problems in words', fuzzTimeout, async () => {
	const property = fc.property(anyWorkflowText, text => {
		expectSound(load(text, {files}), text);
		loadAgentText(text, {file: 'agent.yml', limits: defaultLimits});
	});
	await fuzz('workflow', property, {runs: 200});
});

test('whatever stands between `${{` and `}}`, it is a value, or a problem in words', fuzzTimeout, async () => {
	const property = fc.property(
		anyTemplate,
		anyTemplate,
		fc.constantFrom('command', 'continue_on_error', 'timeout', 'env', 'agent'),
		(one, other, key) => {
			const task = {name: 'a', command: one, [key]: key === 'env' ? {A: other, B: '${{ env.A }}'} : other};
			const params = [{name: 'count', type: 'integer', default: 3}, {name: 'tags', type: 'list', default: ['a']}, {name: 'none'}];
			const text = JSON.stringify({params, env: {ROOT: '/', BASE: one}, tasks: [task]});
			expectSound(load(text, {files}), text);
		},
	);
	await fuzz('expressions', property, {runs: 400});
});

test('whatever is given for params, and whatever is deployed, it is taken or refused in words', fuzzTimeout, async () => {
	const declaration = fc.record({
		name: fc.constantFrom('a', 'b', 'toString', '__proto__'),
		type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'list'),
		required: fc.boolean(),
		default: fc.option(anyJson, {nil: undefined}),
		enum: fc.option(fc.array(anyJson, {maxLength: 3}), {nil: undefined}),
	});
	const given = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b'), anyText), anyJson, {maxKeys: 4});
	const property = fc.property(fc.array(declaration, {maxLength: 3}), given, fc.boolean(), anyJson, (params, values, checkOnly, spec) => {
		const text = JSON.stringify({params, tasks: [{command: 'echo ${{ params.a }} ${{ params.b }}'}]});
		expectSound(load(text, {params: values, checkOnly}), text);
		const loaded = loadAgent(spec);
		expect(loaded.spec === undefined).toBe(loaded.problems.length > 0);
	});
	await fuzz('params', property, {runs: 400});
});
