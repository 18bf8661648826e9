import type {TaskStatus} from '../../model/run.ts';
import type {TaskDetail} from '../../protocol/views.ts';

/** A task as a place of the graph. Tasks are named by their position in the list, which is in file order. */
export type GraphTask = {
	readonly name: string;
	readonly status: TaskStatus;
	/** Tasks that it depends on. */
	readonly dependsOn: readonly number[];
	/** How long its attempts took so far, in milliseconds. */
	readonly tookMs: number;
};

/** The tasks of a run. `now`: milliseconds since 1970. */
export function graphTasks(tasks: readonly TaskDetail[], now: number): readonly GraphTask[] {
	const positions = new Map(tasks.map(({name}, at) => [name, at]));
	return tasks.map(({name, status, dependsOn, attempts}) => ({
		name,
		status,
		dependsOn: dependsOn.flatMap(dependency => positions.get(dependency) ?? []),
		tookMs: attempts.reduce((sum, {assignedAt, endedAt}) => sum + Math.max(0, (endedAt ?? now) - assignedAt), 0),
	}));
}

/** The structure alone: which tasks there are and what they depend on. It does not change during a run. */
export type GraphShape = {
	/** Tasks in an order in which each comes after all that it depends on. */
	readonly order: readonly number[];
	/** How many tasks come before each at least, one after another. */
	readonly depth: readonly number[];
	/** What each depends on, without what follows from the rest: where a → b → c, a is none of c's. */
	readonly parents: ReadonlyArray<readonly number[]>;
	readonly children: ReadonlyArray<readonly number[]>;
};

/** Beyond that, to leave out what follows from the rest costs more than it is worth. */
const mostReduced = 1500;

export function graphShape(tasks: ReadonlyArray<Pick<GraphTask, 'dependsOn'>>): GraphShape {
	const {order, depth} = sorted(tasks);
	const parents = tasks.length > mostReduced ? tasks.map(({dependsOn}) => dependsOn) : reduced(tasks, order);
	return {order, depth, parents, children: reversed(parents)};
}

/**
 * The path that took longest so far: what has to be quicker for the run to be. In order; empty while nothing has begun. Of paths that
 * are equally long, that of more tasks.
 */
export function criticalPath(tasks: readonly GraphTask[], {order, parents}: GraphShape): readonly number[] {
	const until = tasks.map(() => 0);
	const before: Array<number | undefined> = tasks.map(() => undefined);
	let last: number | undefined;
	for (const task of order) {
		let longest: number | undefined;
		for (const parent of parents[task] ?? []) {
			if (longest === undefined || (until[parent] ?? 0) > (until[longest] ?? 0)) longest = parent;
		}
		const took = tasks[task]?.tookMs ?? 0;
		before[task] = longest;
		until[task] = (longest === undefined ? 0 : (until[longest] ?? 0)) + took;
		if (took > 0 && (last === undefined || (until[task] ?? 0) >= (until[last] ?? 0))) last = task;
	}
	const path: number[] = [];
	for (let at = last; at !== undefined; at = before[at]) path.unshift(at);
	return path;
}

function sorted(tasks: ReadonlyArray<Pick<GraphTask, 'dependsOn'>>): {order: number[]; depth: number[]} {
	const children = reversed(tasks.map(({dependsOn}) => dependsOn));
	const open = tasks.map(({dependsOn}) => dependsOn.length);
	const depth = tasks.map(() => 0);
	const order = open.flatMap((count, task) => (count === 0 ? [task] : []));
	for (const task of order) {
		for (const child of children[task] ?? []) {
			depth[child] = Math.max(depth[child] ?? 0, (depth[task] ?? 0) + 1);
			open[child] = (open[child] ?? 0) - 1;
			if (open[child] === 0) order.push(child);
		}
	}
	return {order, depth};
}

/** Without the dependencies that follow from others. What comes before each task is kept as a set of bits. */
function reduced(tasks: ReadonlyArray<Pick<GraphTask, 'dependsOn'>>, order: readonly number[]): number[][] {
	const words = Math.ceil(tasks.length / 32);
	const before = tasks.map(() => new Uint32Array(words));
	const parents: number[][] = tasks.map(() => []);
	for (const task of order) {
		const dependsOn = [...new Set(tasks[task]?.dependsOn)];
		const implied = new Uint32Array(words);
		for (const parent of dependsOn) {
			for (const [word, bits] of before[parent]?.entries() ?? []) implied[word] = (implied[word] ?? 0) | bits;
		}
		parents[task] = dependsOn.filter(parent => (((implied[parent >>> 5] ?? 0) >>> (parent & 31)) & 1) === 0);
		for (const parent of dependsOn) implied[parent >>> 5] = (implied[parent >>> 5] ?? 0) | (1 << (parent & 31));
		before[task] = implied;
	}
	return parents;
}

function reversed(parents: ReadonlyArray<readonly number[]>): number[][] {
	const children: number[][] = parents.map(() => []);
	for (const [task, of] of parents.entries()) for (const parent of of) children[parent]?.push(task);
	return children;
}
