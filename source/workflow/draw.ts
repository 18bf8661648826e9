import type {Dependency, Workflow} from '../model/workflow.ts';
import {drawTree} from './draw-tree.ts';

export const graphFormats = ['tree', 'mermaid', 'dot', 'json'] as const;
export type GraphFormat = (typeof graphFormats)[number];

/** The task graph as text that ends in a line break. Arrows lead from a task to those that come after it. */
export function drawGraph(workflow: Workflow, format: GraphFormat): string {
	switch (format) {
		case 'tree':
			return drawTree(workflow);
		case 'mermaid':
			return drawMermaid(workflow);
		case 'dot':
			return drawDot(workflow);
		case 'json':
			return `${JSON.stringify(graphJson(workflow), undefined, '\t')}\n`;
	}
}

function drawMermaid({tasks}: Workflow): string {
	const nodes = tasks.map(({name}, index) => `  t${index}["${mermaidText(name)}"]`);
	const arrows = edgesOf(tasks).map(([from, to, label]) => `  t${from} -->${label === '' ? '' : `|${label}|`} t${to}`);
	return `${['flowchart LR', ...nodes, ...arrows].join('\n')}\n`;
}

/** Mermaid has no escapes but numbered characters; letters, digits and blanks of every language are safe. */
function mermaidText(text: string): string {
	return text.replace(/[^\p{L}\p{M}\p{N} _.,:/-]/gu, character => `#${character.codePointAt(0)};`);
}

function drawDot({name, tasks}: Workflow): string {
	const nodes = tasks.map(task => `  ${dotText(task.name)};`);
	const arrows = edgesOf(tasks).map(([from, to, label]) => {
		const attributes = label === '' ? '' : ` [label=${dotText(label)}]`;
		return `  ${dotText(tasks[from]?.name ?? '')} -> ${dotText(tasks[to]?.name ?? '')}${attributes};`;
	});
	return `${[`digraph ${dotText(name)} {`, '  rankdir=LR;', '  node [shape=box];', ...nodes, ...arrows, '}'].join('\n')}\n`;
}

function dotText(text: string): string {
	return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function edgesOf(tasks: Workflow['tasks']): Array<[from: number, to: number, label: string]> {
	return tasks.flatMap(({dependsOn}, to) =>
		dependsOn.map((dependency): [number, number, string] => [dependency.task, to, labelOf(dependency)]),
	);
}

function labelOf({condition}: Dependency): string {
	return condition === 'failed' || condition === 'completed' ? condition : '';
}

/** `depends_on` holds names; `conditions` those that are not `succeeded`: `failed`, `completed`, or `ordered` for mere file order. */
function graphJson({tasks}: Workflow): object {
	return {
		tasks: tasks.map(({name, dependsOn}) => {
			const named = dependsOn.map(dependency => ({name: tasks[dependency.task]?.name ?? '', condition: dependency.condition}));
			const special = named.filter(({condition}) => condition !== 'succeeded').map(({name, condition}) => [name, condition]);
			return {
				name,
				depends_on: named.map(dependency => dependency.name),
				...(special.length > 0 && {conditions: Object.fromEntries(special)}),
			};
		}),
	};
}
