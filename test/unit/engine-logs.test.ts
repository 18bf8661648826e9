import {expect, onTestFinished, test, vi} from 'vitest';
import {systemClock} from '../../source/engine/clock.ts';
import {readAttempt} from '../../source/engine/follow.ts';
import type {LineFilter} from '../../source/engine/merged-lines.ts';
import {readLines} from '../../source/engine/merged-lines.ts';
import {TaskLogs} from '../../source/engine/task-logs.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {LogLine} from '../../source/protocol/views.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import {assigned, finished, openEngine, opened, registered, submitted} from '../helpers/live-engine.ts';
import {task, workflow} from '../helpers/scheduling.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const never = new AbortController().signal;
const retry = {limit: 3, delayMs: 0, backoff: 1, maxDelayMs: 0, lost: 3};

/** Two agents with a session each, and a run of two tasks that are tried again at once. Logs are real files. */
async function setUp({attemptBytes = 1_000_000, tasks = [task('a', {retry}), task('b', {retry})]} = {}) {
	const live = openEngine();
	const files = openLogFiles(temporaryDirectory(), {attemptBytes});
	onTestFinished(() => files.close());
	const logs = new TaskLogs(files);
	const {engine, store} = live;
	const anybody = tasks.map(spec => ({...spec, agent: {labels: {}}}));
	await live.tell(
		registered('one', 100),
		registered('two', 100),
		opened('s1', 'one'),
		opened('s2', 'two'),
		submitted('r1', workflow(anybody)),
	);
	const runNow = () => {
		const run = engine.state.runs.get('r1') ?? store.loadRun('r1');
		if (run === undefined) throw new Error('there is no run r1');
		return run;
	};
	const lines = (filter: Partial<LineFilter> = {}) =>
		oneByOne(
			readLines(
				{engine, logs, clock: systemClock, loadRun: runNow},
				{
					...{runs: [runNow()], later: false, wants: () => true, since: 0, follow: false, everyMs: 0, lineBytes: 1000},
					signal: never,
					...filter,
				},
			),
		);
	return {
		...live,
		logs,
		runNow,
		lines,
		/** Appends to an attempt's output; `at` is the time of all of it. */
		async print(of: Partial<AttemptRef>, text: string, {at = 0, stream = 'stdout' as 'stdout' | 'stderr'} = {}): Promise<void> {
			const ref = {run: 'r1', task: 0, attempt: 1, ...of};
			await logs.append(ref, [{offset: await logs.end(ref), stream, at, data: Buffer.from(text)}]);
		},
		shown: async (filter?: Partial<LineFilter>) => (await Array.fromAsync(lines(filter))).map(short),
		slices: (ref: Partial<AttemptRef>, options: {offset?: number; follow?: boolean; signal?: AbortSignal} = {}) =>
			readAttempt({engine, logs}, {run: 'r1', task: 0, attempt: 1, ...ref}, {offset: 0, follow: false, signal: never, ...options}),
	};
}

async function* oneByOne(batches: AsyncGenerator<readonly LogLine[]>): AsyncGenerator<LogLine> {
	for await (const lines of batches) yield* lines;
}

function short({name, attempt, agent, text}: LogLine): string {
	return `${name}#${attempt} ${agent}: ${text}`;
}

async function takeText(lines: AsyncGenerator<LogLine>, count: number): Promise<string[]> {
	const taken: string[] = [];
	while (taken.length < count) {
		const {value, done} = await lines.next();
		if (done === true) break;
		taken.push(short(value));
	}
	return taken;
}

test('lines of all attempts are merged by time', async () => {
	const {tell, print, shown} = await setUp();
	await tell(assigned('s1', 'r1', 0), assigned('s2', 'r1', 1));
	await print({task: 0}, 'a1\n', {at: 1});
	await print({task: 1}, 'b2\n', {at: 2});
	await print({task: 0}, 'a3\n', {at: 3});
	await tell(finished('s1', 'r1', {status: 'failed', logBytes: 6}), assigned('s2', 'r1', 0, 2));
	await print({task: 0, attempt: 2}, 'a5\n', {at: 5});
	await print({task: 1}, 'b4\nb4 too\n', {at: 4});
	expect(await shown()).toEqual(['a#1 one: a1', 'b#1 two: b2', 'a#1 one: a3', 'b#1 two: b4', 'b#1 two: b4 too', 'a#2 two: a5']);
});

