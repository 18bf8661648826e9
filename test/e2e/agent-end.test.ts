import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {assign, assignSleepers, leftovers, meet} from '../helpers/agent-meeting.ts';
import {eventually, processesWith, startAgent, uniqueSeconds} from '../helpers/agent-process.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

describe('the end', () => {
	test.each(['SIGTERM', 'SIGINT'] as const)(
		'%s: what runs is ended and reported lost, nothing is left',
		async signal => {
			const meeting = await meet();
			const {orchestrator, agent} = meeting;
			const {ref, seconds} = await assignSleepers(meeting);
			agent.child.kill(signal);
			expect((await orchestrator.outcome(ref)).outcome).toMatchObject({status: 'lost', reason: 'agent stopped'});
			expect(await agent.exited).toEqual([0, null]);
			expect(processesWith(seconds)).toEqual([]);
			expect(leftovers(meeting)).toEqual([]);
		},
		20_000,
	);

	test('a second SIGINT: at once', async () => {
		const meeting = await meet();
		const {orchestrator, agent} = meeting;
		const seconds = uniqueSeconds();
		assign(orchestrator, `trap '' TERM; sleep ${seconds}`, {graceMs: 60_000});
		await eventually(() => processesWith(`sleep ${seconds}`).length >= 2);
		agent.child.kill('SIGINT');
		await eventually(() => agent.said().includes('SIGINT: stopping'));
		agent.child.kill('SIGINT');
		expect(await agent.exited).toEqual([130, null]);
		await eventually(() => processesWith(seconds).length === 0);
		await eventually(() => leftovers(meeting).length === 0);
	});

	test('with the orchestrator away it comes soon all the same', async () => {
		const meeting = await meet();
		const {orchestrator, agent} = meeting;
		const {seconds} = await assignSleepers(meeting);
		await orchestrator.stop();
		agent.child.kill('SIGTERM');
		expect(await agent.exited).toEqual([0, null]);
		expect(processesWith(seconds)).toEqual([]);
	}, 20_000);

	test('with a full spool and the orchestrator away, too, it comes', async () => {
		const meeting = await meet({env: {AGENT_SPOOL_BYTES: '1000'}});
		const {orchestrator, agent} = meeting;
		orchestrator.takesLogs = false;
		const ref = assign(orchestrator, 'seq 1 1000000');
		await orchestrator.until(() => orchestrator.lastReport?.held.some(({task}) => task === ref.task));
		await orchestrator.stop();
		agent.child.kill('SIGTERM');
		expect(await agent.exited).toEqual([0, null]);
		expect(leftovers(meeting)).toEqual([]);
	});

	test('a wrong environment: says what to set, status 2', async () => {
		const agent = startAgent({AGENT_SLOTS: 'two'});
		expect(await agent.exited).toEqual([2, null]);
		expect(agent.said()).toBe('byoai agent: AGENT_SLOTS must be a whole number from 1 to 10000, not "two"\n');
	});
});

describe('a port that is taken', () => {
	async function takePort(port: number): Promise<number> {
		const server = createServer();
		const taken = await new Promise<boolean>(resolve => {
			server.once('error', () => resolve(true)); // somebody else has it: as good
			server.listen({host: '127.0.0.1', port}, () => resolve(false));
		});
		onTestFinished(() => void server.close());
		return taken ? port : (server.address() as AddressInfo).port;
	}

	test('and was asked for, or is needed: status 3 and what to do', async () => {
		const port = await takePort(0);
		const complaint = `byoai agent: cannot listen on 127.0.0.1, port ${port}: something else listens there. Choose another with AGENT_API_PORT and AGENT_HOST\n`;
		const directory = temporaryDirectory();
		const agents = [{ORCHESTRATOR_URL: 'http://127.0.0.1:9'}, {}].map(env =>
			startAgent({...env, AGENT_API_PORT: String(port), TMPDIR: directory}),
		);
		for (const agent of agents) {
			expect(await agent.exited).toEqual([3, null]);
			expect(agent.said()).toBe(complaint);
		}
		expect(readdirSync(directory)).toEqual([]);
	});

	test('and is the usual one: an agent that dials goes on, says so, and advertises nothing', async () => {
		await takePort(5000);
		const {orchestrator, agent} = await meet({env: {AGENT_API_PORT: ''}});
		const ref = assign(orchestrator, 'true');
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
		expect(agent.said()).toContain('port 5000 is taken: goes on without listening');
		expect(orchestrator.registrations).toEqual([expect.not.objectContaining({url: expect.anything()})]);
	});
});

describe('an instance', () => {
	test('has one agent, which does not register, writes down who it and its watchdog are, and ends with its directory', async () => {
		const instance = join(temporaryDirectory(), 'instance');
		mkdirSync(instance);
		const meeting = await meet({env: {BYOAI_INSTANCE_DIR: instance}});
		const {orchestrator, agent, url} = meeting;
		const {seconds} = await assignSleepers(meeting);
		expect(orchestrator.registrations).toEqual([]);
		expect(agent.said()).not.toContain('listens');
		expect(readIdentity(join(instance, 'pid'))).toBe(agent.pid);
		expect(readIdentity(join(instance, 'watchdog.pid'))).toBe(processesWith(`--watchdog ${instance}`)[0]);
		const second = startAgent({ORCHESTRATOR_URL: url, BYOAI_INSTANCE_DIR: instance});
		expect(await second.exited).toEqual([0, null]);
		expect(second.said()).toBe('');
		rmSync(instance, {recursive: true});
		expect(await agent.exited).toEqual([0, null]);
		expect(processesWith(seconds)).toEqual([]);
		expect(existsSync(instance)).toBe(false);
	}, 20_000);
});

/** The process id in an identity file, after a check of the start time where there is one. */
function readIdentity(file: string): number {
	const {pid, startTime} = JSON.parse(readFileSync(file, 'utf8')) as {pid: number; startTime?: string};
	if (process.platform !== 'linux') return pid;
	const stat = execFileSync('cat', [`/proc/${pid}/stat`], {encoding: 'utf8'});
	expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]).toBe(startTime);
	return pid;
}
