import {setTimeout as sleep} from 'node:timers/promises';
import {expect, onTestFinished, test, vi} from 'vitest';
import {createClient} from '../../source/client/client.ts';
import {createLogPaint} from '../../source/tui/logs/paint.ts';
import {LogRing} from '../../source/tui/logs/ring.ts';
import type {LogSelection} from '../../source/tui/logs/selection.ts';
import {LogSource} from '../../source/tui/logs/source.ts';
import {LogView} from '../../source/tui/logs/view.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

type Fetch = (request: Request) => Promise<Response>;

/** A log pane on a real server, over a connection of the test's own. */
function openSource(orchestra: Orchestra, {limit = 50_000, frameLines = 50_000, fetch = orchestra.server.fetch as Fetch} = {}) {
	const client = createClient({fetch, url: 'http://127.0.0.1:5001'});
	const view = new LogView({ring: new LogRing({limit}), paint: createLogPaint({colour: false, unicode: true}), now: () => 0});
	const source = new LogSource({
		client,
		view,
		frameLines,
		sanitise: {colour: false, lineCharacters: 4096},
		// The agents of this world print in 1970.
		now: () => 600_000,
		wait: async (_ms, signal) => void (await sleep(5, undefined, {signal}).catch(() => undefined)),
		heard: () => undefined,
	});
	onTestFinished(() => source.close());
	const texts = () => {
		source.flush();
		return view.ring.chunks.flatMap(({lines}) => lines.map(({text}) => text));
	};
	const ended = async () => {
		await vi.waitFor(() => expect(source.state.type).toBe('ended'), {timeout: 20_000});
		return texts();
	};
	return {source, view, client, texts, ended};
}

/** Breaks replies with output off after so many bytes, but for the last of so many. */
function breaking(fetch: Fetch, times: number, bytes: number): Fetch & {readonly broken: () => number} {
	let broken = 0;
	const broken_ = async (request: Request) => {
		const reply = await fetch(request);
		if (!request.url.includes('/logs') || reply.body === null || broken >= times) return reply;
		broken++;
		let left = bytes;
		const cut = new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				controller.enqueue(chunk.subarray(0, left));
				left -= chunk.length;
				if (left <= 0) controller.error(new Error('cut'));
			},
		});
		return new Response(reply.body.pipeThrough(cut), {status: reply.status, headers: reply.headers});
	};
	return Object.assign(broken_, {broken: () => broken});
}

async function submit(orchestra: Orchestra, tasks: ReadonlyArray<Record<string, unknown>>): Promise<string> {
	const reply = await orchestra.call('POST', '/v1/runs', {workflow: {tasks}});
	return ((await reply.json()) as {id: string}).id;
}

const task = (run: string, attempt = 1): LogSelection => ({kind: 'task', run, task: 0, name: 'a', attempt});
const numbers = (from: number, to: number) => Array.from({length: to - from}, (_, at) => `line ${from + at} ü`);

/** Prints so many lines, in pieces that end anywhere. */
const printing = (count: number): Work => {
	return async (_assignment, print) => {
		const text = Buffer.from(`${numbers(0, count).join('\n')}\nlast\u001b[2J`);
		for (let at = 0; at < text.length; at += 1013) await print(text.subarray(at, at + 1013));
		return {status: 'succeeded', exitCode: 0};
	};
};

test('a task is followed to its end, whatever breaks, without a byte lost or doubled', async () => {
	const orchestra = openOrchestra({work: printing(3000)});
	const run = await submit(orchestra, [{name: 'a', command: 'x'}]);
	const fetch = breaking(orchestra.server.fetch, 4, 9000);
	const {source, ended} = openSource(orchestra, {fetch});
	source.select(task(run, 0));
	expect(await ended()).toEqual([...numbers(0, 3000), 'last']);
	expect(fetch.broken()).toBe(4);
});