test('lines are those of one task, or of one agent, where that is asked for', async () => {
	const {tell, print, shown} = await setUp();
	await tell(assigned('s1', 'r1', 0), assigned('s2', 'r1', 1));
	await print({task: 0}, 'a\n');
	await print({task: 1}, 'b\n');
	await tell(finished('s1', 'r1', {status: 'failed', logBytes: 2}), assigned('s2', 'r1', 0, 2));
	await print({task: 0, attempt: 2}, 'again\n', {at: 1});
	expect(await shown({wants: (_run, task) => task === 0})).toEqual(['a#1 one: a', 'a#2 two: again']);
	expect(await shown({wants: (_run, _task, agent) => agent === 'two'})).toEqual(['b#1 two: b', 'a#2 two: again']);
	expect(await shown({wants: (_run, task, agent) => task === 0 && agent === 'two'})).toEqual(['a#2 two: again']);
	expect(await shown({wants: () => false})).toEqual([]);
});

test('a run is followed through all retries to its end, each line once and the last one of each attempt as it is', async () => {
	const {tell, print, lines} = await setUp({tasks: [task('a', {retry})]});
	await tell(assigned('s1', 'r1'));
	await print({}, 'kept\n');
	const followed = lines({follow: true});
	expect(await takeText(followed, 1)).toEqual(['a#1 one: kept']);
	const next = takeText(followed, 1);
	await print({}, 'no en');
	await print({}, 'd');
	await tell(finished('s1', 'r1', {status: 'failed', logBytes: 11}));
	expect(await next).toEqual(['a#1 one: no end']);
	await tell(assigned('s2', 'r1', 0, 2));
	await print({attempt: 2}, 'second\nlast');
	expect(await takeText(followed, 1)).toEqual(['a#2 two: second']);
	await tell(finished('s2', 'r1', {attempt: 2, logBytes: 11}));
	expect(await takeText(followed, 9)).toEqual(['a#2 two: last']);
});

test('output that comes in while its attempt is being lost is read on, not again', async () => {
	const {tell, print, lines} = await setUp({tasks: [task('a', {retry})]});
	await tell(assigned('s1', 'r1'));
	const followed = lines({follow: true});
	const first = takeText(followed, 2);
	await print({}, 'one\ntwo');
	await tell({type: 'session-lost', at: 1, session: 's1', cause: 'silence'});
	expect(await first).toEqual(['a#1 one: one', 'a#1 one: two']);
	const next = takeText(followed, 1);
	await print({}, 'three\n');
	expect(await next).toEqual(['a#1 one: three']);
});

test('a run that ends before anything was printed is followed to its end', async () => {
	const {tell, lines} = await setUp();
	const followed = takeText(lines({follow: true}), 9);
	await tell({type: 'run-cancelled', at: 1, run: 'r1', reason: 'enough'});
	expect(await followed).toEqual([]);
});

test('a follower that is given up ends, and hears nothing any more', async () => {
	const {tell, print, lines} = await setUp();
	await tell(assigned('s1', 'r1'));
	await print({}, 'kept\n');
	const abort = new AbortController();
	const followed = lines({follow: true, signal: abort.signal});
	expect(await takeText(followed, 1)).toEqual(['a#1 one: kept']);
	const end = takeText(followed, 9);
	abort.abort();
	expect(await end).toEqual([]);
	await print({}, 'later\n');
	expect(await takeText(lines({follow: true, signal: abort.signal}), 9)).toEqual(['a#1 one: kept', 'a#1 one: later']);
});

test('that output was dropped is told once, after what was kept', async () => {
	const {tell, print, shown, lines} = await setUp({attemptBytes: 8, tasks: [task('a')]});
	await tell(assigned('s1', 'r1'));
	await print({}, 'kept\nhalf of it\n', {at: 7});
	await print({}, 'nothing of it\n', {at: 8});
	const notice = 'a#1 one: [byoai: the limit attempt_log_bytes is reached: what follows is counted, not kept]';
	expect(await shown()).toEqual(['a#1 one: kept', notice, 'a#1 one: hal']);
	const followed = lines({follow: true});
	expect(await takeText(followed, 2)).toEqual(['a#1 one: kept', notice]);
	await print({}, 'nor of this\n', {at: 9});
	await tell(finished('s1', 'r1', {logBytes: 42}));
	expect(await takeText(followed, 9)).toEqual(['a#1 one: hal']);
});

