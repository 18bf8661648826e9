import {expect, test} from 'vitest';
import {systemClock} from '../../source/engine/clock.ts';
import {History} from '../../source/engine/history.ts';
import {endedRun} from '../helpers/ended-run.ts';
import {assigned, finished, openEngine, opened, registered, submitted} from '../helpers/live-engine.ts';
import {task, workflow} from '../helpers/scheduling.ts';

const flow = workflow([task('a'), task('b')]);

/** Runs `r1` and `r3ab` go on, `r2`, `r2x` and `r3cd` have ended. */
async function setUp() {
	const live = openEngine();
	live.store.append({events: [], endedRuns: [endedRun('r2'), endedRun('r2x', 'failed'), endedRun('r3cd', 'cancelled')]});
	await live.tell(submitted('r1', flow), submitted('r3ab', flow));
	const held = new Set<string>();
	const history = new History(live.engine, live.store, (session, ref) => held.has(`${session} ${ref.run}.${ref.task}#${ref.attempt}`));
	return {...live, history, held};
}

test.each([
	['latest', 'r3cd'],
	['r1', 'r1'],
	['r2', 'r2'],
	['r2x', 'r2x'],
	['r3a', 'r3ab'],
	['r3c', 'r3cd'],
])('%s means run %s', async (name, id) => {
	const {history} = await setUp();
	expect(history.resolve(name)).toBe(id);
});

test('latest is also one that goes on', async () => {
	const {history, tell} = await setUp();
	await tell(submitted('r4', flow));
	expect(history.resolve('latest')).toBe('r4');
});

test.each(['r9', '', 'R1', 'r1 ', '%', 'constructor', '__proto__'])('%j is no run', async name => {
	const {history} = await setUp();
	expect(() => history.resolve(name)).toThrow(expect.objectContaining({code: 'not_found'}));
});

test('a prefix of several runs is refused, with some of them named', async () => {
	const {history} = await setUp();
	expect(() => history.resolve('r3')).toThrow(expect.objectContaining({code: 'conflict', message: expect.stringContaining('r3ab, r3cd')}));
	expect(() => history.resolve('r')).toThrow(expect.objectContaining({code: 'conflict'}));
});

test('without any run, latest is none', () => {
	const {engine, store} = openEngine();
	const history = new History(engine, store, () => false);
	expect(() => history.resolve('latest')).toThrow(expect.objectContaining({code: 'not_found', message: 'there is no run yet'}));
	expect(history.list({limit: 10})).toEqual([]);
});

test('runs that go on and runs that have ended are listed together, newest first, in pages and by status', async () => {
	const {history} = await setUp();
	const ids = (query: Parameters<typeof history.list>[0]) => history.list(query).map(({id}) => id);
	expect(ids({limit: 10})).toEqual(['r3cd', 'r3ab', 'r2x', 'r2', 'r1']);
	expect(ids({limit: 2})).toEqual(['r3cd', 'r3ab']);
	expect(ids({limit: 2, before: 'r3ab'})).toEqual(['r2x', 'r2']);
	expect(ids({limit: 10, before: 'r1'})).toEqual([]);
	expect(ids({limit: 10, status: 'pending'})).toEqual(['r3ab', 'r1']);
	expect(ids({limit: 10, status: 'failed'})).toEqual(['r2x']);
	const counts = {blocked: 0, waiting: 0, ready: 0, running: 0, succeeded: 1, failed: 0, cancelled: 0, skipped: 1};
	expect(history.list({limit: 9, status: 'failed'})[0]).toMatchObject({workflow: 'release', file: 'release.yml', counts});
});

test('a task that waits says why; an attempt is running once its agent is known to have it', async () => {
	const {history, tell, held} = await setUp();
	await tell(registered('agent'), opened('s', 'agent'), assigned('s', 'r1'));
	const [a, b] = history.detail('r1').tasks;
	expect(a).toMatchObject({status: 'running', attempts: [{number: 1, status: 'assigned', agent: 'agent'}]});
	expect(b).toMatchObject({status: 'ready', waiting: 'agent agent has not been heard from yet', attempts: []});
	held.add('s r1.0#1');
	expect(history.detail('r1').tasks[0]?.attempts).toMatchObject([{status: 'running'}]);
	await tell(finished('s', 'r1', {logBytes: 5}));
	expect(history.detail('r1').tasks[0]?.attempts).toMatchObject([{status: 'succeeded', logBytes: 5}]);
});

test('tasks that are ready have each their own reason to wait', async () => {
	const {history, tell} = await setUp();
	const labels = {labels: {os: 'plan9'}};
	await tell(submitted('r4', workflow([task('a'), task('b', {agent: labels}), task('c'), task('d', {agent: labels})])));
	const nobody = 'no agent agent is there';
	const noLabels = 'no agent with label os=plan9 is there';
	expect(history.detail('r4').tasks.map(({waiting}) => waiting)).toEqual([nobody, noLabels, nobody, noLabels]);
});

test('how long a task still waits is told by the clock, though nothing happens meanwhile', async () => {
	let now = 1_800_000_000_000;
	const {engine, store, tell} = openEngine({clock: {...systemClock, now: () => now, after: () => () => undefined}});
	const history = new History(
		engine,
		store,
		() => false,
		() => undefined,
		() => now,
	);
	await tell(submitted('r1', workflow([task('a', {retry: {...task('').retry, limit: 1, delayMs: 60_000}})])));
	await tell(registered('agent'), opened('s', 'agent'), assigned('s', 'r1'), finished('s', 'r1', {status: 'failed'}));
	const wait = () => Number(/tries again in (\d+) s/.exec(history.detail('r1').tasks[0]?.waiting ?? '')?.[1]);
	const before = wait();
	now += 20_000;
	expect(wait()).toBe(before - 20);
});

test('an ended run is told whole', async () => {
	const {history} = await setUp();
	const {tasks, ...run} = history.detail('r2x');
	expect(run).toMatchObject({id: 'r2x', status: 'failed', directory: '/srv', endedAt: 9000});
	expect(tasks.map(({name, status, attempts, waiting}) => [name, status, attempts.length, waiting])).toEqual([
		['build', 'succeeded', 2, undefined],
		['ship', 'skipped', 0, undefined],
	]);
});
