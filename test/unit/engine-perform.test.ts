import {expect, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {FakeMachine} from '../../source/drivers/fake/fake.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {Performer} from '../../source/engine/perform.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Event} from '../../source/model/event.ts';
import type {Handle, InstanceSpec} from '../../source/model/instance.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {testClock} from '../helpers/test-clock.ts';

const spec = instanceSpec('builder~r1');
const unavailable = new ByoaiError('unavailable', 'no room on the machine');

type Options = {readonly script?: FakeScript; readonly machine?: FakeMachine; readonly driver?: Partial<Driver>};

function setUp({script = {type: 'runs'}, machine = createFakeMachine(), driver: changes = {}}: Options = {}) {
	const clock = testClock();
	const timers = {
		setTimeout: (callback: () => void, ms: number) => clock.after(ms, callback),
		clearTimeout: (cancel: unknown) => (cancel as () => void)(),
	};
	const events: Event[] = [];
	const warnings: string[] = [];
	const driver = {...createFakeDriver({machine, script: () => script, timers}), ...changes};
	const options = {
		drivers: new Map([['local' as const, driver]]),
		clock,
		offer: vi.fn((event: Event): Promise<unknown> => Promise.resolve(events.push(event))),
		sendOrders: vi.fn(),
		warn: (message: string) => void warnings.push(message),
	};
	const performer = new Performer(options);
	return {
		...options,
		driver,
		machine,
		performer,
		warnings,
		start: (of: InstanceSpec = spec) => performer.perform({type: 'start-instance', spec: of}),
		stop: (of: InstanceSpec = spec) => performer.perform({type: 'stop-instance', spec: of}),
		/** What was told so far, in short. */
		told: () =>
			events.map(event => {
				const end = 'end' in event ? `: ${event.end.cause}` : '';
				return `${event.type}${end}`;
			}),
		/** Names of instances that run. */
		running: async () => (await driver.list()).map(({name}) => name),
	};
}

test('an instance is started, watched, and its end is told', async () => {
	const {clock, start, told, offer} = setUp({script: {type: 'exits', startMs: 100, afterMs: 1000, exitCode: 7, output: 'bye'}});
	start();
	await clock.pass(99);
	expect(told()).toEqual([]);
	await clock.pass(1);
	await clock.pass(0);
	expect(offer).toHaveBeenLastCalledWith({
		type: 'instance-started',
		at: clock.now(),
		instance: 'builder~r1',
		handle: {driver: 'fake', serial: 'builder#1'},
	});
	await clock.pass(1000);
	await clock.pass(0);
	expect(told()).toEqual(['instance-started', 'instance-ended: exited with code 7']);
	expect(offer.mock.lastCall?.[0]).toMatchObject({end: {exitCode: 7, output: 'bye'}});
});

test('one that cannot be started has failed, and its driver says why', async () => {
	const {clock, start, told} = setUp({script: {type: 'refuses', message: 'no such image'}});
	start();
	await clock.pass(0);
	expect(told()).toEqual(['instance-failed: no such image']);
});

test.each([
	['invalid', true],
	['unavailable', undefined],
] as const)('one whose driver says `%s`: final %s', async (code, isFinal) => {
	const {clock, start, offer} = setUp({driver: {start: () => Promise.reject(new ByoaiError(code, 'no'))}});
	start();
	await clock.pass(0);
	const end = {cause: 'no', ...(isFinal && {isFinal})};
	expect(offer).toHaveBeenLastCalledWith({type: 'instance-failed', at: clock.now(), instance: 'builder~r1', end});
});

test('a type that this version cannot run fails, and there is nothing of it to be stopped', async () => {
	const {clock, start, stop, told} = setUp();
	const docker = instanceSpec('crane', {type: 'docker'});
	start(docker);
	stop(docker);
	await clock.pass(0);
	expect(told().sort()).toEqual(['instance-ended: stopped', 'instance-failed: agents of type docker cannot run in this version']);
});

test('performing a start twice makes one instance, and its end is told once', async () => {
	const {clock, start, told, machine} = setUp({script: {type: 'exits', afterMs: 50, exitCode: 0}});
	start();
	start();
	await clock.pass(0);
	expect(machine.starts).toEqual(new Map([['builder', 1]]));
	await clock.pass(50);
	await clock.pass(0);
	expect(told()).toEqual(['instance-started', 'instance-started', 'instance-ended: exited with code 0']);
});

test('a stop ends what runs; its end is told once', async () => {
	const {clock, start, stop, told, running} = setUp();
	start();
	await clock.pass(0);
	expect(await running()).toEqual(['builder~r1']);
	stop();
	stop();
	await clock.pass(0);
	expect(told()).toEqual(['instance-started', 'instance-ended: stopped']);
	expect(await running()).toEqual([]);
});

test('a stop while it starts: the start fails, and then nothing is left', async () => {
	const {clock, start, stop, told, running} = setUp({script: {type: 'runs', startMs: 1000}});
	start();
	await clock.pass(500);
	stop();
	await clock.pass(1000);
	expect(told()).toEqual(['instance-ended: stopped']);
	expect(await running()).toEqual([]);
});

test('a stop that comes as the start succeeds leaves its end to the stop', async () => {
	const held = Promise.withResolvers<void>();
	const {clock, start, stop, told, driver} = setUp({driver: {stop: () => held.promise}});
	const watch = vi.spyOn(driver, 'watch');
	start();
	stop();
	await clock.pass(0);
	expect(told()).toEqual(['instance-started']);
	held.resolve();
	await clock.pass(0);
	expect(told()).toEqual(['instance-started', 'instance-ended: stopped']);
	expect(watch).not.toHaveBeenCalled();
});

