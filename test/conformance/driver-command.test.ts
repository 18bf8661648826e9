import {beforeAll, beforeEach, describe, expect, test} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import type {Handle, InstanceCommand, InstanceSpec, OutputPiece} from '../../source/model/instance.ts';
import {buildBusyboxImage, busyboxImage, containersOf, newOwner, removeContainers, whyNoBusybox} from '../helpers/docker.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {agentSpec} from '../helpers/scheduling.ts';
import {ImageEngine} from '../simulation/images/engine.ts';
import {chooseImageFaults} from '../simulation/images/faults.ts';
import {ImagePort} from '../simulation/images/port.ts';
import {Life} from '../simulation/life.ts';
import {World} from '../simulation/world.ts';

/**
 * `prints`: `out`, a pause, `err` on stderr, a pause, `binary`, of which the last has no end of line; then it exits with 3. `big`: `bigBytes`, then 0. `live`: `begun`, and on it goes until it
 * is ended. `heeds`: the same, ends when it is asked to. `ignores`: does not.
 */
type Behaviour = 'prints' | 'big' | 'live' | 'heeds' | 'ignores';

/** What the suite needs to know of the place where instances with a `command` run. */
type Place = {
	/** Another driver object, as a later life of the orchestrator would make it. */
	readonly createDriver: () => Driver;
	readonly spec: (name: string, behaviour: Behaviour) => InstanceSpec;
	/** Whether both streams are told apart. */
	readonly tellsStreams: boolean;
	/** Code of a program that ends when it is asked to. */
	readonly heededCode: number;
	/** How many instances are left, ended ones too. */
	readonly left: () => number;
	readonly dispose: () => void;
};

const noBusybox = whyNoBusybox();
const places: Readonly<Record<string, {readonly create: () => Place; readonly without?: string | undefined}>> = {
	fake: {create: fakePlace},
	simulated: {create: simulatedPlace},
	docker: {create: dockerPlace, without: noBusybox},
};
const never = new AbortController().signal;

/** No text in any encoding, and no newline at its end. */
const binary = Buffer.from([0x00, 0xff, 0x0a, 0x0d, 0x0a, 0x0a, 0x80, 0x1b, 0xc3, 0x28, 0x00]);
const printed = Buffer.concat([Buffer.from('out\nerr\n'), binary]);
/** No part of 16 KiB, in which engines keep output, ends with one. */
const line = 'all work and no play '.repeat(50);
const bigBytes = Buffer.from(`${line}\n`.repeat(5000)).subarray(0, 5_000_003);

beforeAll(async () => {
	if (noBusybox === undefined) await buildBusyboxImage();
}, 120_000);

