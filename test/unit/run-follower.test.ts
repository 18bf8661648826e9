import {getEventListeners} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {expect, onTestFinished, test} from 'vitest';
import type {RunView, ViewNews} from '../../source/commands/log-view/run-follower.ts';
import {RunFollower} from '../../source/commands/log-view/run-follower.ts';
import type {LogLine, TaskRow} from '../../source/protocol/views.ts';
import {logLine, runDetail, runRow, taskRow} from '../helpers/rows.ts';

/** A run whose lines and news come when the test says so, and what a view of it is told, in that order. */
function followed() {
	const told: string[] = [];
	const queue: LogLine[] = [];
	let more = Promise.withResolvers<void>();
	let isOver = false;
	async function* lines(): AsyncGenerator<LogLine> {
		for (;;) {
			for (let line = queue.shift(); line !== undefined; line = queue.shift()) yield line;
			if (isOver) return;
			await more.promise;
		}
	}
	function wake(): void {
		more.resolve();
		more = Promise.withResolvers();
	}
	const view: RunView = {
		begin: () => undefined,
		news: ({rows}) => told.push(...(rows.tasks ?? []).map(({name, attempt}) => `${name} ${attempt}`)),
		line: ({text}) => told.push(text),
		ready: async () => undefined,
		end: () => told.push('end'),
		close: () => undefined,
	};
	const abort = new AbortController();
	onTestFinished(() => abort.abort());
	const ended = runDetail({status: 'succeeded'});
	const follower = new RunFollower({feed: {lines, run: async () => ended}, run: runDetail(), view, signal: abort.signal});
	return {
		told,
		abort,
		follower,
		print(...texts: string[]) {
			queue.push(...texts.map(text => logLine({text, task: 1})));
			wake();
		},
		change: (tasks: readonly TaskRow[], runs: ViewNews['rows']['runs'] = []) => follower.news({type: 'change', rows: {tasks, runs}}),
		close() {
			isOver = true;
			wake();
		},
	};
}

const running = (attempt: number, task = 1) => taskRow({task, attempt, status: 'running'});

test('a line waits for the news of its attempt', async () => {
	const {told, print, change} = followed();
	print('one', 'two');
	change([running(1, 0)]);
	change([taskRow({run: 'r1111111111b', task: 1, attempt: 1})]);
	await sleep(20);
	expect(told).toEqual(['task-0 1', 'task-1 1']);
	change([running(1)]);
	await expect.poll(() => told).toEqual(['task-0 1', 'task-1 1', 'task-1 1', 'one', 'two']);
});

test('news that do not come hold lines up once, until there are news again', async () => {
	const {told, print, change, close, follower, abort} = followed();
	print('one', 'two', 'three');
	await expect.poll(() => told, {timeout: 5000}).toEqual(['one', 'two', 'three']);
	change([running(1, 0)]);
	print('four');
	await sleep(20);
	expect(told).toEqual(['one', 'two', 'three', 'task-0 1']);
	// An ended run has no more to tell, even if the rows of its tasks never came.
	change([], [runRow({status: 'succeeded'})]);
	close();
	await follower.done;
	expect(told).toEqual(['one', 'two', 'three', 'task-0 1', 'four', 'end']);
	expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test('is given up at once by its signal', async () => {
	const {told, print, abort, follower, close} = followed();
	print('one');
	await sleep(20);
	close();
	abort.abort();
	expect(await follower.done).toBeUndefined();
	expect(told).toEqual(['one']);
});
