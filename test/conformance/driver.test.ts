import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeAll, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import type {FakeScript} from '../../source/drivers/fake/script.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Handle, InstanceSpec} from '../../source/model/instance.ts';
import {buildTestImage, containersOf, docker, newOwner, removeContainers, testImage, whyNoDocker} from '../helpers/docker.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {createFixtureHost, patience} from '../helpers/fixture-host.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {clusterDriver, clusterImage, kubectl, podsOf, removePods, whyNoCluster} from '../helpers/kubernetes-cluster.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

/** `refuses`: it cannot start. `exits`: code 3, at once. `slow`: it takes to start until `release`. */
type Behaviour = 'runs' | 'refuses' | 'exits' | 'slow';

/** What the suite needs to know of the place where a driver's instances run. */
type Place = {
	/** Another driver object, as a later life of the orchestrator would make it. */
	readonly createDriver: () => Driver;
	readonly spec: (name: string, behaviour?: Behaviour) => InstanceSpec;
	/** Lets `slow` instances start. */
	readonly release: () => void;
	/** Ends an instance as `kill -9` does. */
	readonly crash: (name: string, handle: Handle) => void;
	/** How many instances really run or are about to. */
	readonly running: () => number;
	/** What is left of them on disk. */
	readonly files: () => readonly string[];
	readonly dispose: () => void | Promise<void>;
};

const noDocker = whyNoDocker();
const places: Readonly<Record<string, {readonly create: () => Place | Promise<Place>; readonly without?: string | undefined}>> = {
	local: {create: localPlace},
	fake: {create: fakePlace},
	docker: {create: dockerPlace, without: noDocker && `Docker: ${noDocker}`},
	'kubernetes, fake': {create: kubernetesPlace},
	'kubernetes, real': {create: clusterPlace, without: whyNoCluster()},
};
const never = new AbortController().signal;

beforeAll(async () => {
	if (noDocker === undefined) await buildTestImage();
}, 120_000);

