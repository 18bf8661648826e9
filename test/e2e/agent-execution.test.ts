import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {Assignment} from '../../source/protocol/messages.ts';
import type {AgentProcess} from '../helpers/agent-process.ts';
import {eventually, processesWith, startAgent, uniqueSeconds} from '../helpers/agent-process.ts';
import {MiniOrchestrator} from '../helpers/mini-orchestrator.ts';

let orchestrator: MiniOrchestrator;
let agent: AgentProcess;
let directory: string;

beforeEach(async () => {
	directory = mkdtempSync(join(tmpdir(), 'agent-e2e-'));
	onTestFinished(() => rmSync(directory, {recursive: true, force: true}));
	orchestrator = new MiniOrchestrator();
	const url = await orchestrator.start();
	onTestFinished(() => orchestrator.stop());
	agent = startAgent({ORCHESTRATOR_URL: url, AGENT_SLOTS: '4', TMPDIR: directory, AGENT_SPOOL_BYTES: '2000000'});
});

let tasks = 0;
function assign(command: Assignment['command'], change: Partial<Assignment> = {}): AttemptRef {
	tasks += 1;
	return orchestrator.assign({ref: {run: 'r1', task: tasks, attempt: 1}, task: 'a task', command, env: {}, graceMs: 300, ...change});
}

async function run(command: Assignment['command'], change: Partial<Assignment> = {}) {
	const ref = assign(command, change);
	const {outcome, logBytes} = await orchestrator.outcome(ref);
	expect(orchestrator.log(ref).length).toBe(logBytes);
	return {outcome, log: orchestrator.log(ref).toString(), ref};
}

