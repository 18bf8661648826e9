import {expect, test, vi} from 'vitest';
import type {FakeDriverOptions} from '../../source/drivers/fake/fake.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';

const never = new AbortController().signal;

/** Timers that fire when they are told to, the next first. */
function createManualTimers() {
	const waiting: {readonly at: number; readonly callback: () => void}[] = [];
	let now = 0;
	return {
		setTimeout: (callback: () => void, ms: number) => {
			const timer = {at: now + ms, callback};
			waiting.push(timer);
			return timer;
		},
		clearTimeout: (timer: unknown) => {
			waiting.splice(0, waiting.length, ...waiting.filter(each => each !== timer));
		},
		advance: (ms: number) => {
			const until = now + ms;
			for (;;) {
				const next = waiting.filter(({at}) => at <= until).sort((a, b) => a.at - b.at)[0];
				if (next === undefined) break;
				waiting.splice(waiting.indexOf(next), 1);
				now = next.at;
				next.callback();
			}
			now = until;
		},
		waiting,
	};
}

function setUp(script: (count: number) => FakeScript) {
	const timers = createManualTimers();
	const hooks = {
		onStarted: vi.fn<NonNullable<FakeDriverOptions['onStarted']>>(),
		onEnded: vi.fn<NonNullable<FakeDriverOptions['onEnded']>>(),
	};
	const options: FakeDriverOptions = {machine: createFakeMachine(), script: (_spec, count) => script(count), timers, ...hooks};
	return {timers, ...hooks, createDriver: () => createFakeDriver(options)};
}

test('an instance starts when its time has come, and is connected then', async () => {
	const {timers, onStarted, createDriver} = setUp(() => ({type: 'runs', startMs: 500}));
	const driver = createDriver();
	const start = driver.start(instanceSpec('a'));
	timers.advance(499);
	expect(onStarted).not.toHaveBeenCalled();
	expect(await driver.list()).toEqual([]);
	timers.advance(1);
	expect(await start).toMatchObject({driver: 'fake'});
	expect(onStarted).toHaveBeenCalledExactlyOnceWith(instanceSpec('a'));
});

test('one that is never ready runs, but nothing comes up in it', async () => {
	const {timers, onStarted, createDriver} = setUp(() => ({type: 'never-ready'}));
	const driver = createDriver();
	const start = driver.start(instanceSpec('a'));
	timers.advance(0);
	await start;
	expect(await driver.list()).toHaveLength(1);
	expect(onStarted).not.toHaveBeenCalled();
});

test.each<[FakeScript, object]>([
	[
		{type: 'exits', afterMs: 50, exitCode: 7, output: 'bye'},
		{cause: 'exited with code 7', exitCode: 7, output: 'bye'},
	],
	[
		{type: 'out-of-memory', afterMs: 50},
		{cause: 'out of memory', exitCode: 137, signal: 'SIGKILL'},
	],
])('%j ends in time', async (script, expected) => {
	const {timers, onEnded, createDriver} = setUp(() => script);
	const driver = createDriver();
	const start = driver.start(instanceSpec('a'));
	timers.advance(49);
	const handle = await start;
	const end = driver.watch('a', handle, never);
	expect(onEnded).not.toHaveBeenCalled();
	timers.advance(1);
	expect(await end).toEqual(expected);
	expect(onEnded).toHaveBeenCalledExactlyOnceWith('a', expected);
});

test('the script is told which instance of the agent it is, across drivers and names', async () => {
	const {timers, createDriver} = setUp(count => (count === 1 ? {type: 'refuses', message: 'not yet'} : {type: 'runs'}));
	const first = createDriver().start(instanceSpec('builder~r1'));
	timers.advance(0);
	await expect(first).rejects.toMatchObject({code: 'unavailable', message: 'not yet'});
	const second = createDriver().start(instanceSpec('builder~r1~2'));
	timers.advance(0);
	await second;
});

test('a stop ends the instance and leaves no timer behind', async () => {
	const {timers, onEnded, createDriver} = setUp(() => ({type: 'exits', afterMs: 1000, exitCode: 0}));
	const driver = createDriver();
	const start = driver.start(instanceSpec('a'));
	timers.advance(0);
	const handle = await start;
	await driver.stop({name: 'a', handle});
	await driver.stop({name: 'a', handle});
	expect(timers.waiting).toEqual([]);
	expect(onEnded).toHaveBeenCalledExactlyOnceWith('a', {cause: 'killed by SIGTERM', signal: 'SIGTERM'});
});

test('what never ran is not told as ended', async () => {
	const {timers, onEnded, createDriver} = setUp(() => ({type: 'runs', startMs: 10}));
	const driver = createDriver();
	const start = expect(driver.start(instanceSpec('a'))).rejects.toMatchObject({code: 'unavailable'});
	await driver.stop({name: 'a'});
	await start;
	expect(timers.waiting).toEqual([]);
	expect(onEnded).not.toHaveBeenCalled();
});
