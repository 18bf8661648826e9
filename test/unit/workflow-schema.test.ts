import {load as parseYaml} from 'js-yaml';
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {workflowSchema} from '../../source/workflow/json-schema.ts';
import {loadAgent} from '../../source/workflow/load-agent.ts';

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

describe('loadAgent', () => {
	test('reads the keys of an agent', () => {
		const {spec, problems} = loadAgent({name: 'agent2', type: 'docker', image: 'me/agent', workflow: 'w.yaml', volume: './data:/app/data'});
		expect(problems).toEqual([]);
		expect(spec).toMatchObject({name: 'agent2', type: 'docker', volumes: ['./data:/app/data'], workflow: 'w.yaml', startTimeoutMs: 60_000});
	});

	test.each<[unknown, string[]]>([
		[null, ['this has no value; it must be a mapping with at least `name`']],
		[[], ['this must be a mapping with at least `name`, not a list']],
		[
			{name: 'a', slot: 1, replicas: 0},
			['unknown key `slot`; did you mean `slots`?', '`replicas` must be a whole number of at least 1, not 0'],
		],
	])('%j is refused', (value, messages) => {
		const {spec, problems} = loadAgent(value);
		expect(spec).toBeUndefined();
		expect(problems.map(({message}) => message)).toEqual(messages);
	});
});
