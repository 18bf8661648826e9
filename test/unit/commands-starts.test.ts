import fc from 'fast-check';
import stringWidth from 'string-width';
import {describe, expect, test} from 'vitest';
import {StartNews} from '../../source/commands/log-view/start-news.ts';
import {Starts, startsLine} from '../../source/commands/log-view/starts.ts';
import {createStyle} from '../../source/text/style.ts';
import {agentRow, runId, taskRow} from '../helpers/rows.ts';

const style = createStyle({colour: false, unicode: true});
const look = {style, unicode: true, columns: 80};
const pulling = 'pulling 43 % (3 of 7 layers), 12 MiB of 28 MiB, 1.5 MiB/s';

/** The line after these rows, at a time. */
function lineOf(rows: Parameters<Starts['change']>[0], now = 0, more: Partial<typeof look> = {}): string | undefined {
	const starts = new Starts();
	starts.change(rows, 0);
	return startsLine(starts.shown(now), now, {...look, ...more});
}

const starting = (id: string, words?: string) => agentRow({id, status: 'starting', ...(words !== undefined && {starting: words})});

describe('what is being started, in a line', () => {
	test('one: how far it is, and how long that takes', () => {
		expect(lineOf({agents: [starting('gpu', pulling)]})).toBe(`… gpu: ━━━━──────  ${pulling}`);
		expect(lineOf({agents: [starting('gpu', pulling)]}, 12_900, {columns: 100})).toBe(`… gpu: ━━━━──────  ${pulling}  12 s`);
		expect(lineOf({agents: [starting(`gpu~${runId}`, 'its pod is pending')].map(row => ({...row, run: runId}))})).toBe(
			'… gpu: its pod is pending',
		);
		expect(lineOf({tasks: [taskRow({name: 'train', status: 'running', starting: pulling})]}, 61_000, {columns: 100})).toBe(
			`… train: ━━━━──────  ${pulling}  1 min 1 s`,
		);
	});

	test('one of which nothing is told, after a moment', () => {
		expect(lineOf({agents: [starting('gpu')]}, 999)).toBeUndefined();
		expect(lineOf({agents: [starting('gpu')]}, 1000)).toBe('… gpu: starting  1 s');
	});

	test('several, together: those of which the same is told once', () => {
		const agents = [starting('a', 'pulling 50 % (1 of 2 layers)'), starting('a~2', 'pulling 50 % (1 of 2 layers)'), starting('b')];
		expect(lineOf({agents}, 2000)).toBe('… 3 starts: ━━━───────  a and 1 more pulling 50 % (1 of 2 layers); b  2 s');
	});

	test('what has started, gone or broken is no part of it', () => {
		const starts = new Starts();
		starts.change({agents: [starting('a', pulling), starting('b', pulling)], tasks: [taskRow({status: 'running', starting: pulling})]}, 0);
		expect(starts.shown(0)).toHaveLength(3);
		starts.change({agents: [agentRow({id: 'a', status: 'online'})]}, 1);
		starts.change({tasks: [taskRow({status: 'running'})], gone: {agents: ['b']}}, 1);
		expect(starts.shown(1)).toEqual([]);
		starts.change({agents: [starting('a', pulling)]}, 2);
		starts.snapshot({agents: [starting('c', pulling)]}, 3);
		expect(starts.shown(3).map(({name}) => name)).toEqual(['c']);
	});

	test('in ASCII, and without what would steer the terminal', () => {
		const plain = createStyle({colour: false, unicode: false});
		expect(lineOf({agents: [starting('gpu', '\u001b[2Jpulling 50 %')]}, 0, {style: plain, unicode: false})).toBe(
			'. gpu: #####-----  pulling 50 %',
		);
	});

	test('never fills the width, whatever is said', () => {
		const words = fc.oneof(fc.constant(pulling), fc.string({unit: 'grapheme', maxLength: 60}), fc.constant('日本語'.repeat(30)));
		const agents = fc.array(fc.record({id: fc.string({minLength: 1, maxLength: 30}), words}), {minLength: 1, maxLength: 5});
		fc.assert(
			fc.property(agents, fc.integer({min: 4, max: 200}), fc.boolean(), (rows, columns, colour) => {
				const line = lineOf({agents: rows.map(({id, words: said}) => starting(id, said))}, 5000, {
					style: createStyle({colour, unicode: true}),
					columns,
				});
				expect(stringWidth(line ?? '')).toBeLessThan(columns);
			}),
		);
	});
});

describe('what of a start is worth a line of its own', () => {
	test('a count now and then, other words when they change', () => {
		const news = new StartNews(false);
		expect(news.isNews('a', 'pulling its image', 0)).toBe(true);
		expect(news.isNews('a', 'pulling 1 %', 100)).toBe(true);
		expect(news.isNews('a', 'pulling 2 %', 200)).toBe(false);
		expect(news.isNews('b', 'pulling 2 %', 200)).toBe(true);
		expect(news.isNews('a', 'pulling 3 %', 10_099)).toBe(false);
		expect(news.isNews('a', 'pulling 4 %', 10_100)).toBe(true);
		expect(news.isNews('a', 'its container is starting', 10_101)).toBe(true);
		expect(news.isNews('a', 'its container is starting', 90_000)).toBe(false);
	});

	test('no count where they are seen as they go up', () => {
		const news = new StartNews(true);
		expect(news.isNews('a', 'pulling its image', 0)).toBe(true);
		expect(news.isNews('a', 'pulling 1 %', 100)).toBe(false);
		expect(news.isNews('a', 'pulling 99 %', 60_000)).toBe(false);
		expect(news.isNews('a', 'its container is starting', 60_001)).toBe(true);
	});
});