test('many tasks are merged, over breaks too', async () => {
	const orchestra = openOrchestra({work: printing(400)});
	const run = await submit(orchestra, [
		{name: 'a', command: 'x'},
		{name: 'b', command: 'x'},
		{name: 'c', command: 'x'},
	]);
	const fetch = breaking(orchestra.server.fetch, 5, 20_000);
	const {source, ended, view} = openSource(orchestra, {fetch});
	source.select({kind: 'run', run, createdAt: 0});
	const lines = await ended();
	expect(lines.toSorted()).toEqual([...numbers(0, 400), 'last'].flatMap(line => [line, line, line]).toSorted());
	expect(new Set(view.ring.chunks.flatMap(chunk => chunk.lines.map(line => line.origin.label)))).toEqual(new Set(['a', 'b', 'c']));
	expect(fetch.broken()).toBe(5);
});

test('of marked tasks only their lines are shown', async () => {
	const orchestra = openOrchestra({
		work: async (assignment, print) => {
			await print(`this is ${assignment.task}\n`);
			return {status: 'succeeded', exitCode: 0};
		},
	});
	const run = await submit(
		orchestra,
		['a', 'b', 'c'].map(name => ({name, command: 'x'})),
	);
	await orchestra.ended(run);
	const {source, ended} = openSource(orchestra);
	source.select({
		kind: 'tasks',
		tasks: [
			{run, task: 0},
			{run, task: 2},
		],
	});
	expect(await ended()).toEqual(['this is a', 'this is c']);
	source.select({kind: 'tasks', tasks: [{run, task: 1}]});
	expect(await ended()).toEqual(['this is b']);
});

test('another selection ends the one before, whose lines come no more', async () => {
	const gate = Promise.withResolvers<void>();
	const orchestra = openOrchestra({
		work: async (assignment, print) => {
			await print(`${assignment.task} begins\n`);
			if (assignment.task === 'b') await gate.promise;
			await print(`${assignment.task} ends\n`);
			return {status: 'succeeded', exitCode: 0};
		},
	});
	const run = await submit(
		orchestra,
		['a', 'b'].map(name => ({name, command: 'x'})),
	);
	const {source, texts, ended, view} = openSource(orchestra);
	source.select({kind: 'task', run, task: 1, name: 'b', attempt: 0});
	await vi.waitFor(() => expect(texts()).toEqual(['b begins']));
	expect(view.rows(20, 5)).toEqual(['b begins']);
	source.select(task(run));
	expect(await ended()).toEqual(['a begins', 'a ends']);
	gate.resolve();
	await orchestra.ended(run);
	expect(texts()).toEqual(['a begins', 'a ends']);
	source.select(undefined);
	expect(source.state.type).toBe('none');
	expect(texts()).toEqual([]);
});

test('attempt after attempt of a task is shown, and where each begins', async () => {
	let tries = 0;
	const work: Work = async (_assignment, print) => {
		await print(`try ${++tries}`);
		return tries === 1 ? {status: 'failed', exitCode: 1} : {status: 'succeeded', exitCode: 0};
	};
	const orchestra = openOrchestra({work});
	const run = await submit(orchestra, [{name: 'a', command: 'x', retry: {limit: 2, delay: '300ms'}}]);
	const {source, texts, ended} = openSource(orchestra);
	source.select(task(run, 0));
	await vi.waitFor(() => expect(texts()).toEqual(['try 1']));
	await orchestra.ended(run);
	source.select(task(run, 2));
	expect(await ended()).toEqual(['try 1', 'attempt 2', 'try 2']);
});

