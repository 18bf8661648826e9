import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import type {TaskStatus} from '../../source/model/run.ts';
import {layoutGraph} from '../../source/tui/drawings/graph-layout.ts';
import type {GraphTask} from '../../source/tui/drawings/graph-tasks.ts';
import {criticalPath, graphShape} from '../../source/tui/drawings/graph-tasks.ts';
import type {GraphLook, StatusPaint} from '../../source/tui/drawings/graph-view.ts';
import {GraphView} from '../../source/tui/drawings/graph-view.ts';

const glyphs: Partial<Record<TaskStatus, string>> = {succeeded: '✔', running: '▶', failed: '✖', blocked: '·'};
const same = (text: string) => text;
const paint: StatusPaint = {
	...{dim: same, bold: same, accent: same, chosen: text => `\u001b[7m${text}\u001b[27m`},
	badge: status => ({glyph: glyphs[status] ?? '?', paint: same}),
};
const whole: GraphLook = {paint, ascii: false, x: 0, y: 0, width: 400, height: 400};

/** `{a: [], b: ['a']}`, all of a status, none with a duration unless told. */
function graph(of: Readonly<Record<string, readonly string[]>>, took: Readonly<Record<string, number>> = {}): GraphTask[] {
	const names = Object.keys(of);
	return names.map(name => ({
		...{name, status: 'blocked' as const, tookMs: took[name] ?? 0},
		dependsOn: (of[name] ?? []).map(dependency => names.indexOf(dependency)),
	}));
}

function picture(tasks: readonly GraphTask[], look: Partial<GraphLook> = {}): readonly string[] {
	return new GraphView(tasks).rows(tasks, {...whole, ...look});
}

describe('drawn', () => {
	test('what forks and joins', () => {
		const tasks = graph({prepare: [], speed: ['prepare'], safety: ['prepare'], 'clean-up': ['speed', 'safety']});
		expect(picture(tasks)).toEqual(['· prepare  ─┬──· speed  ──┬──· clean-up', '            └──· safety  ─┘']);
		expect(picture(tasks, {ascii: true})).toEqual(['· prepare  -+--· speed  --+--· clean-up', '            +--· safety  -+']);
	});

	test('statuses, the selected task, and what took longest', () => {
		const tasks = graph({a: [], b: ['a'], c: ['a'], d: ['b', 'c']}, {a: 10, b: 500, c: 20}).map((task, at) => ({
			...task,
			status: (['succeeded', 'running', 'failed', 'blocked'] as const)[at] ?? 'blocked',
		}));
		expect(picture(tasks, {selected: 2})).toEqual(['✔ a* ━┳━━▶ b* ─┬──· d', '      └──\u001b[7m✖ c \u001b[27m ─┘']);
	});

	test('lines that cross, and those that pass by', () => {
		const tasks = graph({a: [], b: [], c: ['a', 'b'], d: ['a', 'b'], e: ['c'], f: ['e', 'd', 'b']});
		const rows = picture(tasks);
		expect(rows.join('\n')).toContain('· f');
		expect(rows.length).toBe(new GraphView(tasks).height);
		// b → f follows from b → d → f.
		expect(graphShape(tasks).parents[5]).toEqual([4, 3]);
	});

	test('every task is connected with those that it has to do with, and with no other', () => {
		fc.assert(
			fc.property(randomGraph(14), tasks => {
				const shape = graphShape(tasks);
				const layout = layoutGraph(
					tasks.map(({name}) => name),
					shape,
				);
				expect(piecesOf(layout, tasks.length)).toEqual(componentsOf(shape.parents));
				for (const [child, parents] of shape.parents.entries()) {
					for (const parent of parents) expect(layout.nodes[parent]?.x).toBeLessThan(layout.nodes[child]?.x ?? 0);
				}
			}),
			{numRuns: 300},
		);
	});

	test('a window shows its part of the whole, and no more', () => {
		fc.assert(
			fc.property(randomGraph(20), fc.nat(60), fc.nat(10), fc.integer({min: 1, max: 40}), (tasks, x, y, width) => {
				const view = new GraphView(tasks);
				const all = view.rows(tasks, whole).map(row => row.padEnd(500));
				const part = view.rows(tasks, {...whole, x, y, width, height: 5});
				for (const [at, row] of part.entries()) {
					expect(stringWidth(row)).toBeLessThanOrEqual(width);
					expect(row.padEnd(width)).toBe(all[y + at]?.slice(x, x + width));
				}
			}),
		);
	});
});

test('from task to task along the lines', () => {
	const tasks = graph({a: [], b: ['a'], c: ['a'], d: ['b', 'c']});
	const view = new GraphView(tasks);
	expect([view.move(0, 'right'), view.move(1, 'down'), view.move(2, 'right'), view.move(3, 'left'), view.move(0, 'left')]).toEqual([
		...[1, 2, 3, 1, undefined],
	]);
	expect(view.reveal(3, {x: 0, y: 0, width: 10, height: 1})).toEqual({x: 13, y: 0});
});

