import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {CliPlace} from '../helpers/cli.ts';
import {isAlive} from '../helpers/dockerd.ts';

/** A task that says so when it is asked to end, and when it is through. */
const patient = `tasks:
  - name: patient
    command: trap 'echo asked; exit 3' TERM; echo ready; touch started; while :; do sleep 0.05; done
`;

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	server.close();
	return port;
}

describe('a one-shot run', () => {
	test.each([
		['SIGINT', 130],
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const)('%s cancels the run in good order: status %d', async (signal, status) => {
		const place = new CliPlace();
		place.file('flow.yml', patient);
		const cli = place.start(['run', 'flow.yml']);
		await cli.says(/patient {2}ready/);
		cli.process.kill(signal);
		const ended = await cli.ended;
		expect(ended).toMatchObject({status, signal: null});
		expect(ended.stderr).toMatch(new RegExp(`byoai: cancelling run r\\w+ \\(${signal}\\)`));
		expect(ended.stdout).toContain('patient  asked');
		expect(ended.stdout).toMatch(new RegExp(`⊘ run r\\w+ cancelled by ${signal} after .*\n$`));
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{status: 'cancelled'}]);
	});

	test('SIGINT once the run has ended: what is not shown yet is left to byoai logs', async () => {
		const place = new CliPlace();
		place.file('flow.yml', 'tasks: [{name: wordy, command: seq 300000}]\n');
		const cli = place.start(['run', 'flow.yml']);
		await cli.says(/wordy {2}1\n/);
		cli.process.stdout?.pause();
		const runs = async () => JSON.parse((await place.run(['ps', '--json'])).stdout);
		await expect.poll(runs, {timeout: 20_000}).toMatchObject([{status: 'succeeded'}]);
		cli.process.kill('SIGINT');
		await cli.says(/byoai: run (r\w+) has ended already \(succeeded\); what is not shown here: byoai logs \1\n/);
		cli.process.stdout?.resume();
		const {status, stdout} = await cli.ended;
		expect({status, isWhole: stdout.includes('wordy  300000')}).toEqual({status: 130, isWhole: false});
	});

	test('a second SIGINT within 2 s ends at once; the next start finds the run, and the task went on', async () => {
		const place = new CliPlace();
		place.file(
			'flow.yml',
			`tasks: [{name: stubborn, command: "trap '' TERM; echo ready; while [ ! -e go ]; do sleep 0.05; done; echo through"}]\n`,
		);
		const cli = place.start(['run', 'flow.yml']);
		await cli.says(/stubborn {2}ready/);
		cli.process.kill('SIGINT');
		await cli.says(/cancelling run/);
		cli.process.kill('SIGINT');
		expect(await cli.ended).toMatchObject({status: 130, signal: null});
	});

	test('killed, its state directory says so, and nothing waits for what does not come', async () => {
		const place = new CliPlace();
		place.file('flow.yml', `tasks: [{name: task, command: "echo ready; while [ ! -e go ]; do sleep 0.05; done"}]\n`);
		const cli = place.start(['run', 'flow.yml']);
		await cli.says(/task {2}ready/);
		cli.process.kill('SIGKILL');
		await cli.ended;
		expect(await place.run(['ps'])).toMatchObject({
			stdout: expect.stringContaining('running'),
			stderr: expect.stringMatching(/no orchestrator runs here now/),
		});
		expect(await place.run(['logs', '-f'])).toMatchObject({status: 0, stderr: expect.stringMatching(/output of run r\w+ so far/)});
		expect(await place.run(['logs', '-f', 'latest', 'task'])).toMatchObject({status: 0, stdout: 'ready\n'});
		place.file('go', '');
		expect(await place.run(['run', 'flow.yml'])).toMatchObject({status: 0, stdout: expect.stringContaining('goes on')});
		expect(await place.run(['logs', '-f'])).toMatchObject({status: 0, stderr: ''});
	});

	test('when nobody reads its output any more, the run is cancelled: status 141', async () => {
		const place = new CliPlace();
		place.file('flow.yml', `tasks: [{name: endless, command: "while :; do echo more; sleep 0.01; done"}]\n`);
		const cli = place.start(['run', 'flow.yml']);
		await cli.says(/endless {2}more/);
		cli.process.stdout?.destroy();
		expect(await cli.ended).toMatchObject({status: 141});
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{status: 'cancelled'}]);
	});

	test('logs of which nobody wants more end quietly', async () => {
		const place = new CliPlace();
		// Far more than the kernel keeps for a reader; few lines, because lines are what costs time.
		place.file('flow.yml', `tasks: [{name: many, command: "echo 1; head -c 3000000 /dev/zero | tr '\\\\0' x | fold -w 10000"}]\n`);
		expect(await place.run(['run', 'flow.yml'])).toMatchObject({status: 0});
		const cli = place.start(['logs']);
		cli.process.stdout?.once('data', () => cli.process.stdout?.destroy());
		expect(await cli.ended).toMatchObject({status: 141, stderr: ''});
	});

	test('killed with -9: the next start follows the same run, and its task was not started twice', async () => {
		const place = new CliPlace();
		place.file(
			'flow.yml',
			`tasks: [{name: long, command: "echo start >> starts; echo ready; while [ ! -e go ]; do sleep 0.05; done; echo through"}]\n`,
		);
		const first = place.start(['run', 'flow.yml']);
		const [, id] = await first.says(/run (r\w+): flow[\s\S]*long {2}ready/);
		first.process.kill('SIGKILL');
		await first.ended;

		const second = place.start(['run', 'flow.yml']);
		await second.says(new RegExp(`run ${id} goes on: flow`));
		place.file('go', '');
		const ended = await second.ended;
		expect(ended.status).toBe(0);
		expect(ended.stdout).toContain('long  through');
		expect(readFileSync(join(place.directory, 'starts'), 'utf8')).toBe('start\n');
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{id, status: 'succeeded'}]);
	});

	test('an unfinished run of a dead orchestrator can be cancelled, and goes on beside another', async () => {
		const place = new CliPlace();
		place.file('flow.yml', patient);
		const first = place.start(['run', 'flow.yml']);
		const [, id] = await first.says(/run (r\w+): flow[\s\S]*patient {2}ready/);
		first.process.kill('SIGKILL');
		await first.ended;
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)).toMatchObject([{id, status: 'running'}]);

		const other = await place.run([]);
		expect(other).toMatchObject({status: 0, stderr: 'byoai: 1 other unfinished run goes on meanwhile: byoai ps\n'});

		expect(await place.run(['cancel', id ?? ''])).toMatchObject({status: 0, stdout: `run ${id} is cancelled\n`});
		expect(JSON.parse((await place.run(['ps', '--json'])).stdout)[1]).toMatchObject({id, status: 'cancelled'});
		expect(await place.run(['cancel', id ?? ''])).toMatchObject({status: 2, stderr: expect.stringContaining('has ended already')});
	});
});

