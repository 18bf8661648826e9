import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {expect, onTestFinished, test} from 'vitest';
import {Retention} from '../../source/engine/retention.ts';
import type {Run} from '../../source/model/run.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Store} from '../../source/store/store.ts';
import {breaking} from '../helpers/breaking.ts';
import {endedRun} from '../helpers/ended-run.ts';
import {assigned, finished, openEngine, opened, registered, submitted} from '../helpers/live-engine.ts';
import {task, workflow} from '../helpers/scheduling.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';
import {testClock} from '../helpers/test-clock.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** An engine with ended runs, and a retention of it; each run has a log. `runs`: which, and how many days ago they ended. */
async function setUp(
	runs: ReadonlyArray<readonly [id: string, days: number, more?: Partial<Run>]>,
	limits = {},
	wrap = (store: Store) => store,
) {
	const directory = temporaryDirectory();
	const clock = testClock();
	const path = join(directory, 'byoai.db');
	const store = wrap(openStore(path));
	const logs = openLogFiles(join(directory, 'logs'), {attemptBytes: 1e9});
	onTestFinished(async () => {
		await logs.close();
		store.close();
	});
	const live = openEngine({store, clock});
	for (const [id, days, more] of runs) {
		store.append({events: [], endedRuns: [{...endedRun(id), endedAt: clock.now() - days * dayMs, ...more}]});
		await logs.append({run: id, task: 0, attempt: 1}, [{offset: 0, stream: 'stdout', at: 1, data: Buffer.from(id)}]);
	}
	const warnings: string[] = [];
	const retention = new Retention({
		engine: live.engine,
		store,
		logs,
		clock,
		limits: {kept_runs: 1000, kept_days: 365, ...limits},
		warn: message => void warnings.push(message),
	});
	return {
		...live,
		clock,
		store,
		logs,
		path,
		retention,
		warnings,
		runs: () => [...store.findRuns('', 1000)].sort(),
		logged: () => readdirSync(join(directory, 'logs')).sort(),
	};
}

/** Lets time pass until the condition holds: removing files takes a real moment. */
async function passUntil({clock}: Awaited<ReturnType<typeof setUp>>, condition: () => boolean): Promise<void> {
	await expect
		.poll(async () => {
			await clock.pass(1000);
			return condition();
		})
		.toBe(true);
}

test('runs that are too old go with their logs and their attempts, and no others', async () => {
	const world = await setUp([
		['r1', 400],
		['r2', 364],
		['r3', 366],
		['r4', 0],
	]);
	world.retention.start();
	await passUntil(world, () => world.runs().length === 2);
	expect(world.runs()).toEqual(['r2', 'r4']);
	expect(world.logged()).toEqual(['r2', 'r4']);
	const database = new DatabaseSync(world.path, {readOnly: true});
	onTestFinished(() => database.close());
	expect(database.prepare('SELECT DISTINCT run FROM attempts ORDER BY run').all()).toMatchObject([{run: 'r2'}, {run: 'r4'}]);
	expect(world.warnings).toEqual([]);
	await world.retention.close();
});

test('of too many, those that ended first go, whatever their ids say; it is said when they are many', async () => {
	const many = Array.from({length: 30}, (_, index) => [`r${String(index).padStart(2, '0')}`, index] as const);
	const world = await setUp(many, {kept_runs: 4});
	world.retention.start();
	await passUntil(world, () => world.runs().length === 4);
	expect(world.runs()).toEqual(['r00', 'r01', 'r02', 'r03']);
	expect(world.logged()).toEqual(world.runs());
	await passUntil(world, () => world.warnings.length > 0);
	expect(world.warnings).toEqual(['26 old runs were removed with their logs (limits kept_runs: 4, kept_days: 365)']);
	await world.retention.close();
});

test('a run that another one retries stays as long as that one does, active or ended', async () => {
	const world = await setUp([
		['r1', 500],
		['r2', 450, {retryOf: 'r1'}],
		['r3', 10, {retryOf: 'r2'}],
		['r4', 500],
	]);
	const [one] = [workflow([task('a')])];
	await world.tell({...submitted('r9', one), retry: {of: 'r4', taken: [], skipped: []}} as Parameters<typeof world.tell>[0]);
	world.retention.start();
	for (let hours = 0; hours < 3; hours++) await world.clock.pass(60 * 60 * 1000);
	expect(world.runs()).toEqual(['r1', 'r2', 'r3', 'r4']);
	await world.clock.pass(356 * dayMs);
	await passUntil(world, () => world.runs().length === 1);
	expect(world.runs()).toEqual(['r4']);
	await world.retention.close();
});

test('whenever a run ends, there may be one too many', async () => {
	const world = await setUp(
		[
			['r1', 3],
			['r2', 2],
		],
		{kept_runs: 2},
	);
	world.retention.start();
	await world.clock.pass(1000);
	expect(world.runs()).toEqual(['r1', 'r2']);
	await world.tell(
		registered('one'),
		opened('s1', 'one'),
		submitted('r3', workflow([task('a', {agent: {labels: {}}})])),
		assigned('s1', 'r3'),
		finished('s1', 'r3'),
	);
	await passUntil(world, () => !world.runs().includes('r1'));
	expect(world.runs()).toEqual(['r2', 'r3']);
	await world.retention.close();
});

test('a large run goes in slices; cut short, it is still there, and the next pass goes on', async () => {
	const {tasks, workflow: flow, ...rest} = endedRun('r1');
	const [first] = tasks;
	if (first === undefined) throw new Error('it has no task');
	const large = {
		...rest,
		tasks: Array.from({length: 1400}, () => first),
		workflow: {...flow, tasks: Array.from({length: 1400}, () => flow.tasks[0])},
	} as Run;
	const slices: number[] = [];
	const world = await setUp(
		[],
		{kept_days: 1},
		store =>
			new Proxy(store, {
				get: (target, key) => {
					const value: unknown = Reflect.get(target, key, target);
					if (typeof value !== 'function') return value;
					return (...args: unknown[]) => {
						if (key === 'dropRun') slices.push(Number(args[1]));
						return value.apply(target, args);
					};
				},
			}),
	);
	world.store.append({events: [], endedRuns: [{...large, endedAt: 1}]});
	world.retention.start();
	await world.clock.pass(200);
	await expect.poll(() => slices.length).toBeGreaterThan(0);
	await world.retention.close();
	expect(world.runs()).toEqual(['r1']);
	const next = new Retention({
		engine: world.engine,
		store: world.store,
		logs: world.logs,
		clock: world.clock,
		limits: {kept_runs: 9, kept_days: 1},
		warn: () => undefined,
	});
	next.start();
	await passUntil(world, () => world.runs().length === 0);
	expect(Math.max(...slices)).toBe(500);
	expect(slices.length).toBe(6);
	await next.close();
});

test('what cannot be removed is told, and tried again', async () => {
	const world = await setUp([['r1', 400]], {}, store => breaking(store, {method: 'dropRun', call: 1, when: 'before'}));
	world.retention.start();
	await passUntil(world, () => world.warnings.length > 0);
	expect(world.warnings[0]).toMatch(/^old runs could not be removed: .*broken on purpose/);
	await world.clock.pass(60 * 60 * 1000);
	await passUntil(world, () => world.runs().length === 0);
	await world.retention.close();
});
