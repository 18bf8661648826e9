import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import type {Handle, InstanceSpec} from '../../source/model/instance.ts';
import type {FixtureHost} from '../helpers/fixture-host.ts';
import {createFixtureHost, patience} from '../helpers/fixture-host.ts';

let host: FixtureHost;
let gate: string;
const never = new AbortController().signal;

beforeEach(({onTestFinished}) => {
	host = createFixtureHost();
	onTestFinished(host.dispose);
	gate = join(host.root, 'gate');
});

afterEach(async () => {
	writeFileSync(gate, '');
	for (const {name} of await host.createDriver().list()) await host.createDriver().stop({name});
	await vi.waitFor(() => expect(host.alive()).toEqual([]), patience);
});

test('an agent starts although the directory of its workflow is not there: of that its tasks tell', async () => {
	const driver = host.createDriver();
	for (const [name, directory] of [
		['gone', join(host.root, 'gone')],
		['file', process.execPath],
	] as const) {
		const handle = await driver.start({...host.spec(name), directory});
		expect(readlinkSync(`/proc/${handle.pid}/cwd`)).toContain(host.instances);
		await driver.stop({name});
	}
});

test('an agent that ignores SIGTERM is killed after the grace time', async () => {
	const driver = host.createDriver({stopGraceMs: 100});
	const handle = await driver.start(host.spec('a', {FIXTURE_DEAF: '1'}));
	const end = driver.watch('a', handle, never);
	await driver.stop({name: 'a'});
	expect(await end).toMatchObject({signal: 'SIGKILL'});
	expect(host.alive()).toEqual([]);
});

test('an agent that ends at SIGTERM is not killed', async () => {
	const driver = host.createDriver();
	const handle = await driver.start(host.spec('a'));
	const end = driver.watch('a', handle, never);
	await driver.stop({name: 'a'});
	expect(await end).toMatchObject({exitCode: 0});
});

test('a stop also ends what the agent left in its process group', async () => {
	const driver = host.createDriver();
	await driver.start(host.spec('a', {FIXTURE_CHILD: '1'}));
	expect(host.alive()).toHaveLength(2);
	await driver.stop({name: 'a'});
	expect(host.alive()).toEqual([]);
});

test('a stop waits for the watchdog', async () => {
	const driver = host.createDriver();
	await startAndLeaveWatchdog(driver);
	const left = driver.stop({name: 'a'}).then(host.alive);
	await driver.list();
	writeFileSync(gate, '');
	expect(await left).toEqual([]);
});

test('a stop ends an agent and a watchdog that somebody has stopped', async () => {
	const driver = host.createDriver();
	await driver.start(host.spec('a', {FIXTURE_WATCHDOG: gate}));
	expect(host.alive()).toHaveLength(2);
	for (const pid of host.alive()) process.kill(pid, 'SIGSTOP');
	writeFileSync(gate, '');
	await driver.stop({name: 'a'});
	expect(host.alive()).toEqual([]);
});

test('a stop kills a watchdog that does not end', async () => {
	const driver = host.createDriver({stopGraceMs: 300});
	await startAndLeaveWatchdog(driver);
	await driver.stop({name: 'a'});
	expect(host.alive()).toEqual([]);
});

test.each(['own', 'adopted'])('the end of an %s instance is told only once its watchdog has done its work', async whose => {
	const driver = host.createDriver();
	const handle = await startAndLeaveWatchdog(driver);
	const left = (whose === 'own' ? driver : host.createDriver()).watch('a', handle, never).then(host.alive);
	await driver.list();
	writeFileSync(gate, '');
	expect(await left).toEqual([]);
});

test('the end of an instance is told although somebody has stopped its watchdog', async () => {
	const driver = host.createDriver();
	const handle = await driver.start(host.spec('a', {FIXTURE_WATCHDOG: gate}));
	for (const pid of host.alive()) if (pid !== handle.pid) process.kill(pid, 'SIGSTOP');
	writeFileSync(gate, '');
	process.kill(Number(handle.pid), 'SIGKILL');
	expect(await driver.watch('a', handle, never)).toMatchObject({signal: 'SIGKILL'});
	expect(host.alive()).toEqual([]);
});

