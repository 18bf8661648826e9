import {setTimeout as sleep} from 'node:timers/promises';
import {expect, test} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {systemClock} from '../../source/engine/clock.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {InstanceSpec} from '../../source/model/instance.ts';
import type {LogStore} from '../../source/store/logs.ts';
import {endedTask, expectNothingLeft, imageTask, logOf, openWithImages as open, submit, taskOf} from '../helpers/image-runs.ts';

const away = () => new ByoaiError('unavailable', 'the engine is away', {retryable: true});

/** A store of logs as it is; what it is made of stands on its class. */
function others(real: LogStore): LogStore {
	return {
		end: ref => real.end(ref),
		append: (...all) => real.append(...all),
		read: (...all) => real.read(...all),
		release: ref => real.release(ref),
		drop: (...all) => real.drop(...all),
		close: () => real.close(),
	};
}

test('far more output than is held in memory, on a slow disk: each byte once', async () => {
	const blocks = Array.from({length: 24}, (_, index) => Buffer.alloc(300_001, index));
	const orchestra = open(() => ({type: 'exits', afterMs: 1, exitCode: 0, prints: blocks.map(data => ({afterMs: 0, data}))}), {
		faults: {
			logs: real => ({
				...others(real),
				append: async (ref, pieces) => {
					await sleep(5);
					// Never much more at once than the buffer holds.
					expect(pieces.reduce((sum, {data}) => sum + data.length, 0)).toBeLessThan(2 * 1024 * 1024);
					return real.append(ref, pieces);
				},
			}),
		},
	});
	const run = await submit(orchestra, [imageTask('a')]);
	expect((await endedTask(orchestra, run)).status).toBe('succeeded');
	expect(logOf(orchestra, run).equals(Buffer.concat(blocks))).toBe(true);
});

test('the engine is away for a while: nothing is lost, nothing comes twice, and it is said once', async () => {
	const failures = {watch: 0, read: 0, end: 0, stop: 0};
	const driver = (real: Driver): Driver => ({
		...real,
		watch: async (name, handle, signal) => {
			if (failures.watch++ < 3) throw away();
			return real.watch(name, handle, signal);
		},
		output: async function* output(handle, from, signal) {
			let count = 0;
			for await (const piece of real.output?.(handle, from, signal) ?? []) {
				yield piece;
				if (++count === 2 && failures.read++ < 5) throw away();
			}
		},
		end: async (handle, graceMs) => {
			if (failures.end++ < 3) throw away();
			await real.end?.(handle, graceMs);
		},
		stop: async instance => {
			if (failures.stop++ < 3) throw away();
			await real.stop(instance);
		},
	});
	const prints = Array.from({length: 20}, (_, index) => ({afterMs: index, data: `line ${index}\n`}));
	const orchestra = open(() => ({type: 'runs', prints}), {faults: {driver}});
	const run = await submit(orchestra, [imageTask('a')]);
	const whole = prints.map(({data}) => data).join('');
	await expect.poll(() => logOf(orchestra, run).toString()).toBe(whole);
	await orchestra.call('POST', `/v1/runs/${run}/cancel`);
	expect((await endedTask(orchestra, run)).attempts).toMatchObject([{outcome: {status: 'cancelled', exitCode: 143}}]);
	await expectNothingLeft(orchestra);
	expect(logOf(orchestra, run).toString()).toBe(whole);
	expect(failures.stop).toBeGreaterThan(3);
	const said = orchestra.warnings.filter(text => text.includes('trying again: the engine is away'));
	for (const what of ['watched', 'read', 'ended'])
		expect(said.filter(text => text.includes(`cannot be ${what} at the moment`))).toHaveLength(1);
});

test('the orchestrator itself is suspended for longer than any lease: what runs goes on, and nothing is tried again', async () => {
	let suspendedMs = 0;
	const clock = {...systemClock, monotonic: () => systemClock.monotonic() + suspendedMs};
	const orchestra = open(() => ({type: 'exits', afterMs: 2500, exitCode: 0, prints: [{afterMs: 0, data: 'begun'}]}), {clock});
	const run = await submit(orchestra, [imageTask('a')]);
	await expect.poll(() => logOf(orchestra, run).toString()).toBe('begun');
	suspendedMs = 100_000_000;
	expect((await endedTask(orchestra, run)).attempts).toMatchObject([{outcome: {status: 'succeeded'}}]);
	expect(Object.fromEntries(orchestra.world.machine.starts)).toMatchObject({[`${run}.0#1`]: 1});
	await expectNothingLeft(orchestra);
});

