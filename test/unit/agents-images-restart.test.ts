import {expect, test} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {ByoaiError} from '../../source/model/error.ts';
import {detailOf, endedTask, imageTask, logOf, submit, taskOf} from '../helpers/image-runs.ts';
import type {Faults, Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';

const prints = Array.from({length: 40}, (_, index) => ({afterMs: index * 15, data: `line ${index}\n`}));
const whole = prints.map(({data}) => data).join('');
const never = () => new Promise<never>(() => undefined);

/** A life of the orchestrator whose instances are as `script` says. */
function firstLife(script: FakeScript, faults: Faults = {}): Orchestra {
	return openOrchestra({images: spec => (spec.command?.ref.attempt === 1 ? script : {type: 'exits', afterMs: 0, exitCode: 0}), faults});
}

/** The next life, in the same world. */
async function nextLife(before: Orchestra, faults: Faults = {}): Promise<Orchestra> {
	await before.close();
	return openOrchestra({world: before.world, faults});
}

function driving(change: (real: Driver) => Partial<Driver>): Faults {
	return {driver: real => ({...real, ...change(real)})};
}

const startsOf = ({world}: Orchestra) => Object.fromEntries(world.machine.starts);

async function expectNothingLeft({world, services}: Orchestra): Promise<void> {
	await expect.poll(() => [...world.machine.instances.keys()]).toEqual([]);
	await expect.poll(() => services.engine.state.pools).toEqual({});
}

test('a running attempt is found again, its log goes on at the exact byte, and its exit code is its own', async () => {
	const first = firstLife({type: 'exits', afterMs: 700, exitCode: 5, prints});
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(() => logOf(first, run).length).toBeGreaterThan(20);
	const second = await nextLife(first);
	const third = await nextLife(second);
	const {attempts} = await endedTask(third, run);
	expect(attempts).toMatchObject([{outcome: {status: 'failed', exitCode: 5}}]);
	expect(logOf(third, run).toString()).toBe(whole);
	expect(startsOf(third)).toEqual({[`${run}.0#1`]: 1});
	await expectNothingLeft(third);
	expect(third.warnings).toEqual([]);
});

test.each([
	['with output in between', prints],
	['with no byte after the restart', prints.slice(0, 1)],
	['without a word', []],
])('what ended in between is told as it ended, %s', async (_, all) => {
	const first = firstLife({type: 'exits', afterMs: 650, exitCode: 7, prints: all});
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(async () => (await taskOf(first, run)).attempts[0]?.status).toBe('running');
	if (all[0] !== undefined) await expect.poll(() => logOf(first, run).length).toBeGreaterThan(0);
	await first.close();
	await first.world.machine.instances.get(`${run}.0#1`)?.ended;
	const second = await nextLife(first);
	expect((await endedTask(second, run)).attempts).toMatchObject([{outcome: {status: 'failed', exitCode: 7}}]);
	if (all.length > 0) expect(logOf(second, run).toString()).toBe(all.map(({data}) => data).join(''));
	expect(startsOf(second)).toEqual({[`${run}.0#1`]: 1});
	await expectNothingLeft(second);
});

test.each<[string, (real: Driver) => Partial<Driver>]>([
	[
		'was given out, and never started',
		() => ({start: spec => (spec.command === undefined ? Promise.reject(new Error('none here')) : never())}),
	],
	['started, and nobody wrote that down', real => ({start: spec => real.start(spec).then(never)})],
])('what %s is started once', async (_, change) => {
	const first = firstLife({type: 'exits', afterMs: 30, exitCode: 0, prints: prints.slice(0, 2)}, driving(change));
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(async () => (await taskOf(first, run)).waiting).toBe('its instance is starting');
	const second = await nextLife(first);
	expect((await endedTask(second, run)).attempts).toMatchObject([{outcome: {status: 'succeeded'}}]);
	expect(startsOf(second)).toEqual({[`${run}.0#1`]: 1});
	expect(logOf(second, run).toString()).toBe('line 0\nline 1\n');
	await expectNothingLeft(second);
});

test('one that was started and is gone is lost, and is not started again: the next attempt is', async () => {
	const first = firstLife({type: 'runs', prints: prints.slice(0, 1)});
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(() => logOf(first, run).toString()).toBe('line 0\n');
	await first.close();
	first.world.kill(`${run}.0#1`);
	first.world.machine.instances.delete(`${run}.0#1`);
	const second = await nextLife(first);
	const {attempts} = await endedTask(second, run);
	expect(attempts).toMatchObject([{outcome: {status: 'lost', reason: 'ended while nobody watched'}}, {outcome: {status: 'succeeded'}}]);
	expect(startsOf(second)).toEqual({[`${run}.0#1`]: 1, [`${run}.0#2`]: 1});
	expect(logOf(second, run).toString()).toBe('line 0\n');
	await expectNothingLeft(second);
});

test('one that may have started, of which nobody wrote that down, and that is gone where others take instances away, is not started again', async () => {
	const first = firstLife(
		{type: 'runs'},
		driving(real => ({start: spec => real.start(spec).then(never)})),
	);
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(() => first.world.machine.instances.get(`${run}.0#1`)?.status()).toBe('running');
	await first.close();
	first.world.kill(`${run}.0#1`);
	first.world.machine.instances.delete(`${run}.0#1`);
	let refusals = 0;
	const second = await nextLife(first, {
		driver: real => ({
			...real,
			losesInstances: true,
			find: async ({name}) => {
				if (refusals++ < 2) throw new ByoaiError('unavailable', 'the cluster is away', {retryable: true});
				return second.world.machine.instances.has(name) ? {driver: 'fake', serial: name} : undefined;
			},
		}),
	});
	const {attempts} = await endedTask(second, run);
	expect(attempts.map(({outcome}) => [outcome?.status, outcome?.reason])).toEqual([
		['lost', 'its instance could not be started: an earlier life of the orchestrator may have started it, and it is not there any more'],
		['succeeded', undefined],
	]);
	expect(startsOf(second)).toEqual({[`${run}.0#1`]: 1, [`${run}.0#2`]: 1});
	await expectNothingLeft(second);
});

test('an instance whose outcome is settled is taken away by the next life, when this one did not come to it', async () => {
	const refused = () => Promise.reject(new ByoaiError('unavailable', 'the engine is away', {retryable: true}));
	const first = firstLife(
		{type: 'exits', afterMs: 0, exitCode: 0},
		driving(() => ({stop: refused})),
	);
	const [ended, other] = await Promise.all([
		submit(first, [imageTask('a')]),
		submit(first, [imageTask('a'), imageTask('b', {depends_on: ['a']})]),
	]);
	await Promise.all([first.ended(ended), first.ended(other)]);
	expect([...first.world.machine.instances.keys()].length).toBeGreaterThan(0);
	const second = await nextLife(first);
	expect((await detailOf(second, ended)).status).toBe('succeeded');
	await expectNothingLeft(second);
});

test('the same while its run goes on', async () => {
	const first = openOrchestra({
		images: ({command}) => (command?.task === 'long' ? {type: 'runs'} : {type: 'exits', afterMs: 0, exitCode: 0}),
		faults: driving(() => ({stop: never})),
	});
	const run = await submit(first, [imageTask('long'), imageTask('short')]);
	await expect.poll(async () => (await taskOf(first, run, 1)).status).toBe('succeeded');
	expect(first.world.machine.instances.size).toBe(2);
	const second = await nextLife(first);
	await expect.poll(() => [...second.world.machine.instances.keys()]).toEqual([`${run}.0#1`]);
	await second.call('POST', `/v1/runs/${run}/cancel`);
	await second.ended(run);
	await expectNothingLeft(second);
});

test.each<[string, FakeScript, number]>([
	['runs', {type: 'runs', prints: prints.slice(0, 1)}, 143],
	['starts', {type: 'runs', startMs: 1_000_000}, 0],
])('a wish to end what %s, which this life could not carry out, is carried out by the next', async (_, script, exitCode) => {
	const first = firstLife(
		script,
		driving(() => ({end: never, stop: never})),
	);
	const run = await submit(first, [imageTask('a')]);
	await expect.poll(() => first.world.machine.instances.size).toBe(1);
	if (exitCode > 0) await expect.poll(() => logOf(first, run).toString()).toBe('line 0\n');
	await first.call('POST', `/v1/runs/${run}/cancel`);
	const second = await nextLife(first);
	const {attempts} = await endedTask(second, run);
	expect(attempts).toHaveLength(1);
	expect(attempts[0]?.outcome).toMatchObject({status: 'cancelled', ...(exitCode > 0 && {exitCode})});
	if (exitCode > 0) expect(logOf(second, run).toString()).toBe('line 0\n');
	await expectNothingLeft(second);
});

test('its timeout goes on in the next life', async () => {
	const first = firstLife({type: 'runs'});
	const run = await submit(first, [imageTask('a', {timeout: '100s'})]);
	await expect.poll(async () => (await taskOf(first, run)).attempts[0]?.status).toBe('running');
	const second = await nextLife(first);
	expect((await endedTask(second, run)).attempts).toMatchObject([{outcome: {status: 'timed_out', reason: 'timed out after 100 s'}}]);
});