test('a start ends its own program when another one holds the instance', async () => {
	const slow = host.createDriver().start(host.spec('a', {FIXTURE_GATE: gate}));
	await vi.waitFor(() => expect(host.alive()).toHaveLength(1), patience);
	const handle = await host.createDriver().start(host.spec('a'));
	expect(await slow).toEqual(handle);
	expect(host.alive()).toEqual([handle.pid]);
});

test('an instance outlives kill -9 of its orchestrator and is found again', async () => {
	const orchestrator = startElsewhere(host.spec('a'));
	const [line] = await once(orchestrator.stdout, 'data');
	await kill(orchestrator);
	const driver = host.createDriver();
	expect(await driver.list()).toEqual([{name: 'a', handle: JSON.parse(String(line))}]);
	expect(await driver.start(host.spec('a'))).toEqual(JSON.parse(String(line)));
	expect(host.everStarted()).toHaveLength(1);
	await driver.stop({name: 'a'});
});

test('a start that kill -9 cut short, and its repetition, make one process', async () => {
	const orchestrator = startElsewhere(host.spec('a', {FIXTURE_GATE: gate}));
	await vi.waitFor(() => expect(host.alive()).toHaveLength(1), patience);
	await kill(orchestrator);
	const start = host.createDriver().start(host.spec('a', {FIXTURE_GATE: gate}));
	await vi.waitFor(() => expect(host.alive()).toHaveLength(2), patience);
	writeFileSync(gate, '');
	const handle = await start;
	await vi.waitFor(() => expect(host.alive()).toEqual([handle.pid]), patience);
});

test('a start that kill -9 cut short, then a stop, leave nothing', async () => {
	const orchestrator = startElsewhere(host.spec('a', {FIXTURE_GATE: gate}));
	await vi.waitFor(() => expect(host.alive()).toHaveLength(1), patience);
	await kill(orchestrator);
	await host.createDriver().stop({name: 'a'});
	writeFileSync(gate, '');
	await vi.waitFor(() => expect(host.alive()).toEqual([]), patience);
	expect(readdirSync(host.instances)).toEqual([]);
});

test('closing leaves a start under way to the next life', async () => {
	const driver = host.createDriver();
	const starting = driver.start(host.spec('a', {FIXTURE_GATE: gate})).catch(error => error);
	await vi.waitFor(() => expect(host.alive()).toHaveLength(1), patience);
	await driver.close();
	expect(await starting).toMatchObject({code: 'stopping'});
	expect(host.alive()).toHaveLength(1);
	writeFileSync(gate, '');
	const later = host.createDriver();
	await vi.waitFor(async () => expect(await later.list()).toMatchObject([{name: 'a', handle: {pid: host.alive()[0]}}]), patience);
});

test('a program that does not come up in time is killed', async () => {
	const spec = host.spec('a', {FIXTURE_GATE: gate, FIXTURE_PRINT: 'still thinking'});
	const failure = await host
		.createDriver()
		.start({...spec, agent: {...spec.agent, startTimeoutMs: 300}})
		.catch(error => error);
	expect(failure).toMatchObject({code: 'unavailable', message: expect.stringContaining('was not up after 300 ms')});
	expect(host.alive()).toEqual([]);
});

test.runIf(process.platform === 'linux')('a process that has the pid of a dead agent is left alone', async () => {
	const bystander = spawn('sleep', ['1000'], {detached: true, stdio: 'ignore'});
	try {
		writeClaim(JSON.stringify({pid: bystander.pid, startTime: '1'}));
		const driver = host.createDriver();
		expect(await driver.list()).toEqual([]);
		expect((await driver.start(host.spec('a'))).pid).not.toBe(bystander.pid);
		await driver.stop({name: 'a', handle: {driver: 'local', pid: bystander.pid, startTime: '1', directory: '/'}});
		expect(bystander.signalCode).toBeNull();
		expect(process.kill(Number(bystander.pid), 0)).toBe(true);
	} finally {
		await kill(bystander);
	}
});

