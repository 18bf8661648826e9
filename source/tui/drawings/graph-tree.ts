import type {GraphShape} from './graph-tasks.ts';

/** A row of a graph that is too large to be drawn: a task below the one that it waits for longest. */
export type TreeRow = {
	readonly task: number;
	/** For each level, whether the branch goes on below: `│`. The last is the row's own: `├`, or without more below `└`. */
	readonly branches: readonly boolean[];
	/** It is the only one below the row above, and in line with that. */
	readonly chained: boolean;
	/** What else it depends on: `← a, b`. */
	readonly others: readonly number[];
};

/** Further in, rows are no more indented. */
const deepest = 40;

/**
 * All tasks as rows, each below one that it depends on: of several, the last to be reached. A task that is the only one below another is
 * not indented, so that long chains stay straight.
 */
export function treeRows({order, depth, parents}: GraphShape): readonly TreeRow[] {
	const children = new Map<number | undefined, number[]>();
	const parentOf = (task: number) => [...(parents[task] ?? [])].sort((a, b) => (depth[b] ?? 0) - (depth[a] ?? 0) || b - a)[0];
	for (const task of [...order].sort((a, b) => a - b)) {
		const parent = parentOf(task);
		const siblings = children.get(parent);
		if (siblings === undefined) children.set(parent, [task]);
		else siblings.push(task);
	}
	const rows: TreeRow[] = [];
	// A stack of its own: chains may be longer than the program's.
	const open: Array<Pick<TreeRow, 'task' | 'branches' | 'chained'>> = (children.get(undefined) ?? [])
		.map(task => ({task, branches: [], chained: false}))
		.reverse();
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		const {task, branches} = next;
		rows.push({...next, others: (parents[task] ?? []).filter(other => other !== parentOf(task))});
		const below = children.get(task) ?? [];
		const chained = below.length === 1 || branches.length >= deepest;
		for (const [at, child] of [...below.entries()].reverse()) {
			open.push({task: child, chained, branches: chained ? branches : [...branches, at < below.length - 1]});
		}
	}
	return rows;
}