test('many attempts, each with much output: every line comes once and in order of time', async () => {
	const count = 100;
	const {tell, logs, lines} = await setUp({tasks: Array.from({length: count}, (_, index) => task(`task-${index}`))});
	for (let index = 0; index < count; index++) {
		await tell(assigned('s1', 'r1', index));
		const data = Buffer.from(`${'x'.repeat(500)}\n`);
		const pieces = Array.from({length: 20}, (_, line) => {
			const at = line * count + ((index * 7) % count);
			return {offset: line * data.length, stream: 'stdout' as const, at, data};
		});
		await logs.append({run: 'r1', task: index, attempt: 1}, pieces);
	}
	const all = await Array.fromAsync(lines());
	expect(all.map(({at}) => at)).toEqual(Array.from({length: 20 * count}, (_, at) => at));
	expect(new Set(all.map(({task: index, at}) => `${index} ${at}`)).size).toBe(20 * count);
});

test('what comes while it is followed is passed on as it came, and not read again', async () => {
	const {tell, print, lines, logs} = await setUp({tasks: [task('a', {retry}), task('b', {retry})]});
	await tell(assigned('s1', 'r1', 0), assigned('s2', 'r1', 1));
	await print({}, 'kept\n');
	const followed = lines({follow: true});
	expect(await takeText(followed, 1)).toEqual(['a#1 one: kept']);
	const read = vi.spyOn(logs, 'read');
	const next = takeText(followed, 4);
	await print({}, 'one\ntw');
	await print({task: 1}, 'three\n');
	await print({}, 'o\n');
	await print({task: 1}, 'four\n');
	expect((await next).toSorted()).toEqual(['a#1 one: one', 'a#1 one: two', 'b#1 two: four', 'b#1 two: three']);
	expect(read).not.toHaveBeenCalled();
});

test('what does not stay in memory for a slow reader is read from the store, each line once', async () => {
	const {tell, print, lines} = await setUp({attemptBytes: 100_000_000, tasks: [task('a', {retry})]});
	await tell(assigned('s1', 'r1'));
	const followed = lines({follow: true, lineBytes: 100_000});
	const first = takeText(followed, 1);
	await print({}, '0\n');
	expect(await first).toEqual(['a#1 one: 0']);
	const numbers = Array.from({length: 40}, (_, at) => at + 1);
	for (const number of numbers) await print({}, `${'x'.repeat(90_000)}\n${number}\n`);
	await print({}, 'last\n');
	const texts = (await takeText(followed, 81)).filter(text => !text.includes('xx'));
	expect(texts).toEqual([...numbers.map(number => `a#1 one: ${number}`), 'a#1 one: last']);
});

test('one attempt is read from an offset on, and followed to its end', async () => {
	const {tell, print, slices} = await setUp();
	await tell(assigned('s1', 'r1'));
	await print({}, '0123456789');
	const text = async (options: Parameters<typeof slices>[1]) =>
		(await Array.fromAsync(slices({}, options))).flatMap(({pieces}) => pieces.map(({data}) => Buffer.from(data).toString())).join('');
	expect(await text({offset: 4})).toBe('456789');
	expect(await text({offset: 10})).toBe('');
	expect(await text({offset: 99})).toBe('');
	const followed = text({offset: 8, follow: true});
	const beyond = text({offset: 12, follow: true});
	await print({}, 'abc');
	await tell(finished('s1', 'r1', {logBytes: 13}));
	expect(await followed).toBe('89abc');
	expect(await beyond).toBe('c');
});

test('an attempt that is followed when its run has ended, or that never was, ends at once', async () => {
	const {tell, slices} = await setUp();
	await tell({type: 'run-cancelled', at: 1, run: 'r1', reason: 'enough'});
	expect(await Array.fromAsync(slices({}, {follow: true}))).toEqual([]);
	expect(await Array.fromAsync(slices({attempt: 7}, {follow: true}))).toEqual([]);
});

test('how much of an attempt was dropped is known at its end, also from an offset that is beyond what was kept', async () => {
	const {tell, print, slices} = await setUp({attemptBytes: 4});
	await tell(assigned('s1', 'r1'));
	await print({}, '0123456789');
	const followed = Array.fromAsync(slices({}, {follow: true}));
	await print({}, 'more');
	await tell(finished('s1', 'r1', {logBytes: 14}));
	expect((await followed).at(-1)).toMatchObject({dropped: 10, end: 14});
	expect(await Array.fromAsync(slices({}, {offset: 9}))).toEqual([{pieces: [], next: 14, end: 14, dropped: 10}]);
});

test('a follower of one attempt that is given up ends', async () => {
	const {tell, slices} = await setUp();
	await tell(assigned('s1', 'r1'));
	const abort = new AbortController();
	const followed = Array.fromAsync(slices({}, {follow: true, signal: abort.signal}));
	abort.abort();
	expect(await followed).toEqual([]);
});