describe.for(Object.entries(places))('an instance with a command, %s driver', ([, {create: createPlace, without}]) => {
	let place: Place;
	let driver: Driver;

	beforeEach(context => {
		context.skip(without !== undefined, `needs Docker: ${without}`);
		place = createPlace();
		context.onTestFinished(() => place.dispose());
		driver = place.createDriver();
	});

	async function read(handle: Handle, from = 0, by = driver): Promise<OutputPiece[]> {
		const pieces: OutputPiece[] = [];
		for await (const piece of by.output?.(handle, from, never) ?? []) pieces.push({...piece, data: Buffer.from(piece.data)});
		return pieces;
	}

	const bytesOf = (pieces: readonly OutputPiece[]) => Buffer.concat(pieces.map(({data}) => data));

	/** Resolves once it has printed something. */
	async function begun(handle: Handle): Promise<OutputPiece> {
		for await (const piece of driver.output?.(handle, 0, never) ?? []) return piece;
		throw new Error('it printed nothing');
	}

	test('it is there with its output and its end', () => {
		expect([typeof driver.output, typeof driver.end]).toEqual(['function', 'function']);
	});

	test('it runs once: started again by name, also by another driver at the same time, it is the same one, ended or not', async () => {
		const drivers = [driver, driver, place.createDriver(), place.createDriver()];
		const handles = await Promise.all(drivers.map(each => each.start(place.spec('a', 'prints'))));
		const [handle] = handles;
		if (handle === undefined) throw new Error('no handle');
		expect(new Set(handles.map(each => JSON.stringify(each))).size).toBe(1);
		await driver.watch('a', handle, never);
		expect(await driver.start(place.spec('a', 'prints'))).toEqual(handle);
		expect(await place.createDriver().start(place.spec('a', 'prints'))).toEqual(handle);
		expect(bytesOf(await read(handle))).toEqual(printed);
		expect(place.left()).toBe(1);
	});

	test('its output is exact to the byte, in order, by stream and time, and found again from any byte on', async () => {
		const from = Date.now();
		const handle = await driver.start(place.spec('a', 'prints'));
		const pieces = await read(handle);
		expect(bytesOf(pieces)).toEqual(printed);
		const errors = bytesOf(pieces.filter(({stream}) => stream === 'stderr'));
		expect(errors.toString()).toBe(place.tellsStreams ? 'err\n' : '');
		const times = pieces.map(({at}) => at);
		expect(times).toEqual([...times].sort((a, b) => a - b));
		expect(times.every(at => at > from - 60_000 && at < Date.now() + 60_000)).toBe(true);
		const later = place.createDriver();
		for (const at of [0, 1, 4, 5, 7, 8, printed.length - 1, printed.length]) {
			expect(bytesOf(await read(handle, at, at % 2 === 0 ? driver : later))).toEqual(printed.subarray(at));
		}
	});

	test('five megabytes, read while they come, and again', async () => {
		const handle = await driver.start(place.spec('a', 'big'));
		expect(bytesOf(await read(handle)).equals(bigBytes)).toBe(true);
		expect(bytesOf(await read(handle, 4_999_990)).equals(bigBytes.subarray(4_999_990))).toBe(true);
		expect(bytesOf(await read(handle, 1_234_567)).equals(bigBytes.subarray(1_234_567))).toBe(true);
		expect(await driver.watch('a', handle, never)).toMatchObject({exitCode: 0});
	});

	test('output is told while it runs, and ends when the program has', async () => {
		const handle = await driver.start(place.spec('a', 'live'));
		expect((await begun(handle)).data.toString()).toBe('begun\n');
		const rest = read(handle, 3);
		await driver.end?.(handle, 0);
		expect(bytesOf(await rest).toString()).toBe('un\n');
	});

	test('the signal ends the reading, not the instance', async () => {
		const handle = await driver.start(place.spec('a', 'live'));
		const controller = new AbortController();
		const reading = (async () => {
			for await (const _ of driver.output?.(handle, 0, controller.signal) ?? []) controller.abort(new Error('enough'));
		})();
		await expect(reading).rejects.toThrow('enough');
		expect((await begun(handle)).data.toString()).toBe('begun\n');
	});

	test('how it ended is told, with how long it ran, also by who comes later', async () => {
		const handle = await driver.start(place.spec('a', 'prints'));
		const end = await driver.watch('a', handle, never);
		expect(end).toMatchObject({cause: 'exited with code 3', exitCode: 3, durationMs: expect.any(Number)});
		expect(end.durationMs).toBeGreaterThan(0);
		const known = JSON.parse(JSON.stringify(handle));
		expect(await place.createDriver().watch('a', known, never)).toMatchObject({exitCode: 3, durationMs: end.durationMs});
	});

	test('asked to end, it does; one that does not is killed after a while; and again is fine', async () => {
		const heeds = await driver.start(place.spec('a', 'heeds'));
		const ignores = await driver.start(place.spec('b', 'ignores'));
		await Promise.all([begun(heeds), begun(ignores)]);
		await Promise.all([driver.end?.(heeds, 20_000), driver.end?.(ignores, 1000)]);
		expect(await driver.watch('a', heeds, never)).toMatchObject({exitCode: place.heededCode, isAsked: true});
		const killed = {exitCode: 137, signal: 'SIGKILL', cause: 'killed by SIGKILL', isAsked: true};
		expect(await driver.watch('b', ignores, never)).toMatchObject(killed);
		await driver.end?.(heeds, 1000);
		await driver.stop({name: 'b', handle: ignores});
		await driver.end?.(ignores, 1000);
		expect(place.left()).toBe(1);
	});

	test('it is found by name from its start on, by every driver, until it is stopped; what ended by itself was not asked to', async () => {
		const spec = place.spec('a', 'prints');
		expect(await driver.find?.(spec)).toBeUndefined();
		const handle = await driver.start(spec);
		const later = place.createDriver();
		expect(await later.find?.(spec)).toEqual(handle);
		await driver.watch('a', handle, never);
		await driver.end?.(handle, 1000);
		expect(await later.find?.(spec)).toEqual(handle);
		expect((await driver.watch('a', handle, never)).isAsked).toBeUndefined();
		await later.stop({name: 'a'});
		expect(await driver.find?.(spec)).toBeUndefined();
	});

	test('every driver lists it, ended or not; a stop leaves nothing of it, and it is gone for who watches or reads', async () => {
		const names = ['r0123456789a.0#1', 'r0123456789a.1#1'] as const;
		const ended = await driver.start(place.spec(names[0], 'prints'));
		const runs = await driver.start(place.spec(names[1], 'live'));
		await driver.watch(names[0], ended, never);
		for (const each of [driver, place.createDriver()]) {
			const listed = (await each.list()).map(({name, handle}) => [name, handle]);
			expect(Object.fromEntries(listed)).toEqual({[names[0]]: ended, [names[1]]: runs});
		}
		const end = driver.watch(names[1], runs, never);
		await driver.stop({name: names[0], handle: ended});
		await place.createDriver().stop({name: names[1]});
		expect(place.left()).toBe(0);
		expect(await driver.list()).toEqual([]);
		expect((await end).cause).not.toBe('');
		expect(await driver.watch(names[0], ended, never)).toEqual({cause: 'ended while nobody watched'});
		await expect(read(ended)).rejects.toMatchObject({code: 'unavailable', retryable: true});
	});
});

