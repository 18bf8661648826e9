import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import type {AttemptDetail, RunDetail, TaskDetail} from '../../source/protocol/views.ts';
import type {StatusPaint} from '../../source/tui/drawings/graph-view.ts';
import type {TimelineLook} from '../../source/tui/drawings/timeline.ts';
import {panned, timelineText, wholeRun, zoomed} from '../../source/tui/drawings/timeline.ts';
import {rowsByAgent, rowsByTask} from '../../source/tui/drawings/timeline-rows.ts';

const same = (text: string) => text;
const paint: StatusPaint = {
	...{dim: same, bold: same, accent: same, chosen: text => `\u001b[7m${text}\u001b[27m`},
	badge: status => ({glyph: status === 'succeeded' ? '✔' : status.charAt(0), paint: same}),
};

function attempt(
	number: number,
	assignedAt: number,
	endedAt?: number,
	status: AttemptDetail['status'] = 'succeeded',
	agent = 'one',
): AttemptDetail {
	return {number, agent, assignedAt, ...(endedAt !== undefined && {endedAt}), status: endedAt === undefined ? 'running' : status};
}

function task(name: string, attempts: readonly AttemptDetail[], more: Partial<TaskDetail> = {}): TaskDetail {
	const last = attempts.at(-1);
	const ended = last?.endedAt === undefined ? {} : {endedAt: last.endedAt};
	return {name, task: 0, status: 'running', attempt: attempts.length, dependsOn: [], attempts, ...ended, ...more};
}

const run: Pick<RunDetail, 'tasks' | 'createdAt'> = {
	createdAt: 0,
	tasks: [
		task('build', [attempt(1, 10_000, 40_000)]),
		task('test', [attempt(1, 40_000, 50_000, 'failed'), attempt(2, 60_000)], {dependsOn: ['build'], status: 'running'}),
		task('ship', [], {dependsOn: ['test'], status: 'blocked'}),
		task('lint', [attempt(1, 10_000, 30_000, 'succeeded', 'two'), attempt(2, 20_000, 60_000, 'timed_out', 'two')]),
	],
};
const look: TimelineLook = {paint, ascii: false, window: {from: 0, to: 100_000}, zero: 0, now: 80_000, width: 31, height: 9, y: 0};

describe('a row a task', () => {
	test('shows waiting, attempts, and now', () => {
		expect(timelineText(rowsByTask(run), look)).toEqual([
			'           │0          │1 min',
			'build      ··█████✔        ┊',
			'test               █f··▒▒▒r┊'.replace('               ', '               ').replace('▒r┊', '▒r┊'),
			'ship                       ┊',
			expect.stringMatching(/^lint {7}·/),
		]);
	});

	test('only those in sight, in ASCII too, and the selected one reversed', () => {
		const [scale, row, ...others] = timelineText(rowsByTask(run), {...look, ascii: true, y: 1, height: 2, selected: 1});
		expect(scale).toContain('|0');
		expect(row).toContain('\u001b[7mtest      \u001b[27m');
		expect(row).toContain('---r|');
		expect(others).toEqual([]);
	});
});

test('a row a slot has what ran there, one after the other', () => {
	const rows = rowsByAgent(run);
	expect(rows.map(({label, spans}) => [label, spans.length])).toEqual([
		['one', 3],
		['two #1', 1],
		['two #2', 1],
	]);
	expect(rows[2]?.spans).toEqual([{from: 20_000, to: 60_000, kind: 'runs', status: 'failed'}]);
});

test('the window zooms at a place and moves', () => {
	expect(zoomed({from: 0, to: 1000}, 0.5, 0)).toEqual({from: 0, to: 500});
	expect(zoomed({from: 0, to: 1000}, 2)).toEqual({from: -500, to: 1500});
	expect(zoomed({from: 0, to: 1000}, 0.000_001)).toEqual({from: 450, to: 550});
	expect(panned({from: 0, to: 1000}, -0.5)).toEqual({from: -500, to: 500});
	expect(wholeRun({createdAt: 5, endedAt: 20_005}, 99_999)).toEqual({from: 5, to: 20_005});
	expect(wholeRun({createdAt: 0}, 10_000).to).toBeCloseTo(11_000);
});

test('whatever the window, no row is wider than the pane', () => {
	const time = fc.integer({min: -1_000_000, max: 1_000_000});
	fc.assert(
		fc.property(time, fc.integer({min: 1, max: 2_000_000}), fc.integer({min: 3, max: 120}), time, (from, length, width, now) => {
			const rows = timelineText([...rowsByTask(run), ...rowsByAgent(run)], {...look, window: {from, to: from + length}, width, now});
			for (const row of rows) expect(stringWidth(row)).toBeLessThanOrEqual(width);
			expect(rows).toHaveLength(8);
		}),
	);
});
