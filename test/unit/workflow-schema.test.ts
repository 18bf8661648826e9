import {load as parseYaml} from 'js-yaml';
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {workflowSchema} from '../../source/workflow/json-schema.ts';

type Schema = {
	properties: Record<string, Schema & {deprecated?: boolean; description?: string}>;
	items: Schema;
	required?: string[];
	additionalProperties?: unknown;
};

describe('the JSON Schema', () => {
	const schema = workflowSchema() as Schema & {$schema: string};
	const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

	test('is of 2020-12, closed, and describes every canonical key', () => {
		expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
		expect(schema.additionalProperties).toBe(false);
		expect(schema.properties.tasks?.items.additionalProperties).toBe(false);
		expect(schema.required).toEqual(['tasks']);
		for (const level of [schema, schema.properties.tasks?.items, schema.properties.agents?.items]) {
			for (const [key, property] of Object.entries(level?.properties ?? {})) expect(property.description, key).toBeTruthy();
		}
	});

	test('has the aliases', () => {
		const task = schema.properties.tasks?.items.properties ?? {};
		expect(Object.keys(task).filter(key => task[key]?.deprecated)).toEqual(['id', 'run', 'script', 'needs', 'depends', 'dependencies']);
		expect(schema.properties.agents?.items.properties.volume?.deprecated).toBeUndefined();
	});

	test.each([
		'tasks: [{command: x}]',
		'tasks: [{run: x, timeout: "${{ params.t }}", retry: {limit: "${{ params.n }}"}, env: {A: 1}}]',
		'tasks: [{command: [a], timeout: 1h30m, depends_on: {b: {condition: failed}}}]',
	])('takes %s', text => {
		expect(validator.safeParse(parseYaml(text)).error?.issues).toBeUndefined();
	});

	test.each([
		'tasks: []',
		'{tiemout: 1, tasks: [{command: x}]}',
		'tasks: [{command: x, timeout: soon}]',
		'tasks: [{command: x, continue_on_error: maybe}]',
		'env: {}',
	])('refuses %s', text => {
		expect(validator.safeParse(parseYaml(text)).success).toBe(false);
	});
});
