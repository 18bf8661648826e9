import {describe, expect, onTestFinished, test} from 'vitest';
import {createFakeDriver, createFakeMachine} from '../../source/drivers/fake/fake.ts';
import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';
import type {Work} from '../helpers/fake-agent.ts';
import type {Orchestra, OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {runProgram} from '../helpers/program.ts';

/** An orchestra that is reached over a socket, and the program as its client. */
async function serve(options: OrchestraOptions = {}) {
	const orchestra = openOrchestra(options);
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	let closed: Promise<void> | undefined;
	const closeOnce = () => {
		closed ??= close();
		return closed;
	};
	onTestFinished(closeOnce);
	const byoai = (...argv: string[]) => runProgram([...argv, '--url', url], {LANG: 'C.UTF-8'});
	const json = async (...argv: string[]) => JSON.parse((await byoai(...argv, '--json')).stdout);
	return {orchestra, url, byoai, json, close: closeOnce};
}

/** Runs a workflow to its end; resolves with the run's id. */
async function ranTo(orchestra: Orchestra, text: string): Promise<string> {
	const reply = await orchestra.call('POST', '/v1/runs', {text, directory: '/'});
	const {id} = (await reply.json()) as {id: string};
	await orchestra.ended(id);
	return id;
}

const chain =
	'name: chain\ntasks: [{name: a, command: x}, {name: b, command: x, depends_on: [a]}, {name: c, command: x, depends_on: [b]}]\n';

test('logs of what has printed nothing say so, and what became of it; a filter that lets nothing through says that', async () => {
	const work: Work = async ({task}) => (task === 'bad' ? {status: 'failed', exitCode: 7} : {status: 'succeeded', exitCode: 0});
	const {orchestra, byoai, url} = await serve({work});
	const id = await ranTo(orchestra, 'tasks: [{name: good, command: x}, {name: bad, command: x}]\n');
	const silent = (words: string) => ({status: 0, stdout: '', stderr: `byoai: ${words}\n`});
	expect(await byoai('logs')).toEqual(silent(`run ${id} has printed nothing`));
	expect(await byoai('logs', 'latest', 'bad')).toEqual(silent(`task bad of run ${id} has printed nothing (failed: exit 7)`));
	expect(await byoai('logs', 'latest', '0')).toEqual(silent(`task good of run ${id} has printed nothing (succeeded)`));
	expect(await byoai('logs', '--grep', 'x')).toEqual(silent('no line is like that'));
	expect(await runProgram(['logs', '--json', '--url', url])).toEqual({status: 0, stdout: '', stderr: ''});
});

describe('retry', () => {
	let fails = true;
	const work: Work = async ({task}, print) => {
		await print(`this is ${task}\n`);
		return task === 'b' && fails ? {status: 'failed', exitCode: 7} : {status: 'succeeded', exitCode: 0};
	};

	test('tells what would run, runs it, and ends with its status', async () => {
		fails = true;
		const {orchestra, byoai, json} = await serve({work});
		const id = await ranTo(orchestra, chain);
		expect(await byoai('retry', 'latest', '--dry-run')).toEqual({
			status: 0,
			stdout: `a retry of run ${id} runs 2 of 3 tasks\n  a  is kept\n  b  runs\n  c  runs\n`,
			stderr: '',
		});
		expect(await json('retry', id, '--from', 'a', '--dry-run')).toEqual({
			retryOf: id,
			tasks: ['a', 'b', 'c'].map(name => ({name, action: 'run'})),
		});
		const again = await byoai('retry', id.slice(0, -1), '--failed');
		expect(again.status).toBe(1);
		expect(again.stdout).toMatch(new RegExp(`run r\\w+: chain, 3 tasks, a retry of run ${id}, 1 kept\\n`));
		expect(again.stdout).toMatch(new RegExp(`a +✔ succeeded +kept from run ${id}`));
		expect(again.stdout).toContain('b  this is b');
		expect(again.stdout).not.toContain('this is a');
		fails = false;
		const third = await byoai('retry', 'latest');
		expect(third).toMatchObject({status: 0, stdout: expect.stringMatching(/✔ run r\w+ succeeded/)});
		expect(await byoai('logs', 'latest', 'a')).toEqual({
			status: 0,
			stdout: 'this is a\n',
			stderr: expect.stringMatching(new RegExp(`run r\\w+ kept the result of a from run ${id}: this is its output there`)),
		});
		const nothingLeft = await byoai('retry', 'latest');
		expect(nothingLeft).toMatchObject({status: 2, stderr: expect.stringContaining('every task of run')});
		expect(await byoai('retry', 'latest', '--only', 'd')).toMatchObject({status: 2, stderr: expect.stringContaining('has no task d')});
	});

	test('--detach prints the id of the run that it began, --json what happens', async () => {
		fails = true;
		const {orchestra, byoai, json} = await serve({work});
		const id = await ranTo(orchestra, chain);
		const {status, stdout} = await byoai('retry', id, '-d');
		expect({status, stdout}).toEqual({status: 0, stdout: expect.stringMatching(/^r\w+\n$/)});
		await orchestra.ended(stdout.trim());
		expect(await json('retry', id, '--only', 'c', '--detach')).toMatchObject({retryOf: id});
		await expect.poll(() => json('ps', '--status', 'succeeded', '--limit', '5')).toMatchObject([{retryOf: id}]);
		const lines = (await byoai('retry', id, '--json')).stdout.trimEnd().split('\n');
		expect(lines.map(line => JSON.parse(line))).toContainEqual(expect.objectContaining({type: 'line', text: 'this is b'}));
	});
});

test('logs of one agent: of a run, or of all runs', async () => {
	const work: Work = async ({task}, print, _stop, agent) => {
		await print(`${task} on ${agent}\n`);
		return {status: 'succeeded', exitCode: 0};
	};
	const {orchestra, byoai} = await serve({work});
	await orchestra.play('far');
	const text = 'tasks: [{name: a, command: x, agent: far}, {name: b, command: x}]\n';
	const [first, second] = [await ranTo(orchestra, text), await ranTo(orchestra, text)];
	const linesOf = async (...argv: string[]) =>
		(await byoai('logs', ...argv)).stdout
			.replace(/^[\d:]{8} {2}/gm, '')
			.trimEnd()
			.split('\n');
	expect(await linesOf(first, '--agent', 'far')).toEqual(['far  a  a on far']);
	expect(await linesOf('--agent', 'far')).toEqual([`${first}  far  a  a on far`, `${second}  far  a  a on far`]);
	expect(await linesOf('--grep', 'b on', '--since', '1970-01-01T00:00Z')).toEqual([
		`${first}  b  b on local-agent`,
		`${second}  b  b on local-agent`,
	]);
	expect(await linesOf('latest', 'b', '--grep', 'on')).toEqual(['b  b on local-agent']);
	expect(await linesOf('--since', '2099-01-01T00:00')).toEqual(['']);
});

describe('agents', () => {
	test('are deployed by flags, shown, drained and removed', async () => {
		const {byoai, json} = await serve();
		const flags = ['--slots', '3', '--label', 'disk=fast', '--label', 'os=linux', '--env', 'A=b=c'];
		const deployed = await byoai('deploy', '--name', 'web', ...flags);
		expect(deployed).toMatchObject({status: 0, stdout: 'agent web is online: 3 slots\n'});
		expect(await json('agents', 'web')).toMatchObject({labels: {disk: 'fast', os: 'linux'}, spec: {env: {A: '***'}, type: 'local'}});
		expect((await byoai('agents', 'web')).stdout).toMatch(/^agent web\n +type +local\n +status +online\n +slots +3, 0 in use\n/);
		expect((await byoai('agents')).stdout).toMatch(/^AGENT +TYPE +STATUS +SLOTS +LABELS\nweb +local +online +0\/3 +disk=fast,os=linux\n$/);
		expect(await byoai('drain', 'web', '--wait')).toMatchObject({
			status: 0,
			stdout: 'agent web gets nothing new; nothing runs there\n',
		});
		expect(await byoai('remove', 'web', '--wait')).toMatchObject({status: 0, stdout: 'agent web is stopped\n'});
		expect(await byoai('remove', 'web')).toMatchObject({status: 2, stderr: 'byoai: no agent web\n'});
		expect(await byoai('agents', 'web')).toMatchObject({status: 2, stderr: 'byoai: no agent web\n'});
	});

	test('come from a file or standard input, with replicas', async () => {
		const {url, byoai, json} = await serve();
		const text = 'name: crew\nreplicas: 2\nlabels: {team: a}\n';
		const deploy = (input: string, ...argv: string[]) => runProgram(['deploy', '-', ...argv, '--url', url], {}, input);
		expect(await deploy(text)).toMatchObject({status: 0, stdout: 'agent crew is online: 2 replicas with 1 slot each\n'});
		expect(JSON.parse((await deploy(text, '--no-wait', '--json')).stdout)).toMatchObject({id: 'crew', spec: {replicas: 2}});
		expect(await json('agents')).toMatchObject([{id: 'crew'}, {id: 'crew~2'}]);
		expect(await deploy('name: other\n', '--no-wait')).toMatchObject({status: 0, stdout: 'agent other is being deployed\n'});
		expect(await deploy('name: x\nslotz: 1\n')).toMatchObject({
			status: 2,
			stderr: expect.stringContaining('standard input:2:1: unknown key `slotz`; did you mean `slots`?\n'),
		});
		expect(await deploy('')).toMatchObject({status: 2, stderr: expect.stringContaining('an agent has at least `name:`')});
		expect(await byoai('deploy', '--name', 'd', '--image', 'x')).toMatchObject({status: 3, stderr: expect.stringContaining('type docker')});
		expect(await byoai('deploy', '--name', 'crew')).toMatchObject({status: 2, stderr: expect.stringContaining('crew')});
	});

	test('one that never comes up is told with the reason, status 1', async () => {
		const driver = createFakeDriver({machine: createFakeMachine(), script: () => ({type: 'refuses', message: 'no room here'})});
		const {byoai, json} = await serve({clock: fast, faults: {driver: () => driver}});
		const {status, stdout, stderr} = await byoai('deploy', '--name', 'web');
		expect({status, stdout}).toEqual({status: 1, stdout: ''});
		expect(stderr).toMatch(/byoai: agent web does not come online: .*no room here/);
		expect(await json('agents')).toMatchObject([{problem: expect.stringContaining('no room here')}]);
		expect((await byoai('agents')).stdout).toMatch(/PROBLEM\n.*no room here/);
	});

	test('one that runs tasks is drained to its end, or removed by force', async () => {
		const {promise: gate, resolve: open} = Promise.withResolvers<void>();
		const {orchestra, byoai, json} = await serve({work: () => gate.then(() => ({status: 'succeeded', exitCode: 0}))});
		await byoai('deploy', '--name', 'web');
		await orchestra.call('POST', '/v1/runs', {text: 'tasks: [{name: a, command: x, agent: web}]\n', directory: '/'});
		await expect.poll(() => json('agents', 'web')).toMatchObject({used: 1, attempts: [{name: 'a', attempt: 1}]});
		expect((await byoai('agents', 'web')).stdout).toMatch(/ {2}runs +a of run r\w+, attempt 1, for /);
		expect(await byoai('remove', 'web')).toMatchObject({status: 2, stderr: expect.stringContaining('still runs tasks')});
		expect((await byoai('drain', 'web')).stdout).toBe('agent web gets nothing new; 1 task still runs there\n');
		const drained = byoai('drain', 'web', '--wait');
		let ended = false;
		void drained.then(() => {
			ended = true;
		});
		await json('agents');
		expect(ended).toBe(false);
		open();
		expect(await drained).toMatchObject({
			status: 0,
			stdout: 'agent web gets nothing new; nothing runs there\n',
			stderr: 'byoai: agent web: 1 task still runs there\n',
		});
		expect(await json('remove', 'web', '--force')).toEqual({agent: 'web', status: 'stopping'});
	});

	test('an agent is known by its name, whatever its instances are called', async () => {
		const {promise: gate, resolve: open} = Promise.withResolvers<void>();
		const {orchestra, byoai, json} = await serve({work: () => gate.then(() => ({status: 'succeeded', exitCode: 0}))});
		await byoai('deploy', '--name', 'web');
		orchestra.world.kill('web');
		await expect.poll(() => json('agents')).toMatchObject([{id: 'web~2', status: 'online'}]);
		expect(await json('agents', 'web')).toMatchObject({id: 'web~2', spec: {name: 'web'}});
		await orchestra.call('POST', '/v1/runs', {text: 'tasks: [{name: a, command: x, agent: web}]\n', directory: '/'});
		await expect.poll(() => json('agents')).toMatchObject([{used: 1}]);
		expect((await byoai('drain', 'web')).stdout).toBe('agent web gets nothing new; 1 task still runs there\n');
		expect(await json('drain', 'web')).toMatchObject([{id: 'web~2', status: 'draining', used: 1}]);
		open();
	});

	test('an orchestrator that ends meanwhile ends the waiting', async () => {
		const {orchestra, byoai, json, close} = await serve({work: () => new Promise(() => undefined)});
		await byoai('deploy', '--name', 'web');
		await orchestra.call('POST', '/v1/runs', {text: 'tasks: [{name: a, command: x, agent: web}]\n', directory: '/'});
		await expect.poll(() => json('agents', 'web')).toMatchObject({used: 1});
		const waiting = byoai('drain', 'web', '--wait');
		await expect.poll(() => orchestra.services.views.snapshot().agents).toMatchObject([{status: 'draining'}]);
		await close();
		expect(await waiting).toMatchObject({
			status: 3,
			stdout: '',
			stderr: expect.stringMatching(/ended meanwhile|broke off|no orchestrator answers/),
		});
	});
});

/** Time goes by fifty times faster, for what waits seconds before it is tried again. */
const began = Date.now();
const fast: Clock = {
	...systemClock,
	now: () => began + (Date.now() - began) * 50,
	monotonic: () => systemClock.monotonic() * 50,
	after: (ms, task) => systemClock.after(ms / 50, task),
};