describe.for(Object.entries(places))('%s driver', ([, {create: createPlace, without}]) => {
	let place: Place;
	let driver: Driver;

	beforeEach(async context => {
		context.skip(without !== undefined, `needs ${without}`);
		place = await createPlace();
		context.onTestFinished(place.dispose);
		driver = place.createDriver();
	});

	afterEach(async () => {
		if (without !== undefined) return;
		place.release();
		for (const {name, handle} of await driver.list()) await driver.stop({name, handle});
		await vi.waitFor(() => expect(place.running()).toBe(0), patience);
	});

	test('can work here', async () => {
		await expect(driver.probe()).resolves.toBeUndefined();
	});

	test('a second start finds the same instance', async () => {
		const handle = await driver.start(place.spec('a'));
		expect(await driver.start(place.spec('a'))).toEqual(handle);
		expect(await place.createDriver().start(place.spec('a'))).toEqual(handle);
		expect(place.running()).toBe(1);
	});

	test('starts at the same time, also by several drivers, make one instance', async () => {
		const drivers = [driver, driver, place.createDriver(), place.createDriver()];
		const handles = await Promise.all(drivers.map(each => each.start(place.spec('a'))));
		expect(new Set(handles.map(handle => JSON.stringify(handle))).size).toBe(1);
		expect(place.running()).toBe(1);
	});

	test('what cannot start rejects and says why', async () => {
		const failure = await driver.start(place.spec('a', 'refuses')).catch(error => error);
		expect(failure).toBeInstanceOf(ByoaiError);
		expect(failure).toMatchObject({code: 'unavailable', message: expect.stringContaining('no luck today')});
		expect(await driver.list()).toEqual([]);
	});

	test('what an instance has printed is told while it starts, and in another life', async context => {
		if (driver.lastOutput === undefined) return context.skip('it keeps no output of agents');
		const starting = driver.start(place.spec('a', 'slow'));
		await vi.waitFor(async () => expect(await driver.lastOutput?.({name: 'a'})).toBe('getting ready'), patience);
		place.release();
		const handle = await starting;
		expect(await place.createDriver().lastOutput?.({name: 'a', handle})).toBe('getting ready');
		expect(await driver.lastOutput({name: 'never'})).toBeUndefined();
	});

	test('an instance that ended can be started again', async () => {
		const first = await driver.start(place.spec('a'));
		place.crash('a', first);
		await driver.watch('a', first, never);
		const second = await driver.start(place.spec('a'));
		expect(second).not.toEqual(first);
		expect((await driver.watch('a', first, never)).cause).toBe('ended while nobody watched');
		expect(place.running()).toBe(1);
	});

	test('several drivers that start an instance again at the same time start one', async () => {
		const first = await driver.start(place.spec('a'));
		place.crash('a', first);
		await driver.watch('a', first, never);
		const drivers = [driver, place.createDriver(), place.createDriver(), place.createDriver()];
		const handles = await Promise.all(drivers.map(each => each.start(place.spec('a'))));
		expect(new Set(handles.map(handle => JSON.stringify(handle))).size).toBe(1);
		expect(place.running()).toBe(1);
	});

	test.each(['by handle', 'by name alone'])('a stop %s leaves nothing', async how => {
		const handle = await driver.start(place.spec('a'));
		await driver.start(place.spec('b'));
		await driver.stop(how === 'by handle' ? {name: 'a', handle} : {name: 'a'});
		expect(place.running()).toBe(1);
		expect((await driver.list()).map(({name}) => name)).toEqual(['b']);
		await driver.stop({name: 'b'});
		expect(place.running()).toBe(0);
		expect(place.files()).toEqual([]);
	});

	test('a stop of what never started, has ended or was stopped already is fine', async () => {
		await driver.stop({name: 'never'});
		const handle = await driver.start(place.spec('a'));
		place.crash('a', handle);
		await driver.watch('a', handle, never);
		await driver.stop({name: 'a', handle});
		await driver.stop({name: 'a', handle});
		expect(place.files()).toEqual([]);
	});

	test('two stops at the same time are fine', async () => {
		const handle = await driver.start(place.spec('a'));
		await Promise.all([driver.stop({name: 'a', handle}), driver.stop({name: 'a'})]);
		expect(place.running()).toBe(0);
	});

	test('what was stopped can be started again', async () => {
		const first = await driver.start(place.spec('a'));
		await driver.stop({name: 'a', handle: first});
		const second = await driver.start(place.spec('a'));
		expect(second).not.toEqual(first);
		expect(place.running()).toBe(1);
	});

	test.each(['the same driver', 'another driver'])('a stop by %s during the start leaves nothing', async who => {
		const starting = driver.start(place.spec('a', 'slow')).catch(error => error);
		await vi.waitFor(() => expect(place.running()).toBe(1), patience);
		await (who === 'the same driver' ? driver : place.createDriver()).stop({name: 'a'});
		expect(await starting).toMatchObject({code: 'unavailable', message: expect.stringContaining('stopped while it started')});
		place.release();
		await vi.waitFor(() => expect(place.running()).toBe(0), patience);
		expect(await driver.list()).toEqual([]);
		expect(place.files()).toEqual([]);
	});

	test('of calls at the same time the last one counts', async () => {
		const calls = [driver.start(place.spec('a')), driver.stop({name: 'a'}), driver.start(place.spec('a')), driver.stop({name: 'a'})];
		await Promise.allSettled(calls);
		expect(place.running()).toBe(0);
		const last = [driver.stop({name: 'a'}), driver.start(place.spec('a'))];
		await Promise.all(last);
		expect(place.running()).toBe(1);
	});

	test('watch tells how an instance ended by itself', async () => {
		const handle = await driver.start(place.spec('a', 'exits'));
		expect(await driver.watch('a', handle, never)).toMatchObject({cause: 'exited with code 3', exitCode: 3, output: 'last words'});
		await driver.stop({name: 'a', handle});
		expect(await driver.list()).toEqual([]);
	});

	test('watch tells of kill -9', async () => {
		const handle = await driver.start(place.spec('a'));
		const end = driver.watch('a', handle, never);
		place.crash('a', handle);
		expect(await end).toMatchObject({cause: 'killed by SIGKILL', signal: 'SIGKILL'});
	});

	test('watch ends when the instance is stopped', async () => {
		const handle = await driver.start(place.spec('a'));
		const end = driver.watch('a', handle, never);
		await driver.stop({name: 'a', handle});
		expect((await end).cause).not.toBe('');
	});

	test('another driver watches what it did not start', async () => {
		const handle = JSON.parse(JSON.stringify(await driver.start(place.spec('a'))));
		const end = place.createDriver().watch('a', handle, never);
		place.crash('a', handle);
		expect((await end).cause).toMatch(/ended|killed/);
		expect((await place.createDriver().watch('a', handle, never)).cause).toMatch(/ended|killed/);
	});

	test('the signal ends the watching, not the instance', async () => {
		const handle = await driver.start(place.spec('a'));
		for (const each of [driver, place.createDriver()]) {
			const controller = new AbortController();
			const end = each.watch('a', handle, controller.signal);
			controller.abort(new Error('enough'));
			await expect(end).rejects.toThrow('enough');
		}
		expect(place.running()).toBe(1);
	});

	test('every driver lists what runs', async () => {
		const handles = {a: await driver.start(place.spec('a')), 'b~r01.x~2': await driver.start(place.spec('b~r01.x~2'))};
		const ended = await driver.start(place.spec('c', 'exits'));
		await driver.watch('c', ended, never);
		for (const each of [driver, place.createDriver()]) {
			// What ended may have left something to be stopped.
			const listed = (await each.list()).filter(({name}) => name !== 'c');
			expect(Object.fromEntries(listed.map(({name, handle}) => [name, handle]))).toEqual(handles);
		}
	});

	test('instances outlive the driver, watches do not', async () => {
		const handle = await driver.start(place.spec('a'));
		const end = driver.watch('a', handle, never);
		await Promise.all([driver.close(), expect(end).rejects.toMatchObject({code: 'stopping'})]);
		const later = place.createDriver();
		expect(await later.list()).toEqual([{name: 'a', handle}]);
		expect(await later.start(place.spec('a'))).toEqual(handle);
		await later.stop({name: 'a', handle});
		expect(place.running()).toBe(0);
	});
});

