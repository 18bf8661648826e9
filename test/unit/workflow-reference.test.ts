import {readFileSync} from 'node:fs';
import {load as parseYaml} from 'js-yaml';
import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {defaultLimits} from '../../source/model/limits.ts';
import {formatProblem} from '../../source/text/problem.ts';
import {workflowSchema} from '../../source/workflow/json-schema.ts';
import {workflowLevel} from '../../source/workflow/keys.ts';
import {load} from '../helpers/load-workflow.ts';

const reference = readFileSync(new URL('../../docs/workflow-reference.md', import.meta.url), 'utf8');

/** The fenced blocks whose opening says exactly `info`. */
function blocks(info: string): string[] {
	return [...reference.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, opening, text = '']) => (opening === info ? [text] : []));
}

/** The text under a heading, up to the next of the same or a higher level. */
function section(heading: string): string {
	const start = reference.indexOf(`\n## ${heading}\n`);
	return reference.slice(start, reference.indexOf('\n## ', start + 1));
}

describe('docs/workflow-reference.md', () => {
	const examples = blocks('yaml');
	const validator = z.fromJSONSchema(workflowSchema() as Parameters<typeof z.fromJSONSchema>[0]);

	test.each(examples.map((text, index) => [index + 1, text] as const))('example %i is valid', (_, text) => {
		const {problems, notices} = load(text, {checkOnly: true});
		expect(problems.map(problem => formatProblem(problem))).toEqual([]);
		expect(notices).toEqual([]);
		expect(validator.safeParse(parseYaml(text)).error?.issues).toBeUndefined();
	});

	test('the broken example gives the errors that are shown', () => {
		const [text = ''] = blocks('yaml broken');
		const shown = load(text, {file: 'broken.yml'}).problems.map(problem => formatProblem(problem));
		expect(blocks('').map(block => block.trimEnd())).toContain(shown.join('\n'));
	});

	test.each([
		['Workflow keys', workflowLevel],
		['Task keys', workflowLevel.nested.get('tasks')?.level],
		['Agent keys', workflowLevel.nested.get('agents')?.level],
		['Params', workflowLevel.nested.get('params')?.level],
	] as const)('%s has every key and alias', (heading, level) => {
		const text = section(heading);
		for (const key of [...(level?.keys ?? []), ...(level?.aliases.keys() ?? [])]) expect(text).toContain(`\`${key}\``);
		for (const key of level?.later ?? []) expect(section('Keys of later versions')).toContain(`\`${key}\``);
	});

	test('has the limits of workflow files with their values', () => {
		for (const [name, value] of Object.entries(defaultLimits))
			if (name.startsWith('workflow_')) expect(reference).toContain(`| \`${name}\` | ${value} |`);
	});
});
