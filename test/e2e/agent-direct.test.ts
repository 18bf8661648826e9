import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import {assign, leftovers, meet} from '../helpers/agent-meeting.ts';
import type {AgentProcess} from '../helpers/agent-process.ts';
import {call, eventually, listeningUrl, processesWith, startAgent, uniqueSeconds} from '../helpers/agent-process.ts';
import {MiniOrchestrator} from '../helpers/mini-orchestrator.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

let agent: AgentProcess;
let directory: string;
let url: string;

async function start(env: Record<string, string> = {}): Promise<void> {
	directory = temporaryDirectory();
	agent = startAgent({TMPDIR: directory, AGENT_SLOTS: '2', ...env});
	url = await listeningUrl(agent);
}

function task(command: string | readonly string[], more: object = {}, signal?: AbortSignal) {
	return call(`${url}/task`, {name: 'direct', command, ...more}, signal ? {signal} : {});
}

/** A command with a tree of processes that ignores SIGTERM. */
function tree(seconds: string): string {
	return `trap '' TERM; sleep ${seconds} & sh -c 'sleep ${seconds}; :' & sleep ${seconds}`;
}

async function health(): Promise<Record<string, unknown>> {
	return (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>;
}

describe('a direct task', () => {
	beforeEach(() => start({AGENT_TASK_OUTPUT_BYTES: '20'}));

	test('that ends well, badly, by a signal, or does not start', async () => {
		await eventually(() => agent.said().includes(`waits to be registered: POST {"name": "tester", "url": "${url}"}`));
		expect(await health()).toEqual({status: 'ok', protocol: 1, name: 'tester', slots: 2, free: 2, draining: false});
		expect((await task('echo hello; echo noise >&2')).body).toEqual({status: 'success', output: 'hello\n', returncode: 0});
		expect((await task('echo out; echo why >&2; exit 7')).body).toEqual({
			status: 'error',
			output: 'out\n',
			returncode: 7,
			message: 'why\n',
		});
		expect((await task('kill -USR1 $$')).body).toEqual({status: 'error', output: '', returncode: 138, message: ''});
		expect((await task('true', {working_dir: '/nowhere'})).body).toEqual({
			status: 'error',
			output: '',
			returncode: 126,
			message: "the working directory /nowhere does not exist on the agent's host",
		});
		expect((await task('true', {shell: ['no-such-shell', '-c']})).body).toMatchObject({returncode: 127});
	});

	test('has its environment, directory and shell, and not the token; its output is bounded', async () => {
		const {body} = await task(['pwd', 'echo "$A-$BYOAI_TOKEN-$0"'], {env: {A: 'b'}, workingDir: '/', shell: 'bash', timeout: '1m'});
		expect(body).toEqual({status: 'success', output: '/\nb--bash\n', returncode: 0});
		expect((await task('echo 123456789012345678ä56; exit 0')).body.output).toBe(
			'123456789012345678ä\n[byoai: cut after 20 of 23 bytes, limit task_output_bytes]\n',
		);
	});

	test('is ended by its timeout, with all of its processes', async () => {
		const seconds = uniqueSeconds();
		const {body} = await task(`echo before; exec 2>/dev/null; trap 'exit 0' TERM; sleep ${seconds} & sh -c 'sleep ${seconds}; :' & wait`, {
			timeout: 0.3,
		});
		expect(body).toEqual({status: 'error', output: 'before\n', returncode: 124, message: 'timed out after 0.3 s'});
		expect(processesWith(seconds)).toEqual([]);
	});

	test('is ended when its caller hangs up, and keeps its slot until nothing of it runs', async () => {
		const seconds = uniqueSeconds();
		const caller = new AbortController();
		const hungUp = task(`sleep ${seconds} & sh -c 'sleep ${seconds}; :' & wait`, {}, caller.signal);
		await eventually(() => processesWith(`sleep ${seconds}`).length >= 3);
		expect((await health()).free).toBe(1);
		caller.abort();
		await expect(hungUp).rejects.toThrow();
		await expect.poll(async () => (await health()).free).toBe(2);
		expect(processesWith(seconds)).toEqual([]);
		expect(agent.said()).toContain('direct task 1 cancelled: ');
	});

	test('gets no slot where none is free, and is ended with the agent', async () => {
		const seconds = uniqueSeconds();
		const running = [task(`exec sleep ${seconds}`), task(`exec sleep ${seconds}`)];
		await eventually(() => processesWith(`sleep ${seconds}`).length === 2);
		const refused = await task('true');
		expect(refused).toMatchObject({status: 429, body: {code: 'limit', detail: expect.stringContaining('AGENT_SLOTS')}});
		expect(refused.headers.get('retry-after')).toBe('5');
		agent.child.kill('SIGTERM');
		for (const {body} of await Promise.all(running))
			expect(body).toMatchObject({status: 'error', returncode: 143, message: 'agent stopped'});
		expect(await agent.exited).toEqual([0, null]);
		expect(leftovers({directory})).toEqual([]);
	});

	test('that is none is refused', async () => {
		const nonsense: ReadonlyArray<[object, number, string]> = [
			[{command: 'true'}, 400, 'name must be a string'],
			[{name: 'x', command: 7}, 400, 'command must be a list'],
			[{name: 'x', command: 'true', env: {A: 1}}, 400, 'env.A must be a string'],
			[{name: 'x', command: 'true', timeout: 'soon'}, 422, 'timeout must be a time above 0'],
			[{name: 'x', command: 'true', timeout: 0}, 422, 'timeout must be a time above 0'],
			[{name: 'x', command: 'true', shell: []}, 422, 'shell must be the name of a shell'],
			[[], 400, 'the body must be an object'],
		];
		for (const [body, status, detail] of nonsense)
			expect(await call(`${url}/task`, body)).toMatchObject({status, body: {detail: expect.stringContaining(detail)}});
		expect(await health()).toMatchObject({free: 2});
	});
});

test('kill -9: what a direct task runs is ended by the watchdog', async () => {
	await start();
	const seconds = uniqueSeconds();
	const running = task(tree(seconds)).catch(() => 'broken');
	await eventually(() => processesWith(`sleep ${seconds}`).length >= 4);
	agent.child.kill('SIGKILL');
	await eventually(() => processesWith(seconds).length === 0);
	expect(await running).toBe('broken');
});

describe('direct tasks and attempts', () => {
	test('share the slots of an agent that dials', async () => {
		const meeting = await meet({env: {AGENT_SLOTS: '1'}});
		const {orchestrator} = meeting;
		({agent, directory} = meeting);
		url = await listeningUrl(agent);
		const flag = join(directory, 'flag');
		await orchestrator.until(() => orchestrator.lastReport?.free === 1);
		const direct = task(`while [ ! -e ${flag} ]; do sleep 0.02; done; echo done`);
		await orchestrator.until(() => orchestrator.lastReport?.free === 0);
		const ref = assign(orchestrator, 'echo attempt');
		expect((await task('true')).status).toBe(429);
		expect(await call(`${url}/v1/exchange`, {})).toMatchObject({status: 409, body: {detail: expect.stringContaining('ORCHESTRATOR_URL')}});
		expect((await call(`${url}/task`, {name: 'x', command: ''}, {token: 'wrong'})).status).toBe(401);
		writeFileSync(flag, '');
		expect((await direct).body).toMatchObject({status: 'success', output: 'done\n'});
		expect((await orchestrator.outcome(ref)).outcome.status).toBe('succeeded');
	});
});

describe('an agent that is dialled', () => {
	async function dialled(options: {leaseMs?: number} = {}) {
		await start();
		const orchestrator = new MiniOrchestrator(options);
		onTestFinished(() => orchestrator.stop());
		const headers = {authorization: 'Bearer secret', 'byoai-orchestrator': 'first'};
		orchestrator.dial(url, headers);
		await orchestrator.until(() => orchestrator.lastReport?.free === 2);
		return {orchestrator, headers};
	}

	test('runs attempts with their output, is drained, and stops them', async () => {
		const {orchestrator} = await dialled();
		const refs = Array.from({length: 10}, (_, index) => assign(orchestrator, `echo ${index}; exit ${index % 2}`));
		for (const [index, ref] of refs.entries()) {
			expect((await orchestrator.outcome(ref)).outcome).toMatchObject({exitCode: index % 2});
			expect(orchestrator.log(ref).toString()).toBe(`${index}\n`);
		}
		const seconds = uniqueSeconds();
		const stopped = assign(orchestrator, tree(seconds), {graceMs: 100});
		await eventually(() => processesWith(`sleep ${seconds}`).length >= 4);
		orchestrator.cancel(stopped);
		expect((await orchestrator.outcome(stopped)).outcome.status).toBe('cancelled');
		orchestrator.drain = true;
		orchestrator.changed();
		await orchestrator.until(() => orchestrator.lastReport?.free === 0);
		expect(await health()).toMatchObject({free: 0, draining: true});
		expect(await task('true')).toMatchObject({status: 503, body: {detail: expect.stringContaining('drained')}});
		expect(orchestrator.dialErrors).toEqual([]);
	});

	test('works for one orchestrator; when that is silent for its lease its attempts are lost, a direct task goes on, and another may come', async () => {
		const leaseMs = 2000;
		const {orchestrator, headers} = await dialled({leaseMs});
		const attempt = uniqueSeconds();
		const ref = assign(orchestrator, tree(attempt));
		const flag = join(directory, 'flag');
		const direct = task(`while [ ! -e ${flag} ]; do sleep 0.02; done; echo survived`);
		await eventually(() => processesWith(`sleep ${attempt}`).length >= 4);
		const second = {...headers, 'byoai-orchestrator': 'second'};
		const nothing = {session: '', answers: 0, leaseMs, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false};
		const dialSecond = () => call(`${url}/v1/exchange`, nothing, {headers: second});
		expect(await dialSecond()).toMatchObject({status: 409, body: {detail: expect.stringContaining('another orchestrator (first)')}});
		await orchestrator.stop();
		await eventually(() => processesWith(attempt).length === 0);
		await expect.poll(async () => (await dialSecond()).status, {interval: 100}).toBe(200);
		const report = (await dialSecond()).body;
		expect(report).toMatchObject({held: [ref], outcomes: [{ref, outcome: {status: 'lost'}}]});
		writeFileSync(flag, '');
		expect((await direct).body).toMatchObject({status: 'success', output: 'survived\n'});
	});
});
