import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, onTestFinished, test} from 'vitest';
import {groupLives, signalGroup} from '../../agent/process-group.ts';
import {assign, assignSleepers, leftovers, meet, watchdogsOf} from '../helpers/agent-meeting.ts';
import {agentProgram, eventually, processesWith, startAgent} from '../helpers/agent-process.ts';
import {MiniOrchestrator} from '../helpers/mini-orchestrator.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

describe('an agent that dies or hangs', () => {
	test('kill -9: its watchdog ends what it ran, and removes its files', async () => {
		const meeting = await meet();
		const {agent} = meeting;
		const {seconds} = await assignSleepers(meeting);
		agent.child.kill('SIGKILL');
		await eventually(() => processesWith(seconds).length === 0);
		await eventually(() => leftovers(meeting).length === 0);
		expect(await agent.exited).toEqual([null, 'SIGKILL']);
	});

	test('kill -9 in the midst of a start: the watchdog finds by its mark what nobody told it of, also when that has yet to begin', async () => {
		const watchdog = spawn(process.execPath, [agentProgram, '--watchdog', temporaryDirectory()], {stdio: ['pipe', 'pipe', 'inherit']});
		await once(watchdog.stdout, 'data');
		for (const mark of ['a-1', 'a-2', 'a-3']) watchdog.stdin.write(`${JSON.stringify({type: 'starting', mark})}\n`);
		watchdog.stdin.write(`${JSON.stringify({type: 'not-started', mark: 'a-2'})}\n`);
		const start = (mark: string) => {
			const child = spawn('sh', ['-c', "trap '' TERM; sleep 600 & wait"], {
				detached: true,
				stdio: 'ignore',
				env: {...process.env, BYOAI_START: mark},
			});
			onTestFinished(() => void signalGroup(child.pid ?? 0, 'SIGKILL'));
			return child;
		};
		const [first, other] = [start('a-1'), start('a-2')];
		const firstEnd = once(first, 'exit');
		watchdog.stdin.end();
		await sleep(300);
		const late = start('a-3');
		// SIGTERM where it is found before it has come to its trap.
		const bySignal = [null, expect.stringMatching(/^SIG(TERM|KILL)$/)];
		expect(await Promise.all([firstEnd, once(late, 'exit')])).toEqual([bySignal, bySignal]);
		await once(watchdog, 'exit');
		expect([first, late, other].map(({pid}) => groupLives(pid ?? 0))).toEqual([false, false, true]);
	});

	test('signals that are meant for the agent do not end the watchdog', async () => {
		const meeting = await meet();
		const {agent} = meeting;
		const {seconds} = await assignSleepers(meeting);
		const [watchdog = 0] = watchdogsOf(meeting);
		expect(watchdog).toBeGreaterThan(0);
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(watchdog, signal);
		agent.child.kill('SIGKILL');
		await eventually(() => processesWith(seconds).length === 0);
	});

	test('stopped with SIGSTOP: all it ran is dead by the end of the lease, and is reported lost when it goes on', async () => {
		// Long enough that a busy machine does not end it before the stop does.
		const leaseMs = 5000;
		const meeting = await meet({leaseMs});
		const {orchestrator, agent} = meeting;
		const {ref, seconds, lastPulse} = await assignSleepers(meeting);
		agent.child.kill('SIGSTOP');
		const stoppedAt = Date.now();
		await eventually(() => processesWith(seconds).length === 0);
		expect(lastPulse()).toBeLessThan(stoppedAt + leaseMs);
		agent.child.kill('SIGCONT');
		expect((await orchestrator.outcome(ref)).outcome).toMatchObject({status: 'lost', reason: expect.stringContaining('lease')});
		const next = assign(orchestrator, 'true');
		expect((await orchestrator.outcome(next)).outcome.status).toBe('succeeded');
	});

	test('a watchdog that dies is replaced, and the new one guards what ran before', async () => {
		const meeting = await meet();
		const {orchestrator, agent} = meeting;
		const {seconds} = await assignSleepers(meeting);
		const [first = 0] = watchdogsOf(meeting);
		process.kill(first, 'SIGKILL');
		await eventually(() => watchdogsOf(meeting).some(pid => pid !== first));
		const next = assign(orchestrator, 'true');
		expect((await orchestrator.outcome(next)).outcome.status).toBe('succeeded');
		agent.child.kill('SIGKILL');
		await eventually(() => processesWith(seconds).length === 0);
	});
});

