import {expect, test} from 'vitest';
import type {TimedLines} from '../../source/engine/merge-by-time.ts';
import {mergeByTime} from '../../source/engine/merge-by-time.ts';
import type {LogLine} from '../../source/protocol/views.ts';

const minute = 60_000;

/** Sources that start at these minutes and have a line in each of so many; what is read of them is noted. */
function sources(starts: readonly number[], count: number) {
	const opened: number[] = [];
	let open = 0;
	let mostOpen = 0;
	const all = starts.map(
		(start, task): TimedLines => ({
			startsAt: start * minute,
			async *read() {
				opened.push(task);
				mostOpen = Math.max(mostOpen, ++open);
				try {
					for (let at = start; at < start + count; at++) {
						yield {run: 'r', task, name: '', attempt: 1, agent: '', stream: 'stdout', at: at * minute, text: ''} satisfies LogLine;
					}
				} finally {
					open--;
				}
			},
		}),
	);
	return {all, opened, mostOpen: () => mostOpen, open: () => open};
}

const shown = async (lines: AsyncGenerator<LogLine>) => (await Array.fromAsync(lines)).map(({task, at}) => `${at / minute} ${task}`);

test('lines of sources that overlap come in order of time, and of one time those of one source together', async () => {
	const {all} = sources([2, 0, 1, 0], 3);
	expect(await shown(mergeByTime(all, 1))).toEqual(['0 1', '0 3', '1 3', '1 1', '1 2', '2 2', '2 1', '2 3', '2 0', '3 0', '3 2', '4 0']);
});

test('a source is read from only when its time comes', async () => {
	const {all, opened, mostOpen} = sources([0, 100, 200, 300], 2);
	const lines = mergeByTime(all, 1);
	await lines.next();
	expect(opened).toEqual([0]);
	expect(await shown(lines)).toHaveLength(7);
	expect([opened, mostOpen()]).toEqual([[0, 1, 2, 3], 1]);
});

test('as many as are wanted at once are in order however wrong their times are', async () => {
	const wrong = sources([0, 1, 2], 2).all.map((of, index) => ({...of, startsAt: [900, 500, 700][index] ?? 0}));
	expect(await shown(mergeByTime(wrong, 3))).toEqual(['0 0', '1 0', '1 1', '2 1', '2 2', '3 2']);
});

test('who stops reading ends the sources', async () => {
	const {all, open} = sources([0, 0, 0], 5);
	for await (const line of mergeByTime(all, 3)) if (line.at > 0) break;
	expect(open()).toBe(0);
});