test('what was never started is stopped all the same', async () => {
	const {clock, stop, told} = setUp();
	stop();
	await clock.pass(0);
	expect(told()).toEqual(['instance-ended: stopped']);
});

test('a stop that fails is told and tried again until nothing is left; its end is not told before, even if it ends by itself', async () => {
	const attempts = vi.fn<Driver['stop']>().mockRejectedValueOnce(unavailable).mockRejectedValueOnce(unavailable).mockResolvedValue();
	const {clock, start, stop, told, warnings, machine} = setUp({driver: {stop: attempts}});
	start();
	await clock.pass(0);
	stop();
	await clock.pass(1000);
	machine.instances.get('builder~r1')?.end({cause: 'out of memory'});
	stop(); // commanded again: it is under way
	await clock.pass(2500);
	expect(attempts).toHaveBeenCalledTimes(2);
	expect(told()).toEqual(['instance-started']);
	await clock.pass(2000);
	await clock.pass(0);
	expect(attempts).toHaveBeenCalledTimes(3);
	expect(told()).toEqual(['instance-started', 'instance-ended: stopped']);
	expect(warnings).toEqual(Array(2).fill('instance builder~r1 could not be stopped, trying again: no room on the machine'));
});

test('one of an earlier life is watched by its handle, also when it is gone', async () => {
	const machine = createFakeMachine();
	const first = setUp({machine});
	first.start();
	await first.clock.pass(0);
	const second = setUp({machine});
	const handle = {driver: 'fake', serial: 'builder#1'} as const;
	second.performer.perform({type: 'adopt-instance', spec, handle});
	second.performer.perform({type: 'adopt-instance', spec: instanceSpec('gone'), handle});
	await second.clock.pass(0);
	expect(second.told()).toEqual(['instance-ended: ended while nobody watched']);
	machine.instances.get('builder~r1')?.end({cause: 'out of memory'});
	await second.clock.pass(0);
	expect(second.told()).toEqual(['instance-ended: ended while nobody watched', 'instance-ended: out of memory']);
});

test('one that cannot be watched any more counts as ended, and says why', async () => {
	const {clock, start, told} = setUp({driver: {watch: () => Promise.reject(unavailable)}});
	start();
	await clock.pass(0);
	expect(told()).toEqual(['instance-started', 'instance-ended: it can no longer be watched: no room on the machine']);
});

test('instances that nobody knows are stopped, and others left alone; one that cannot be stopped is only told of', async () => {
	const stopped: string[] = [];
	const stop: Driver['stop'] = ({name}) => {
		if (name === 'stuck') return Promise.reject(unavailable);
		stopped.push(name);
		return Promise.resolve();
	};
	const {clock, start, performer, warnings} = setUp({driver: {stop}});
	for (const name of ['left', 'known', 'stuck']) start(instanceSpec(name));
	await clock.pass(0);
	await performer.sweep(name => name === 'known', new Set(['local', 'docker']));
	expect(stopped).toEqual(['left']);
	expect(warnings).toEqual([
		'instance left is not one of any run: stopping it',
		'instance stuck is not one of any run: stopping it',
		'left-over instances of driver fake were not looked for: no room on the machine',
	]);
});

test('after it is closed nothing is told or tried again, and instances live on', async () => {
	const stop = vi.fn<Driver['stop']>().mockRejectedValue(unavailable);
	const {clock, start, stop: stopIt, performer, told, running} = setUp({driver: {stop}});
	start();
	start(instanceSpec('other'));
	await clock.pass(0);
	stopIt(instanceSpec('other'));
	await clock.pass(0);
	const before = told();
	performer.close();
	await clock.pass(60_000);
	expect(told()).toEqual(before);
	expect(stop).toHaveBeenCalledTimes(1);
	expect(await running()).toEqual(['builder~r1', 'other']);
});

test('what the engine cannot record is no unhandled error, but a warning', async () => {
	const {clock, start, offer, warnings} = setUp();
	offer.mockRejectedValue(new ByoaiError('stopping', 'shutting down'));
	start();
	await clock.pass(0);
	expect(warnings).toEqual(['not recorded, instance-started: shutting down']);
});

test('orders go to their session', () => {
	const {performer, sendOrders} = setUp();
	performer.perform({type: 'send-orders', session: 's1'});
	expect(sendOrders).toHaveBeenCalledExactlyOnceWith('s1');
});

test.each<[string, (start: PromiseWithResolvers<Handle>) => void]>([
	['succeeds', ({resolve}) => resolve({driver: 'fake', serial: 'old'})],
	['fails', ({reject}) => reject(unavailable)],
])('of a start that %s after its instance was stopped nothing is told: its name may be another instance’s by then', async (_, answer) => {
	const begun = Promise.withResolvers<Handle>();
	const watch = vi.fn();
	const {clock, start, stop, told} = setUp({driver: {start: () => begun.promise, stop: () => Promise.resolve(), watch}});
	start();
	stop();
	await clock.pass(0);
	answer(begun);
	await clock.pass(0);
	expect(told()).toEqual(['instance-ended: stopped']);
	expect(watch).not.toHaveBeenCalled();
});

test('one that was stopped while its start was being recorded is not watched', async () => {
	const watch = vi.fn();
	const recorded = Promise.withResolvers<unknown>();
	const {clock, start, stop, offer} = setUp({driver: {watch}});
	offer.mockReturnValueOnce(recorded.promise);
	start();
	await clock.pass(0);
	expect(offer).toHaveBeenCalledTimes(1);
	stop();
	await clock.pass(0);
	recorded.resolve(undefined);
	await clock.pass(0);
	expect(offer).toHaveBeenCalledTimes(2);
	expect(watch).not.toHaveBeenCalled();
});