test.each(['', '{"pid":', '{}', 'null', '{"pid":-1}', '{"pid":0}'])('the damaged claim %j holds nothing', async text => {
	writeClaim(text);
	const driver = host.createDriver();
	const handle = await driver.start(host.spec('a'));
	expect(host.alive()).toEqual([handle.pid]);
	await driver.stop({name: 'a'});
	expect(readdirSync(host.instances)).toEqual([]);
});

test('a stop ends a living agent whose directory somebody removed', async () => {
	const driver = host.createDriver();
	const handle = await driver.start(host.spec('a'));
	await host.createDriver({directory: join(host.root, 'elsewhere')}).stop({name: 'a', handle});
	expect(host.alive()).toEqual([]);
});

test('a stop finishes a removal that was cut short', async () => {
	mkdirSync(join(host.instances, '.a', '1'), {recursive: true});
	expect(await host.createDriver().list()).toEqual([]);
	await host.createDriver().stop({name: 'a'});
	expect(readdirSync(host.instances)).toEqual([]);
});

test('the agent starts in the directory of the spec, with its output in a file that only the owner reads', async () => {
	const driver = host.createDriver();
	const handle = await driver.start(host.spec('a', {FIXTURE_PRINT: 'hello'}));
	const log = join(String(handle.directory), 'agent.log');
	await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('hello\n'), patience);
	expect(statSync(log).mode & 0o777).toBe(0o600);
	if (process.platform === 'linux') expect(readlinkSync(`/proc/${handle.pid}/cwd`)).toBe(host.root);
});

test('what is missing is named', async () => {
	const spec = host.spec('a');
	await expect(host.createDriver({command: ['/no/such/node']}).start(spec)).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('/no/such/node cannot be run'),
	});
	await expect(host.createDriver({command: ['node', '/no/such/agent.js']}).probe()).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('/no/such/agent.js'),
	});
	await expect(host.createDriver({directory: '/dev/null/instances'}).probe()).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('BYOAI_STATE_DIR'),
	});
});

test('a spec that cannot be is refused before anything starts', async () => {
	const spec = host.spec('a');
	const start = host.createDriver().start({...spec, agent: {...spec.agent, labels: {zone: 'a,b'}}});
	await expect(start).rejects.toMatchObject({code: 'invalid', message: expect.stringContaining('`labels`')});
	expect(existsSync(host.instances)).toBe(false);
});

test('a handle of another driver is refused', async () => {
	await expect(host.createDriver().watch('a', {driver: 'docker', id: 'x'}, never)).rejects.toMatchObject({code: 'internal'});
});

async function startAndLeaveWatchdog(driver: Driver): Promise<Handle> {
	const handle = await driver.start(host.spec('a', {FIXTURE_WATCHDOG: gate}));
	expect(host.alive()).toHaveLength(2);
	process.kill(Number(handle.pid), 'SIGKILL');
	await vi.waitFor(() => expect(host.alive()).toHaveLength(1), patience);
	return handle;
}

function startElsewhere(spec: InstanceSpec) {
	const program = join(import.meta.dirname, '..', 'helpers', 'start-instance.ts');
	return spawn(process.execPath, [program, JSON.stringify(host.options), JSON.stringify(spec)], {stdio: ['ignore', 'pipe', 'inherit']});
}

async function kill(child: ReturnType<typeof spawn>): Promise<void> {
	const exit = once(child, 'exit');
	child.kill('SIGKILL');
	await exit;
}

function writeClaim(text: string): void {
	const generation = join(host.instances, 'a', '1');
	mkdirSync(generation, {recursive: true});
	writeFileSync(join(generation, 'pid'), text);
}