test('an orchestrator that listens where a killed one did is a stranger to what that left', async () => {
	const [place, elsewhere] = [new CliPlace(), new CliPlace()];
	const port = String(await freePort());
	const flow = `tasks: [{name: task, command: "echo began >> began; pwd; while [ ! -e go ]; do sleep 0.05; done; echo through"}]\n`;
	place.file('flow.yml', flow);
	elsewhere.file('flow.yml', flow);
	const killed = place.start(['run', 'flow.yml', '--port', port]);
	await killed.says(/task {2}\//);
	killed.process.kill('SIGKILL');
	await killed.ended;

	const stranger = elsewhere.start(['run', 'flow.yml', '--port', port]);
	await stranger.says(new RegExp(`task {2}${elsewhere.directory}\n`));
	const agentLog = join(place.state, 'instances/local-agent/1/agent.log');
	await expect.poll(() => readFileSync(agentLog, 'utf8'), {timeout: 15_000}).toContain('refuses this token');
	const [run] = JSON.parse((await place.run(['ps', '--json'])).stdout);
	const [other] = JSON.parse((await elsewhere.run(['ps', '--json'])).stdout);
	expect(run.id).not.toBe(other.id);

	place.file('go', '');
	expect(await place.run(['run', 'flow.yml'])).toMatchObject({status: 0, stdout: expect.stringMatching(/goes on.*through.*succeeded/s)});
	expect(readFileSync(join(place.directory, 'began'), 'utf8')).toBe('began\n');
	elsewhere.file('go', '');
	expect(await stranger.ended).toMatchObject({status: 0, stdout: expect.not.stringContaining(place.directory)});
}, 40_000);

describe('a second run on the same state directory', () => {
	test('goes to the owner, as a client; cancelling it leaves the first alone', async () => {
		const place = new CliPlace();
		place.file('flow.yml', `tasks: [{name: first, command: "echo $WHOSE; while [ ! -e go ]; do sleep 0.05; done"}]\n`);
		const owner = place.start(['run', 'flow.yml'], {WHOSE: 'the-owner'});
		await owner.says(/first {2}the-owner/);

		place.file('short.yml', 'tasks: [{name: second, command: "echo $WHOSE; pwd"}]\n');
		const joined = await place.run(['run', 'short.yml'], {WHOSE: 'mine'});
		expect(joined.status).toBe(0);
		expect(joined.stderr).toMatch(/the run goes to the orchestrator at http:\/\/127\.0\.0\.1:\d+, .*that one's environment/);
		expect(joined.stdout).toMatch(/second {2}the-owner\n.*second {2}/);
		expect(joined.stdout).toContain(`second  ${place.directory}`);

		place.file('patient.yml', patient);
		const cancelled = place.start(['run', 'patient.yml']);
		await cancelled.says(/patient {2}ready/);
		cancelled.process.kill('SIGTERM');
		expect(await cancelled.ended).toMatchObject({status: 143, stdout: expect.stringMatching(/cancelled by SIGTERM after .*\n$/)});

		const again = place.start(['run', 'flow.yml']);
		const [, id] = await again.says(/run (r\w+) goes on/);
		expect(owner.stdout).toContain(`run ${id}: flow`);
		place.file('go', '');
		expect(await owner.ended).toMatchObject({status: 0, stderr: ''});
		expect(await again.ended).toMatchObject({status: 0});
	});
});

test('the agent of a run is gone when the run is', async () => {
	const place = new CliPlace();
	place.file('flow.yml', 'tasks: [{name: who, command: "echo agent=$PPID; ps -o ppid= -p $PPID"}]\n');
	const {stdout} = await place.run(['run', 'flow.yml']);
	const [, pid] = /agent=(\d+)/.exec(stdout) ?? [];
	expect(Number(pid)).toBeGreaterThan(1);
	await expect.poll(() => isAlive(Number(pid))).toBe(false);
	expect(existsSync(join(place.state, 'endpoint'))).toBe(false);
});
