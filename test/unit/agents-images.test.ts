import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {detailOf, endedTask, expectNothingLeft, imageTask, logOf, openWithImages as open, submit, taskOf} from '../helpers/image-runs.ts';

describe('the outcome is how its instance ended', () => {
	test('it succeeds, with its output in order, both streams and all bytes', async () => {
		const bytes = Buffer.from([0, 255, 10, 13, 0xc3]);
		const orchestra = open(() => ({
			type: 'exits',
			afterMs: 20,
			exitCode: 0,
			prints: [
				{afterMs: 0, data: 'one\n'},
				{afterMs: 5, data: 'two', stream: 'stderr'},
				{afterMs: 10, data: bytes},
			],
		}));
		const run = await submit(orchestra, [imageTask('a')]);
		const task = await endedTask(orchestra, run);
		expect(task).toMatchObject({status: 'succeeded', attempts: [{agent: 'docker~images'}]});
		expect(task.attempts[0]?.outcome).toEqual({status: 'succeeded', exitCode: 0, durationMs: expect.any(Number)});
		expect(logOf(orchestra, run)).toEqual(Buffer.concat([Buffer.from('one\ntwo'), bytes]));
		const records = await (await orchestra.call('GET', `/v1/runs/${run}/tasks/a/logs?format=ndjson`)).text();
		expect(records).toContain('"stream":"stderr"');
		expect(orchestra.warnings).toEqual([]);
		await expectNothingLeft(orchestra);
	});

	test.each<[string, FakeScript, object, string | undefined]>([
		['an exit code', {type: 'exits', afterMs: 0, exitCode: 3}, {status: 'failed', exitCode: 3}, undefined],
		['want of memory', {type: 'out-of-memory', afterMs: 0}, {status: 'failed', exitCode: 137, signal: 'SIGKILL'}, 'out of memory'],
		[
			'refused for good',
			{type: 'refuses', message: 'no such image'},
			{status: 'failed'},
			'its instance could not be started: no such image',
		],
	])('%s', async (_, script, outcome, reason) => {
		const orchestra = open(() => script);
		const {attempts} = await endedTask(orchestra, await submit(orchestra, [imageTask('a')]));
		expect(attempts).toHaveLength(1);
		expect(attempts[0]?.outcome).toMatchObject(outcome);
		expect(attempts[0]?.outcome?.reason).toBe(reason);
		await expectNothingLeft(orchestra);
	});

	test('what the machine could not start for now, and what vanished, are losses, and tried again as such', async () => {
		const scripts: Readonly<Record<number, FakeScript>> = {
			1: {type: 'refuses', message: 'no room', retryable: true},
			2: {type: 'vanishes', afterMs: 0},
			3: {type: 'runs', prints: [{afterMs: 0, data: 'half'}]},
		};
		const orchestra = open(
			(_, attempt) => scripts[attempt] ?? {type: 'exits', afterMs: 0, exitCode: 0, prints: [{afterMs: 0, data: 'whole'}]},
		);
		const run = await submit(orchestra, [imageTask('a', {retry: {limit: 0, lost: 3}})]);
		await expect.poll(() => existsSync(join(orchestra.directory, 'logs', run, '0.3.log'))).toBe(true);
		const {instances} = orchestra.world.machine;
		const third = instances.get(`${run}.0#3`);
		instances.delete(`${run}.0#3`);
		third?.end({cause: 'removed by somebody else, too'});
		const {attempts, status} = await endedTask(orchestra, run);
		expect(status).toBe('succeeded');
		expect(attempts.map(({outcome}) => [outcome?.status, outcome?.reason])).toEqual([
			['lost', 'its instance could not be started: no room'],
			['lost', 'removed by somebody else'],
			['lost', 'removed by somebody else, too'],
			['succeeded', undefined],
		]);
		expect([3, 4].map(attempt => logOf(orchestra, run, 0, attempt).toString())).toEqual(['half', 'whole']);
		await expectNothingLeft(orchestra);
	});

	test('a failure is tried again in an instance of its own, by the task’s rules', async () => {
		const orchestra = open((_, attempt) => ({
			type: 'exits',
			afterMs: 0,
			exitCode: attempt === 3 ? 0 : 9,
			prints: [{afterMs: 0, data: `${attempt}`}],
		}));
		const run = await submit(orchestra, [imageTask('a', {retry: {limit: 2, delay: '10ms'}})]);
		const {attempts} = await endedTask(orchestra, run);
		expect(attempts.map(({outcome}) => outcome?.exitCode)).toEqual([9, 9, 0]);
		expect([1, 2, 3].map(attempt => logOf(orchestra, run, 0, attempt).toString())).toEqual(['1', '2', '3']);
		expect(Object.fromEntries(orchestra.world.machine.starts)).toEqual({[`${run}.0#1`]: 1, [`${run}.0#2`]: 1, [`${run}.0#3`]: 1});
	});
});