function localPlace(): Place {
	const host = createFixtureHost();
	const gate = join(host.root, 'gate');
	const variables: Readonly<Record<Behaviour, Record<string, string>>> = {
		runs: {},
		refuses: {FIXTURE_PRINT: 'no luck today', FIXTURE_EXIT_BEFORE: '1'},
		exits: {FIXTURE_PRINT: 'last words', FIXTURE_EXIT: '3'},
		slow: {FIXTURE_PRINT: 'getting ready', FIXTURE_GATE: gate},
	};
	return {
		createDriver: () => host.createDriver(),
		spec: (name, behaviour = 'runs') => host.spec(name, variables[behaviour]),
		release: () => writeFileSync(gate, ''),
		crash: (_name, {pid}) => process.kill(Number(pid), 'SIGKILL'),
		running: () => host.alive().length,
		files: () => (existsSync(host.instances) ? readdirSync(host.instances) : []),
		dispose: host.dispose,
	};
}

function fakePlace(): Place {
	const machine = createFakeMachine();
	const scripts: Readonly<Record<Behaviour, FakeScript>> = {
		runs: {type: 'runs'},
		refuses: {type: 'refuses', message: 'no luck today'},
		exits: {type: 'exits', afterMs: 0, exitCode: 3, output: 'last words'},
		slow: {type: 'runs', startMs: 1_000_000},
	};
	const living = () => [...machine.instances.values()].filter(instance => instance.status() !== 'ended');
	return {
		createDriver: () => createFakeDriver({machine, script: spec => scripts[spec.agent.env.BEHAVIOUR as Behaviour]}),
		spec: (name, behaviour = 'runs') => instanceSpec(name, {env: {BEHAVIOUR: behaviour}}),
		release: () => undefined,
		crash: name => machine.instances.get(name)?.end({cause: 'killed by SIGKILL', signal: 'SIGKILL'}),
		running: () => living().length,
		files: () => [],
		dispose: () => undefined,
	};
}