test('a line that has not ended is shown as it is, and replaced by what it becomes', async () => {
	const gate = Promise.withResolvers<void>();
	const orchestra = openOrchestra({
		work: async (_assignment, print) => {
			await print('begins\n10 %\r20 %');
			await gate.promise;
			await print('\r100 %\n');
			return {status: 'succeeded', exitCode: 0};
		},
	});
	const run = await submit(orchestra, [{name: 'a', command: 'x'}]);
	const {source, view, ended} = openSource(orchestra);
	source.select(task(run, 0));
	await vi.waitFor(() => {
		source.flush();
		expect(view.rows(20, 5)).toEqual(['begins', '20 %']);
	});
	gate.resolve();
	expect(await ended()).toEqual(['begins', '100 %']);
	expect(view.rows(20, 5)).toEqual(['begins', '100 %']);
});

test('what comes faster than it can be looked at is left out, counted, and read when somebody scrolls up', async () => {
	const orchestra = openOrchestra({work: printing(3000)});
	const run = await submit(orchestra, [{name: 'a', command: 'x'}]);
	await orchestra.ended(run);
	const {source, view, ended} = openSource(orchestra, {frameLines: 100});
	source.select(task(run));
	const [first = '', ...shown] = await ended();
	const skipped = Number(/^… ([\d,]+) lines skipped, all in byoai logs$/.exec(first)?.[1]?.replace(',', ''));
	expect(shown).toEqual([...numbers(3001 - shown.length, 3000), 'last']);
	expect(shown.length).toBeLessThanOrEqual(101);
	// The line that the cut went through is shown by neither.
	expect(skipped + shown.length).toBeGreaterThanOrEqual(3000);
	view.rows(60, 10);
	view.toStart();
	view.rows(60, 10);
	expect(source.hasOlder).toBe(true);
	await source.loadOlder();
	view.scroll(-1);
	expect(view.rows(60, 10)).toHaveLength(10);
});

test.each(['task', 'run'] as const)('what is on disk is read bit by bit up to its beginning: of a %s', async kind => {
	const count = 30_000;
	const orchestra = openOrchestra({work: printing(count)});
	const run = await submit(orchestra, [{name: 'a', command: 'x'}]);
	await orchestra.ended(run);
	const {source, view, ended, texts} = openSource(orchestra, {limit: 2000});
	source.select(kind === 'task' ? task(run) : {kind: 'run', run, createdAt: 0, endedAt: 2000});
	expect((await ended()).at(-1)).toBe('last');
	view.rows(60, 10);
	const seen = new Set(texts());
	for (let page = 0; page < 500 && source.hasOlder; page++) {
		view.toStart();
		view.rows(60, 10);
		await source.loadOlder();
		for (const text of texts()) seen.add(text);
		if (kind === 'run') break;
	}
	// All lines of this world have the same time, by which merged ones are found: of those there is one page.
	if (kind === 'task') expect(numbers(0, count).filter(text => !seen.has(text))).toEqual([]);
	else expect(seen.size).toBeGreaterThan(2000);
	expect(view.ring.size).toBeLessThanOrEqual(2000);
	expect(view.rows(60, 3)).toEqual(kind === 'task' ? numbers(0, 3) : expect.any(Array));
});

test('output of long ago is found where there is none of late', async () => {
	const orchestra = openOrchestra({work: printing(50)});
	const run = await submit(orchestra, [{name: 'a', command: 'x'}]);
	await orchestra.ended(run);
	const {source, view, texts, ended} = openSource(orchestra);
	source.select({kind: 'run', run, createdAt: 0, endedAt: 90 * 60_000});
	expect(await ended()).toEqual([]);
	view.rows(60, 10);
	expect([view.wantsOlder, source.hasOlder]).toEqual([true, true]);
	await source.loadOlder();
	expect(texts()).toEqual([...numbers(0, 50), 'last']);
	await source.loadOlder();
	expect(source.hasOlder).toBe(false);
});

test('what cannot be read says why, and is not tried again', async () => {
	const orchestra = openOrchestra();
	const {source} = openSource(orchestra);
	source.select({kind: 'run', run: 'nothing', createdAt: 0});
	await vi.waitFor(() => expect(source.state).toMatchObject({type: 'failed', error: {code: 'not_found'}}));
});
