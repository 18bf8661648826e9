import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {projectFiles} from '../helpers/source-tree.ts';
import type {Code, SyntaxNode} from '../helpers/syntax.ts';
import {parseCode} from '../helpers/syntax.ts';

const glossary = readFileSync(join(import.meta.dirname, '../../docs/glossary.md'), 'utf8');
const model = projectFiles()
	.filter(({path}) => path.startsWith('source/model/'))
	.map(parseCode);

/** The words of a type that is a choice of strings. */
function wordsOf(name: string, files: readonly Code[]): readonly string[] {
	return files.flatMap(({nodes}) =>
		nodes
			.filter(({node, parents}) => node.type === 'Literal' && parents.some(parent => declares(parent, name)))
			.map(({node}) => String(node.value)),
	);
}

function declares(node: SyntaxNode, name: string): boolean {
	return (
		node.type === 'TSTypeAliasDeclaration' && typeof node.id === 'object' && node.id !== null && 'name' in node.id && node.id.name === name
	);
}

/** The words of the list that follows a line of the glossary. */
function listed(after: string): readonly string[] {
	const list = glossary.split(`\n${after}\n\n`)[1]?.split('\n\n')[0] ?? '';
	return list.split('\n').flatMap(line => [...(line.split(':')[0] ?? '').matchAll(/`(\w+)`/g)].map(match => match[1] ?? ''));
}

test.each([
	['RunStatus', 'Run:'],
	['TaskStatus', 'Task:'],
	['AgentStatus', 'Agent:'],
	['InstanceStatus', 'Instance:'],
])('the glossary has every %s and no other', (type, heading) => {
	expect(wordsOf(type, model).length).toBeGreaterThan(4);
	expect(listed(heading).toSorted()).toEqual(wordsOf(type, model).toSorted());
});

test('the glossary has every status of attempts and outcomes', () => {
	const heading = 'Attempt, and `succeeded` to `lost` also outcome:';
	expect(listed(heading).toSorted()).toEqual([...wordsOf('AttemptStatus', model), ...wordsOf('OutcomeStatus', model)].toSorted());
});

test('the glossary has every cause', () => {
	const causes = /\*\*cause\*\*.*/.exec(glossary)?.[0] ?? '';
	expect(wordsOf('TaskCause', model).filter(cause => !causes.includes(`\`${cause}\``))).toEqual([]);
});