test('an image agent that is given up takes with it what it ran, before any of that is tried again', async () => {
	let left: string | undefined;
	const script = ({name}: InstanceSpec, attempt: number): FakeScript => {
		if (attempt === 1) return {type: 'runs'};
		left = orchestra.world.machine.instances.get(name.replace('#2', '#1'))?.status();
		return {type: 'exits', afterMs: 0, exitCode: 0};
	};
	const orchestra = open(script);
	const run = await submit(orchestra, [imageTask('a')]);
	await expect.poll(async () => (await taskOf(orchestra, run)).status).toBe('running');
	const {engine, clock} = orchestra.services;
	await expect.poll(() => orchestra.world.machine.instances.get(`${run}.0#1`)?.status()).toBe('running');
	await engine.submit({type: 'instance-given-up', at: clock.now(), instance: 'docker~images', cause: 'it is stuck'});
	const {attempts} = await endedTask(orchestra, run);
	expect(attempts.map(({outcome}) => outcome?.status)).toEqual(['lost', 'succeeded']);
	expect([undefined, 'ended']).toContain(left);
	await expectNothingLeft(orchestra);
});

test('somebody takes it away between its end and the reading of its last output: it is lost, with what was read', async () => {
	const script = (attempt: number): FakeScript => ({
		type: 'exits',
		afterMs: 10,
		exitCode: attempt - 1,
		prints: [{afterMs: 0, data: 'half'}],
	});
	let run = '';
	const driver = (real: Driver): Driver => ({
		...real,
		output: async function* output(handle, from, signal) {
			yield* real.output?.(handle, from, signal) ?? [];
			if (!String(handle.serial).startsWith(`${run}.0#1`)) return;
			orchestra.world.machine.instances.delete(`${run}.0#1`);
			throw away();
		},
	});
	const orchestra = open((_, attempt) => script(attempt), {faults: {driver}});
	run = await submit(orchestra, [imageTask('a')]);
	const {attempts} = await endedTask(orchestra, run);
	expect(attempts.map(({outcome}) => [outcome?.status, outcome?.reason])).toEqual([
		['lost', 'its instance was removed by somebody else before all of its output was read'],
		['failed', undefined],
	]);
	expect(logOf(orchestra, run).toString()).toBe('half');
});

test('the disk fails for a while: the Report is sent again', async () => {
	let failures = 0;
	const orchestra = open(
		() => ({type: 'exits', afterMs: 20, exitCode: 0, prints: [1, 2, 3].map(at => ({afterMs: at * 4, data: `${at}`}))}),
		{
			faults: {
				logs: real => ({
					...others(real),
					append: async (ref, pieces) => {
						if (failures++ < 3) throw new ByoaiError('unavailable', 'disk full', {retryable: true});
						return real.append(ref, pieces);
					},
				}),
			},
		},
	);
	const run = await submit(orchestra, [imageTask('a')]);
	expect((await endedTask(orchestra, run)).status).toBe('succeeded');
	expect(logOf(orchestra, run).toString()).toBe('123');
});

test('where its log ends cannot be told: it is asked again, and the orchestrator goes on', async () => {
	let asked = 0;
	const orchestra = open(() => ({type: 'exits', afterMs: 30, exitCode: 0}), {
		faults: {
			logs: real => ({
				...others(real),
				end: async ref => {
					if (asked++ === 0) throw new ByoaiError('unavailable', 'EIO');
					return real.end(ref);
				},
			}),
		},
	});
	const run = await submit(orchestra, [imageTask('a')]);
	const {attempts} = await endedTask(orchestra, run);
	expect(attempts[0]).toMatchObject({status: 'succeeded'});
	await expectNothingLeft(orchestra);
});
