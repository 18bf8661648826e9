import type {Dependency, TaskSpec, Workflow} from '../model/workflow.ts';

/** Deeper levels are drawn in a block of their own, so that a chain of any length fits a terminal. */
const maxDepth = 16;

type Line = {
	readonly task: number;
	readonly parent: number | undefined;
	readonly prefix: string;
	readonly last: boolean;
	readonly depth: number;
};

/**
 * The graph as a tree: under each task those that come after it. A task with several dependencies is drawn under the last of
 * them in the file, and referred to under the others. Tasks that merely run in file order are a numbered list.
 */
export function drawTree({name, tasks}: Workflow): string {
	if (tasks.some(({dependsOn}) => dependsOn[0]?.condition === 'ordered')) {
		return `${[name, ...tasks.map((task, index) => `${index + 1}. ${task.name}`)].join('\n')}\n`;
	}
	const after = tasksAfter(tasks);
	const roots = tasks.flatMap(({dependsOn}, index) => (dependsOn.length === 0 ? [index] : []));
	const blocks: Array<{title: string; parent: number | undefined; tasks: readonly number[]}> = [
		{title: name, parent: undefined, tasks: roots},
	];
	const lines: string[] = [];
	for (const block of blocks) {
		lines.push(block.title);
		const stack = linesFor(block.tasks, block.parent, '', 0);
		for (let line = stack.pop(); line !== undefined; line = stack.pop()) {
			const text = textFor(line, tasks);
			const isHome = line.parent === undefined || homeOf(tasks[line.task]) === line.parent;
			const below = isHome ? (after[line.task] ?? []) : [];
			const isCut = line.depth + 1 >= maxDepth && below.length > 0;
			lines.push(`${line.prefix}${line.last ? '└─ ' : '├─ '}${text}${isCut ? ' …' : ''}`);
			if (isCut) blocks.push({title: `… ${tasks[line.task]?.name ?? ''}`, parent: line.task, tasks: below});
			else stack.push(...linesFor(below, line.task, line.prefix + (line.last ? '   ' : '│  '), line.depth + 1));
		}
	}
	return `${lines.join('\n')}\n`;
}

/** In reverse: they are taken from the end of a stack. */
function linesFor(tasks: readonly number[], parent: number | undefined, prefix: string, depth: number): Line[] {
	return tasks.map((task, index) => ({task, parent, prefix, last: index === tasks.length - 1, depth})).reverse();
}

function tasksAfter(tasks: readonly TaskSpec[]): number[][] {
	const after: number[][] = tasks.map(() => []);
	for (const [index, {dependsOn}] of tasks.entries()) for (const {task} of dependsOn) after[task]?.push(index);
	return after;
}

/** The dependency under which a task is drawn. */
function homeOf(task: TaskSpec | undefined): number | undefined {
	return task?.dependsOn.reduce<number | undefined>(
		(last, dependency) => (last === undefined ? dependency.task : Math.max(last, dependency.task)),
		undefined,
	);
}

function textFor({task: index, parent}: Line, tasks: readonly TaskSpec[]): string {
	const task = tasks[index];
	if (task === undefined) return '';
	const home = homeOf(task);
	if (parent !== undefined && home !== undefined && home !== parent) return `(${task.name}: see under ${tasks[home]?.name ?? ''})`;
	const isPlain = task.dependsOn.length <= 1 && task.dependsOn.every(({condition}) => condition === 'succeeded');
	if (isPlain) return task.name;
	return `${task.name} (after ${task.dependsOn.map(dependency => dependencyText(dependency, tasks)).join(', ')})`;
}

function dependencyText({task, condition}: Dependency, tasks: readonly TaskSpec[]): string {
	const name = tasks[task]?.name ?? '';
	if (condition === 'failed') return `${name} failed`;
	return condition === 'completed' ? `${name} ended in any way` : name;
}