describe('a command', () => {
	test('succeeds with 0, and its output comes whole, in order, with its streams', async () => {
		const {outcome, log, ref} = await run('echo one; sleep 0.05; echo two >&2; sleep 0.05; echo three');
		expect(outcome).toEqual({status: 'succeeded', exitCode: 0, durationMs: expect.any(Number)});
		expect(log).toBe('one\ntwo\nthree\n');
		expect(orchestrator.pieces(ref).map(({stream}) => stream)).toEqual(['stdout', 'stderr', 'stdout']);
	});

	test('fails with its exit code, or its signal', async () => {
		expect((await run('exit 7')).outcome).toMatchObject({status: 'failed', exitCode: 7});
		expect((await run('kill -USR1 $$')).outcome).toMatchObject({status: 'failed', signal: 'SIGUSR1'});
	});

	test('given as lines stops at the first that fails; given as text it does not', async () => {
		expect(await run(['echo a', 'false', 'echo b'])).toMatchObject({outcome: {status: 'failed', exitCode: 1}, log: 'a\n'});
		expect(await run('echo a\nfalse\necho b')).toMatchObject({outcome: {status: 'succeeded'}, log: 'a\nb\n'});
	});

	test('runs in its directory and environment, with empty input and without the token', async () => {
		const {log} = await run('pwd -P; echo "$GREETING"; cat; env | grep -E "^(BYOAI|AGENT)_" | sort', {
			workingDir: '/',
			env: {GREETING: "it's $HOME", BYOAI_RUN: 'r1'},
		});
		expect(log).toMatch(/^\/\nit's \$HOME\nBYOAI_RUN=r1\nBYOAI_START=[0-9a-f]{16}-\d+\n$/);
	});

	test('runs in the shell that is asked for', async () => {
		const script = 'process.stdout.write(process.argv0.slice(-4))';
		expect(await run(script, {shell: [process.execPath, '-e']})).toMatchObject({outcome: {status: 'succeeded'}, log: 'node'});
	});

	test('may write to /dev/stdout and /dev/stderr, which takes real pipes', async () => {
		const {outcome, log, ref} = await run('echo a >/dev/stdout && sleep 0.05 && echo b | tee /dev/stderr >/dev/null');
		expect(outcome.status).toBe('succeeded');
		expect(log).toBe('a\nb\n');
		expect(orchestrator.pieces(ref).map(({stream}) => stream)).toEqual(['stdout', 'stderr']);
	});

	test('may be longer than an argument can be, and its file is removed', async () => {
		const lines = Array.from({length: 30_000}, (_, index) => `: ${index}`);
		expect(await run([...lines, 'echo done'])).toMatchObject({outcome: {status: 'succeeded'}, log: 'done\n'});
		const [temporary = ''] = readdirSync(directory);
		expect(readdirSync(join(directory, temporary)).filter(name => !name.startsWith('pipe-'))).toEqual([]);
	});

	test.each<[string, Partial<Assignment>, object]>([
		[
			'no such directory',
			{workingDir: '/nowhere/at/all'},
			{reason: "the working directory /nowhere/at/all does not exist on the agent's host"},
		],
		['a file as directory', {workingDir: '/etc/passwd'}, {reason: 'the working directory /etc/passwd is not a directory'}],
		['no such shell', {shell: ['no-such-shell', '-c']}, {exitCode: 127, reason: 'no-such-shell: not found'}],
		['a shell that is no program', {shell: ['/etc/passwd', '-c']}, {exitCode: 126, reason: '/etc/passwd: permission denied'}],
		['too large an environment', {env: {LARGE: 'x'.repeat(3_000_000)}}, {exitCode: 126, reason: expect.stringContaining('E2BIG')}],
		['a NUL in the environment', {env: {NUL: 'a\0b'}}, {reason: expect.stringContaining('could not be started')}],
	])('that cannot start fails and says why: %s', async (_, change, expected) => {
		expect((await run('true', change)).outcome).toEqual({status: 'failed', ...expected});
	});
});

describe('output', () => {
	test('of any bytes comes unharmed', async () => {
		const script = 'for (let i = 0; i < 4; i++) process.stdout.write(Buffer.from(Array.from({length: 256}, (_, b) => b)))';
		const {ref} = await run(script, {shell: [process.execPath, '-e']});
		expect(orchestrator.log(ref)).toEqual(Buffer.alloc(1024, Buffer.from(Array.from({length: 256}, (_, byte) => byte))));
	});

	test('of 50 MB comes whole though the spool takes 2 MB: the command waits meanwhile', async () => {
		orchestrator.takesLogs = false;
		const ref = assign('seq 1 10000000 | head -c 50000000; echo finished >&2');
		const spooled = () =>
			readdirSync(directory).flatMap(name => readdirSync(join(directory, name)).filter(file => file.startsWith('output-'))).length;
		await orchestrator.until(() => spooled() >= 6);
		const reports = orchestrator.reports;
		await orchestrator.until(() => orchestrator.reports > reports + 5);
		expect(spooled()).toBeLessThanOrEqual(10); // of 256 KiB
		expect(processesWith('seq 1 10000000')).not.toEqual([]);
		orchestrator.takesLogs = true;
		const {outcome, logBytes} = await orchestrator.outcome(ref);
		expect(outcome.status).toBe('succeeded');
		expect(logBytes).toBe(50_000_009);
		const log = orchestrator.log(ref);
		expect(log.length).toBe(logBytes);
		const numbers = execFileSync('sh', ['-c', 'seq 1 10000000 | head -c 50000000'], {maxBuffer: 60_000_000});
		// It comes through a pipe of its own, so that it may be read before the last of the numbers.
		const finished = Buffer.from('finished\n');
		const at = log.indexOf(finished);
		expect(Buffer.concat([log.subarray(0, at), log.subarray(at + finished.length)]).equals(numbers)).toBe(true);
	}, 60_000);

	test('of a command that starts while the spool is full comes once there is room', async () => {
		orchestrator.takesLogs = false;
		const first = assign('head -c 2000000 /dev/zero');
		await orchestrator.until(() => orchestrator.lastReport?.outcomes.length === 1); // all of it is in the spool
		const second = assign('echo late');
		await orchestrator.until(() => orchestrator.lastReport?.held.length === 2);
		orchestrator.takesLogs = true;
		orchestrator.changed();
		expect((await orchestrator.outcome(first)).logBytes).toBe(2_000_000);
		expect((await orchestrator.outcome(second)).outcome).toMatchObject({status: 'succeeded', exitCode: 0});
		expect(orchestrator.log(second).toString()).toBe('late\n');
	});

	test('of one line of 10 MB comes whole', async () => {
		const {ref} = await run('head -c 10000000 /dev/zero | tr "\\0" x');
		expect(orchestrator.log(ref).equals(Buffer.alloc(10_000_000, 'x'))).toBe(true);
	}, 30_000);

	test('that cannot be kept fails the attempt and says so', async () => {
		await run('true');
		orchestrator.takesLogs = false;
		const [name = ''] = readdirSync(directory);
		const temporary = join(directory, name);
		const ref = assign(`mv ${temporary} ${temporary}-moved; head -c 900000 /dev/zero; sleep 60`);
		await orchestrator.until(() => orchestrator.lastReport?.outcomes.length === 1);
		orchestrator.takesLogs = true;
		const {outcome} = await orchestrator.outcome(ref);
		expect(outcome).toMatchObject({status: 'failed', reason: expect.stringMatching(/^its output could not be kept: ENOENT/)});
		expect(orchestrator.logBytes(ref)).toBeGreaterThanOrEqual(256 * 1024);
	});
});

describe('processes', () => {
	test('a timeout ends the whole tree, also one that ignores SIGTERM', async () => {
		const seconds = uniqueSeconds();
		const {outcome} = await run(`trap '' TERM; sleep ${seconds} & sh -c 'sleep ${seconds}; :' & sleep ${seconds}`, {timeoutMs: 300});
		expect(outcome).toMatchObject({status: 'timed_out', signal: 'SIGKILL', reason: 'timed out after 0.3 s'});
		expect(processesWith(seconds)).toEqual([]);
	});

	test('a stop gives the command its grace, and its last output arrives', async () => {
		const ref = assign('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.01; done', {graceMs: 10_000});
		await orchestrator.until(() => orchestrator.logBytes(ref) > 0);
		orchestrator.cancel(ref);
		const {outcome} = await orchestrator.outcome(ref);
		expect(outcome).toMatchObject({status: 'cancelled', exitCode: 3});
		expect(orchestrator.log(ref).toString()).toMatch(/^ready\n(Terminated\n)?bye\n$/);
	});

	test('the grace is for all of the tree, though its shell is gone at once', async () => {
		const ref = assign(
			`${process.execPath} -e '
			process.on("SIGTERM", () => setTimeout(() => {console.log("saved"); process.exit()}, 200));
			setInterval(() => undefined, 1000); console.log("ready")' & wait`,
			{graceMs: 10_000},
		);
		await orchestrator.until(() => orchestrator.logBytes(ref) > 0);
		orchestrator.cancel(ref);
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('cancelled');
		expect(orchestrator.log(ref).toString()).toBe('ready\nsaved\n');
	});

	test('what a command leaves behind in its group is ended before the outcome, which stays the command’s own', async () => {
		const seconds = uniqueSeconds();
		const {outcome} = await run(`sleep ${seconds} & trap '' TERM; sleep ${seconds} & exit 0`);
		expect(outcome).toMatchObject({status: 'succeeded', exitCode: 0});
		expect(processesWith(seconds)).toEqual([]);
	});

	test.runIf(process.platform === 'linux')('one that left the group and holds the pipes does not hold the attempt', async () => {
		const seconds = uniqueSeconds();
		const {outcome, log} = await run(`setsid sleep ${seconds} & sleep 0.1; echo done`);
		expect(outcome.status).toBe('succeeded');
		expect(log).toBe('done\n');
		const [pid] = processesWith(`sleep ${seconds}`);
		if (pid !== undefined) process.kill(pid);
	});

	test('a stop before the spawn, or of an attempt unheard of, ends as cancelled without a start', async () => {
		await orchestrator.until(() => orchestrator.reports > 0);
		const ref = assign('echo never');
		orchestrator.cancel(ref);
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('cancelled');
	});
});

test('says little: two lines at the start and two an attempt, none an exchange', async () => {
	await run('true');
	await eventually(() => agent.said().includes('succeeded'));
	expect(agent.said().trim().split('\n')).toHaveLength(4);
});