test('a long name is cut, a wide one too', () => {
	const [row = ''] = picture(graph({['日本語'.repeat(20)]: [], after: []}));
	expect(stringWidth(row)).toBeLessThanOrEqual(32);
	expect(row).toMatch(/^· 日本語.*…$/);
});

describe('as a tree', () => {
	test('each below what it waits for last, with the rest beside it', () => {
		const tasks = graph({a: [], b: ['a'], c: ['a'], d: ['b'], e: ['d', 'c'], f: []}, {a: 1500});
		const view = new GraphView(tasks, {asTree: true});
		expect(view.isDrawn).toBe(false);
		expect(view.rows(tasks, whole)).toEqual(['· a*  1.5 s', '├ · b', '│ ↳ · d', '│ ↳ · e  ← c', '└ · c', '· f']);
		expect(view.rows(tasks, {...whole, ascii: true, y: 1, height: 3})).toEqual(['|-· b', '| > · d', '| > · e  <- c']);
		expect([view.move(1, 'down'), view.move(3, 'down'), view.move(4, 'left'), view.move(0, 'up')]).toEqual([3, 4, 3, undefined]);
	});

	test('of thousands of tasks, also in one chain', () => {
		const chain = Array.from({length: 20_000}, (_, at) => ({
			name: `t${at}`,
			status: 'blocked' as const,
			tookMs: 1,
			dependsOn: at === 0 ? [] : [at - 1],
		}));
		const view = new GraphView(chain);
		expect(view.isDrawn).toBe(false);
		expect(view.height).toBe(20_000);
		expect(view.rows(chain, {...whole, y: 19_999, height: 5})).toEqual(['↳ · t19999*  1 ms']);
		expect(view.reveal(15_000, {x: 0, y: 0, width: 80, height: 20})).toEqual({x: 0, y: 14_981});
	});
});

test('the critical path is that which took longest so far', () => {
	const tasks = graph({a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['d']}, {a: 100, b: 300, c: 400, d: 50});
	expect(criticalPath(tasks, graphShape(tasks))).toEqual([0, 2, 3]);
	expect(criticalPath(graph({a: [], b: ['a']}), graphShape(graph({a: [], b: ['a']})))).toEqual([]);
});

function randomGraph(most: number): fc.Arbitrary<GraphTask[]> {
	return fc.array(fc.tuple(fc.array(fc.nat(1000), {maxLength: 3}), fc.nat(100)), {minLength: 1, maxLength: most}).map(tasks =>
		tasks.map(([picks, tookMs], at) => ({
			...{name: `t${at}`, status: 'running' as const, tookMs},
			dependsOn: at === 0 ? [] : [...new Set(picks.map(pick => pick % at))],
		})),
	);
}

/** Tasks that hang together by dependencies, each group in order. */
function componentsOf(parents: ReadonlyArray<readonly number[]>): number[][] {
	return grouped(
		parents.length,
		parents.flatMap((of, child) => of.map((parent): [number, number] => [parent, child])),
	);
}

/** Tasks that hang together by the lines of the picture. Where lines cross, the upright one hides the other, which goes on behind it. */
function piecesOf({nodes, wires, width, height}: ReturnType<typeof layoutGraph>, tasks: number): number[][] {
	const cells = Array.from({length: width * height}, (_, at) => wires.at(at % width, Math.floor(at / width)));
	const nodeAt = new Map(
		nodes.flatMap(({task, x, y, width: wide}) => Array.from({length: wide}, (_, at): [number, number] => [y * width + x + at, task])),
	);
	const joined: Array<[number, number]> = [];
	for (const [cell, bits] of cells.entries()) {
		if (nodeAt.has(cell)) continue;
		if ((bits & 2) !== 0) joined.push([tasks + cell, tasks + cell + width]);
		for (const [bit, step] of [
			[4, -1],
			[8, 1],
		] as const) {
			if ((bits & bit) === 0) continue;
			let next = cell + step;
			const back = bit === 4 ? 8 : 4;
			while (!nodeAt.has(next) && ((cells[next] ?? 0) & back) === 0) {
				if (((cells[next] ?? 0) & 3) === 0) throw new Error(`a line ends in nothing at ${next % width}, ${Math.floor(next / width)}`);
				next += step;
			}
			joined.push([tasks + cell, nodeAt.get(next) ?? tasks + next]);
		}
	}
	return grouped(tasks + cells.length, joined)
		.map(group => group.filter(member => member < tasks))
		.filter(group => group.length > 0);
}

function grouped(count: number, pairs: ReadonlyArray<readonly [number, number]>): number[][] {
	const parent = Array.from({length: count}, (_, at) => at);
	const rootOf = (at: number): number => {
		let root = at;
		while (parent[root] !== root) root = parent[root] ?? root;
		return root;
	};
	for (const [a, b] of pairs) parent[rootOf(b)] = rootOf(a);
	const groups = new Map<number, number[]>();
	for (let at = 0; at < count; at++) groups.set(rootOf(at), [...(groups.get(rootOf(at)) ?? []), at]);
	return [...groups.values()].map(group => group.sort((a, b) => a - b)).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}