const scripts: Readonly<Record<Behaviour, FakeScript>> = {
	prints: {
		type: 'exits',
		afterMs: 30,
		exitCode: 3,
		prints: [
			{afterMs: 5, data: 'out\n'},
			{afterMs: 10, data: 'err\n', stream: 'stderr'},
			{afterMs: 15, data: binary},
		],
	},
	big: {
		type: 'exits',
		afterMs: 10,
		exitCode: 0,
		prints: Array.from({length: 100}, (_, index) => ({afterMs: 1, data: bigBytes.subarray(index * 50_001, (index + 1) * 50_001)})),
	},
	live: {type: 'runs', prints: [{afterMs: 0, data: 'begun\n'}]},
	heeds: {type: 'runs', prints: [{afterMs: 0, data: 'begun\n'}]},
	ignores: {type: 'runs', ignoresTerm: true, prints: [{afterMs: 0, data: 'begun\n'}]},
};

const octal = [...binary].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
const commands: Readonly<Record<Behaviour, string>> = {
	prints: `echo out; sleep 0.2; echo err >&2; sleep 0.2; printf '${octal}'; exit 3`,
	big: `yes '${line}' | head -c ${bigBytes.length}`,
	live: 'echo begun; sleep 1d',
	heeds: "trap 'exit 9' TERM; echo begun; while :; do sleep 0.1; done",
	ignores: "trap '' TERM; echo begun; sleep 1d",
};

function commandOf(behaviour: Behaviour): InstanceCommand {
	return {ref: {run: 'r0123456789a', task: 0, attempt: 1}, task: behaviour, argv: ['sh', '-c', commands[behaviour]], env: {}};
}

function fakePlace(): Place {
	const machine = createFakeMachine();
	return {
		createDriver: () => createFakeDriver({machine, script: ({command}) => scripts[command?.task as Behaviour]}),
		spec: (name, behaviour) => ({name, directory: '/', agent: agentSpec('mould'), command: commandOf(behaviour)}),
		tellsStreams: true,
		heededCode: 143,
		left: () => machine.instances.size,
		dispose: () => undefined,
	};
}

/** The driver of simulated worlds, in one in which nothing goes wrong and time passes as fast as it can. */
function simulatedPlace(): Place {
	const world = new World(0);
	world.heal();
	const nobody = () => undefined;
	const judge = {began: nobody, printed: nobody, exited: nobody, takenAway: nobody, refused: nobody};
	const script = ({command}: InstanceSpec) => scripts[command?.task as Behaviour];
	const faults = chooseImageFaults(world.random, 0);
	const engine = new ImageEngine({world, faults, judge, type: 'docker', script, epoch: Date.now()});
	let isOver = false;
	const pass = () => {
		if (!world.timeline.isEmpty) world.timeline.advance();
		if (!isOver) setImmediate(pass);
	};
	pass();
	return {
		createDriver: () => new ImagePort(engine, new Life(world)).driver,
		spec: (name, behaviour) => ({name, directory: '/', agent: agentSpec('mould'), command: commandOf(behaviour)}),
		tellsStreams: true,
		heededCode: 143,
		left: () => engine.names.length,
		dispose: () => {
			isOver = true;
		},
	};
}

function dockerPlace(): Place {
	const owner = newOwner();
	const agent = agentSpec('mould', {type: 'docker', image: busyboxImage});
	return {
		createDriver: () => dockerDriver({owner, image: busyboxImage, stopGraceMs: 0}),
		spec: (name, behaviour) => ({name, directory: '/', agent, command: commandOf(behaviour)}),
		tellsStreams: true,
		heededCode: 9,
		left: () => containersOf(owner).length,
		dispose: () => removeContainers(owner),
	};
}