describe('an orchestrator that is away', () => {
	test('for longer than the lease: attempts are killed by its end and reported lost afterwards', async () => {
		const leaseMs = 2000;
		const endpoint = join(temporaryDirectory(), 'endpoint');
		const meeting = await meet({leaseMs, env: {BYOAI_ENDPOINT_FILE: endpoint}});
		const {orchestrator, agent, url} = meeting;
		const {ref, seconds, lastPulse} = await assignSleepers(meeting);
		await orchestrator.stop();
		const awayAt = Date.now();
		await eventually(() => processesWith(seconds).length === 0);
		expect(lastPulse()).toBeLessThan(awayAt + leaseMs);
		const next = await orchestrator.start();
		expect(next).not.toBe(url);
		writeFileSync(endpoint, JSON.stringify({url: next}));
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('lost');
		expect(orchestrator.sessions.size).toBe(1);
		await eventually(() => agent.said().includes('again'));
		expect(agent.said().match(/cannot be reached/g)).toHaveLength(1);
	}, 20_000);

	test('and comes back at another port: what ran goes on, and all its output arrives', async () => {
		const directory = temporaryDirectory();
		const endpoint = join(directory, 'endpoint');
		const orchestrator = new MiniOrchestrator();
		onTestFinished(() => orchestrator.stop());
		writeFileSync(endpoint, JSON.stringify({url: await orchestrator.start()}));
		startAgent({BYOAI_ENDPOINT_FILE: endpoint, TMPDIR: directory});
		const flag = join(directory, 'flag');
		const ref = assign(orchestrator, `echo before; while [ ! -e ${flag} ]; do sleep 0.01; done; echo after`);
		await orchestrator.until(() => orchestrator.logBytes(ref) > 0);
		await orchestrator.stop();
		writeFileSync(flag, '');
		writeFileSync(`${endpoint}-next`, JSON.stringify({url: await orchestrator.start()}));
		renameSync(`${endpoint}-next`, endpoint);
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
		expect(orchestrator.log(ref).toString()).toBe('before\nafter\n');
		expect(orchestrator.sessions.size).toBe(1);
	});

	test('forgets the agent: it registers again and keeps its session with what it runs, and its own workflow is not run again', async () => {
		const own = join(temporaryDirectory(), 'own.yml');
		writeFileSync(own, 'tasks: []');
		const {orchestrator, agent} = await meet({env: {AGENT_LABELS: 'os=linux', AGENT_WORKFLOW: own}});
		const flag = join(temporaryDirectory(), 'flag');
		const ref = assign(orchestrator, `echo going; while [ ! -e ${flag} ]; do sleep 0.01; done`);
		await orchestrator.until(() => orchestrator.logBytes(ref) > 0);
		orchestrator.knowsAgent = false;
		orchestrator.changed();
		await orchestrator.until(() => orchestrator.registrations.length === 2);
		writeFileSync(flag, '');
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
		const registration = {
			name: 'tester',
			type: 'local',
			mode: 'pull',
			slots: 2,
			labels: {os: 'linux'},
			url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
		};
		expect(orchestrator.registrations).toEqual([registration, registration]);
		expect(orchestrator.sessions.size).toBe(1);
		expect(agent.said()).toContain('does not know this agent: registering again');
		expect(orchestrator.workflows).toEqual([{session: [...orchestrator.sessions][0], text: 'tasks: []', file: own}]);
	});

	test('refuses the token: the agent says what to do, once, and goes on when it is let in', async () => {
		const orchestrator = new MiniOrchestrator();
		orchestrator.refuseWith = 401;
		const url = await orchestrator.start();
		onTestFinished(() => orchestrator.stop());
		const agent = startAgent({ORCHESTRATOR_URL: url, TMPDIR: temporaryDirectory()});
		await eventually(() => agent.said().includes('set BYOAI_TOKEN (http://'));
		expect([...orchestrator.tokens]).toEqual(['Bearer secret']);
		orchestrator.refuseWith = undefined;
		const ref = assign(orchestrator, 'true');
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
		expect(agent.said().match(/BYOAI_TOKEN/g)).toHaveLength(1);
	}, 20_000);
});

describe('the exchange', () => {
	test('repeats an outcome until it is settled, and then forgets it', async () => {
		const {orchestrator} = await meet({leaseMs: 2000});
		orchestrator.settles = false;
		const ref = assign(orchestrator, 'exit 3');
		const outcome = {ref, outcome: {status: 'failed', exitCode: 3, durationMs: expect.any(Number)}, logBytes: 0};
		await orchestrator.until(() => orchestrator.lastReport?.outcomes.length === 1);
		const repeated = orchestrator.reports + 3;
		await orchestrator.until(() => orchestrator.reports >= repeated);
		expect(orchestrator.lastReport).toMatchObject({held: [ref], free: 2, outcomes: [outcome]});
		orchestrator.settles = true;
		expect(await orchestrator.outcome(ref)).toEqual(outcome);
		await orchestrator.until(() => orchestrator.lastReport?.held.length === 0);
		expect(orchestrator.lastReport?.outcomes).toEqual([]);
	});

	test('renews a short lease all the time, so that what takes longer ends well', async () => {
		const {orchestrator} = await meet({leaseMs: 1000});
		const ref = assign(orchestrator, 'sleep 2.5');
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
	});

	test('drained, the agent stays and asks for nothing', async () => {
		const {orchestrator} = await meet();
		await orchestrator.until(() => orchestrator.lastReport?.free === 2);
		orchestrator.drain = true;
		orchestrator.changed();
		await orchestrator.until(() => orchestrator.lastReport?.free === 0);
		orchestrator.drain = false;
		orchestrator.changed();
		await orchestrator.until(() => orchestrator.lastReport?.free === 2);
		const ref = assign(orchestrator, 'true');
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
	});

	test('many short attempts all come through, once each', async () => {
		const {orchestrator} = await meet();
		const refs = Array.from({length: 60}, () => assign(orchestrator, 'echo $$'));
		for (const ref of refs) expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
		expect(orchestrator.settled).toHaveLength(60);
		for (const ref of refs) expect(orchestrator.log(ref).toString()).toMatch(/^\d+\n$/);
	});
});