describe('it is ended before its time', () => {
	// Timers run a hundred times as fast here.
	test.each([
		[false, {exitCode: 143, signal: 'SIGTERM'}],
		[true, {exitCode: 137, signal: 'SIGKILL'}],
	])('by its timeout; does it ignore SIGTERM: %s', async (ignoresTerm, how) => {
		const orchestra = open(() => ({type: 'runs', ignoresTerm, prints: [{afterMs: 0, data: 'on and on'}]}), {intervals: {graceMs: 20}});
		const run = await submit(orchestra, [imageTask('a', {timeout: '5s'})]);
		const {attempts} = await endedTask(orchestra, run);
		expect(attempts[0]?.outcome).toMatchObject({status: 'timed_out', reason: 'timed out after 5 s', ...how});
		expect(logOf(orchestra, run).toString()).toBe('on and on');
		await expectNothingLeft(orchestra);
	});

	test('by a wish, while it runs, while it starts, and before', async () => {
		const orchestra = open(
			({command}) => (command?.task === 'starts' ? {type: 'runs', startMs: 1_000_000} : {type: 'runs', prints: [{afterMs: 0, data: 'up'}]}),
			{limits: {task_containers: 2}},
		);
		const run = await submit(orchestra, [imageTask('runs'), imageTask('starts'), imageTask('waits')]);
		await expect
			.poll(async () => (await detailOf(orchestra, run)).tasks.map(({waiting}) => waiting))
			.toEqual([undefined, 'its instance is starting', 'no free slot on agent docker~images']);
		expect((await taskOf(orchestra, run)).attempts[0]?.status).toBe('running');
		expect((await taskOf(orchestra, run, 1)).attempts[0]?.status).toBe('assigned');
		await orchestra.call('POST', `/v1/runs/${run}/cancel`);
		await orchestra.ended(run);
		const {tasks, status} = await detailOf(orchestra, run);
		expect([status, ...tasks.map(task => task.status)]).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
		expect(tasks.map(({attempts}) => attempts.length)).toEqual([1, 1, 0]);
		expect(tasks[0]?.attempts[0]?.outcome).toMatchObject({status: 'cancelled', exitCode: 143});
		expect(logOf(orchestra, run).toString()).toBe('up');
		await expectNothingLeft(orchestra);
	});

	test('by a wish that comes between its start and the record of that', async () => {
		const starting = Promise.withResolvers<void>();
		const driver = (real: Driver): Driver => ({
			...real,
			start: async spec => {
				const handle = await real.start(spec);
				await starting.promise;
				return handle;
			},
		});
		const orchestra = open(() => ({type: 'runs'}), {faults: {driver}});
		const run = await submit(orchestra, [imageTask('a')]);
		await expect.poll(() => orchestra.world.machine.instances.size).toBe(1);
		await orchestra.call('POST', `/v1/runs/${run}/cancel`);
		starting.resolve();
		expect((await endedTask(orchestra, run)).attempts[0]?.status).toBe('cancelled');
		await expectNothingLeft(orchestra);
	});
});

test('so many run at once as the limit says, the others wait and say why; two runs share them', async () => {
	let most = 0;
	const orchestra = open(
		() => {
			const programs = [...orchestra.world.machine.instances.values()].filter(({status}) => status() !== 'ended');
			most = Math.max(most, programs.length + 1);
			return {type: 'exits', afterMs: 5, exitCode: 0, prints: [{afterMs: 0, data: 'x'}]};
		},
		{limits: {task_containers: 3}},
	);
	const tasks = Array.from({length: 12}, (_, index) => imageTask(`t${index}`));
	const runs = await Promise.all([submit(orchestra, tasks), submit(orchestra, tasks)]);
	for (const run of runs) await orchestra.ended(run);
	for (const run of runs) expect((await detailOf(orchestra, run)).status).toBe('succeeded');
	expect(most).toBe(3);
	await expectNothingLeft(orchestra);
	expect(orchestra.world.machine.starts.size).toBe(24);
	expect([...orchestra.world.machine.starts.values()].every(count => count === 1)).toBe(true);
});

test('the image agent goes when no run needs it, and comes back for the next', async () => {
	const orchestra = open(({command}) => (command?.task === 'long' ? {type: 'runs'} : {type: 'exits', afterMs: 0, exitCode: 0}));
	const {engine} = orchestra.services;
	const long = await submit(orchestra, [imageTask('long')]);
	await orchestra.ended(await submit(orchestra, [imageTask('short')]));
	expect(Object.keys(engine.state.pools)).toEqual(['docker~images']);
	expect(await (await orchestra.call('GET', '/v1/agents')).text()).toContain('"docker~images"');
	await orchestra.call('POST', `/v1/runs/${long}/cancel`);
	await orchestra.ended(long);
	await expectNothingLeft(orchestra);
	await orchestra.ended(await submit(orchestra, [imageTask('next')]));
	await expectNothingLeft(orchestra);
});

test('tasks with and without an image in one run', async () => {
	const orchestra = open(() => ({type: 'exits', afterMs: 0, exitCode: 0, prints: [{afterMs: 0, data: 'inside'}]}));
	const run = await submit(orchestra, [{name: 'here', command: 'x'}, imageTask('there', {depends_on: ['here']})]);
	await orchestra.ended(run);
	expect((await detailOf(orchestra, run)).tasks.map(({attempts}) => attempts[0]?.agent)).toEqual(['local-agent', 'docker~images']);
	expect([logOf(orchestra, run, 0).toString(), logOf(orchestra, run, 1).toString()]).toEqual(['here\n', 'inside']);
});