function dockerPlace(): Place {
	const owner = newOwner();
	const gate = mkdtempSync(join(tmpdir(), 'byoai-gate-'));
	const commands: Readonly<Record<Behaviour, readonly string[]>> = {
		runs: ['sleep', '1d'],
		refuses: ['true'],
		exits: ['sh', '-c', 'echo last words; exit 3'],
		slow: ['sh', '-c', 'echo getting ready; exec sleep 1d'],
	};
	const slow = {
		volumes: [`${gate}:/gate`],
		readinessProbe: {exec: {command: ['test', '-f', '/gate/open']}, periodSeconds: 0.2, timeoutSeconds: 10},
	};
	return {
		createDriver: () => dockerDriver({owner, image: testImage, stopGraceMs: 10_000}),
		spec: (name, behaviour = 'runs') =>
			instanceSpec(name, {
				type: 'docker',
				driverOptions: {docker: {Cmd: commands[behaviour]}},
				...(behaviour === 'slow' && slow),
				...(behaviour === 'refuses' && {network: 'no luck today'}),
			}),
		release: () => writeFileSync(join(gate, 'open'), ''),
		crash: (_name, {container}) => docker('kill', String(container)),
		running: () => containersOf(owner, '--filter', 'status=running').length,
		files: () => containersOf(owner),
		dispose: () => {
			removeContainers(owner);
			rmSync(gate, {recursive: true, force: true});
		},
	};
}

/** Programs of the behaviours: with a shell, so that any image will do. */
const podPrograms: Readonly<Record<Behaviour, string>> = {
	runs: "trap 'exit 0' TERM; while [ ! -f /tmp/crash-$HOSTNAME ]; do sleep 0.1 & wait $!; done; exit 137",
	refuses: 'true',
	exits: 'echo last words; exit 3',
	slow: "echo getting ready; trap 'exit 0' TERM; while :; do sleep 0.1 & wait $!; done",
};

function podSpec(name: string, behaviour: Behaviour, gate: string, image: string): InstanceSpec {
	const patch = {spec: {containers: [{name: 'main', command: ['sh', '-c', podPrograms[behaviour].replaceAll('$', '$$$$')]}]}};
	return instanceSpec(name, {
		type: 'kubernetes',
		image,
		driverOptions: {kubernetes: {patch, ...(behaviour === 'refuses' && {service_account: 'no luck today'})}},
		...(behaviour === 'slow' && {readinessProbe: {exec: {command: ['test', '-f', gate]}, periodSeconds: 1, failureThreshold: 1000}}),
	});
}

async function kubernetesPlace(): Promise<Place> {
	const place = await new KubernetesPlace().open();
	const {server} = place;
	const gate = join(place.root, 'open');
	const waiting = () =>
		server.pods().filter(pod => pod.metadata.deletionTimestamp === undefined && server.kubelet.container(pod) === undefined);
	return {
		createDriver: () => place.createDriver(),
		spec: (name, behaviour = 'runs') => podSpec(name, behaviour, gate, 'any-image'),
		release: () => writeFileSync(gate, ''),
		crash: (_name, {uid}) => {
			const pod = server.pods().find(({metadata}) => metadata.uid === uid);
			if (pod !== undefined) server.kubelet.container(pod)?.kill('SIGKILL');
		},
		running: () => server.kubelet.running.length + waiting().length,
		files: () => server.pods().map(({metadata}) => metadata.name),
		dispose: () => place.close(),
	};
}

/** The cluster of `BYOAI_TEST_KUBECONFIG`, whose nodes have or can pull `BYOAI_TEST_IMAGE`, which has a shell. */
function clusterPlace(): Place {
	const owner = newOwner();
	const drivers: Driver[] = [];
	return {
		createDriver: () => {
			drivers.push(clusterDriver(owner));
			return drivers.at(-1) as Driver;
		},
		spec: (name, behaviour = 'runs') => podSpec(name, behaviour, '/tmp/open', clusterImage),
		release: () => undefined,
		crash: (_name, {pod}) => kubectl('exec', String(pod), '--', 'sh', '-c', 'touch /tmp/crash-$HOSTNAME'),
		running: () => podsOf(owner, '--field-selector=status.phase!=Failed,status.phase!=Succeeded').length,
		files: () => podsOf(owner),
		dispose: async () => {
			await Promise.all(drivers.map(driver => driver.close()));
			removePods(owner);
		},
	};
}
