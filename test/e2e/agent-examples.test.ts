import {execFileSync, spawn} from 'node:child_process';
import {existsSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {TestContext} from 'vitest';
import {afterAll, beforeAll, describe, expect, onTestFinished, test, vi} from 'vitest';
import type {AgentDetail, RunDetail} from '../../source/protocol/views.ts';
import {Cli, CliPlace} from '../helpers/cli.ts';
import {documentedBlocks, documentedCommands, documentedWorkflows} from '../helpers/documented.ts';
import {isRunning} from '../helpers/fixture-host.ts';

/** The examples of docs/agents.md and the calls of docs/getting-started.md, all on one manager that asks for a token. */
const token = 'secret';
const repository = join(import.meta.dirname, '../..');
const examples = join(repository, 'examples/agents');
const cleanUps: Array<() => void | Promise<void>> = [];
const place = new CliPlace(cleanUp => cleanUps.push(cleanUp));
let managerUrl = '';
// Each starts many small processes, which take their time on a machine that is busy.
vi.setConfig({testTimeout: 90_000, hookTimeout: 60_000});

beforeAll(async () => {
	// The docs show calls of a manager without a token; curl sends it by itself.
	place.file('.curlrc', `header = "Authorization: Bearer ${token}"\n`);
	const manager = place.start(['agent-manager-mode', '--no-tui', '--port', '0'], {
		BYOAI_TOKEN: token,
		WORKFLOW_DIR: join(repository, 'workflows'),
	});
	managerUrl = await vi.waitFor(() => found(/listens on (http:\S+)/.exec(manager.stderr)), {timeout: 45_000});
});

afterAll(async () => {
	for (const cleanUp of cleanUps.toReversed()) await cleanUp();
});

function found(match: RegExpExecArray | null): string {
	if (match?.[1] === undefined) throw new Error('not there yet');
	return match[1];
}

/** Runs a command of the docs in a shell, with the addresses that they name replaced by those of this test. */
function shell(command: string, agentUrl = ''): string {
	const real = command.replaceAll('http://127.0.0.1:5001', managerUrl).replaceAll('http://127.0.0.1:5000', agentUrl);
	const {PATH} = process.env;
	return execFileSync('sh', ['-c', real], {
		cwd: place.directory,
		env: {PATH, HOME: place.directory, CURL_HOME: place.directory, BYOAI_TOKEN: token},
		stdio: ['ignore', 'pipe', 'pipe'],
		encoding: 'utf8',
	});
}

async function ask<Reply>(path: string, init: RequestInit = {}): Promise<Reply> {
	const reply = await fetch(managerUrl + path, {...init, headers: {authorization: `Bearer ${token}`, ...init.headers}});
	if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`);
	return (await reply.json()) as Reply;
}

async function submit(workflow: string): Promise<string> {
	const init = {method: 'POST', headers: {'content-type': 'application/yaml'}, body: workflow};
	return (await ask<RunDetail>('/v1/runs', init)).id;
}

async function ended(run: string): Promise<RunDetail> {
	await expect.poll(async () => (await ask<RunDetail>(`/v1/runs/${run}`)).endedAt, {timeout: 40_000}).toBeDefined();
	return ask<RunDetail>(`/v1/runs/${run}`);
}

async function output(run: string, task: string): Promise<string> {
	const reply = await fetch(`${managerUrl}/v1/runs/${run}/tasks/${task}/logs`, {headers: {authorization: `Bearer ${token}`}});
	return reply.text();
}

type Example = {readonly agent: Cli; readonly url: string};

async function startPython(name: string, env: NodeJS.ProcessEnv = {BYOAI_TOKEN: token}): Promise<Example> {
	const agent = launch('python3', [join(examples, 'agent.py')], {AGENT_NAME: name, AGENT_API_PORT: '0', ...env});
	const [, url = ''] = await agent.says(/listens on (http:\S+)/);
	return {agent, url};
}

/** socat itself says where it listens. */
async function startShell(env: NodeJS.ProcessEnv): Promise<Example> {
	const agent = launch('socat', ['-d', '-d', 'TCP-LISTEN:0,bind=127.0.0.1,fork', `EXEC:${join(examples, 'agent.sh')}`], env);
	const [, address = ''] = await agent.says(/listening on AF=2 (\S+)/);
	return {agent, url: `http://${address}`};
}

function launch(program: string, argv: readonly string[], env: NodeJS.ProcessEnv): Cli {
	const {PATH} = process.env;
	return new Cli(spawn(program, argv, {cwd: place.directory, env: {PATH, ...env}, stdio: ['ignore', 'pipe', 'pipe']}));
}

/** Passes the test over, and says so, where a program that the docs use is not on this host. */
function needs(context: TestContext, ...programs: readonly string[]): void {
	const path = (process.env.PATH ?? '').split(':');
	const missing = programs.filter(program => !path.some(directory => existsSync(join(directory, program))));
	context.skip(missing.length > 0, `not on this host: ${missing.join(', ')}`);
}

/** The registration of docs/agents.md, under another name. */
function register(name: string, url: string): void {
	const [registration] = documentedCommands('docs/agents.md').filter(({command}) => command.startsWith('curl'));
	expect(shell(registration?.command.replace('py-1', name) ?? '', url)).toBe(registration?.output);
}

/** The token that docs/agents.md has computed for an agent of this name. */
function ownToken(name: string): string {
	const [computation] = documentedCommands('docs/agents.md').filter(({command}) => command.startsWith('node'));
	return shell(computation?.command.replace('sh-1', name) ?? '').trim();
}

test.each([
	['agent.py', 'python'],
	['agent.sh', 'sh'],
])('docs/agents.md has %s as it is', (file, info) => {
	expect(documentedBlocks('docs/agents.md', info)).toEqual([readFileSync(join(examples, file), 'utf8')]);
});

test('the calls of docs/getting-started.md are answered to the byte', context => {
	needs(context, 'curl');
	const calls = documentedCommands('docs/getting-started.md').filter(({command}) => command.startsWith('curl'));
	expect(calls.map(({command}) => /:5001(\S+)$/.exec(command)?.[1])).toEqual(['/register', '/deploy_agent', '/workflow']);
	for (const {command, output: shown} of calls) expect(shell(command, 'http://127.0.0.1:5000')).toBe(shown);
});

describe('agent.py', () => {
	test('registered by one curl, it gets the tasks that name it or its labels', async context => {
		needs(context, 'python3', 'curl');
		const {url} = await startPython('py-1');
		register('py-1', url);
		const run = await ended(await submit(documentedWorkflows('docs/agents.md').get('python.yml') ?? ''));
		expect(run).toMatchObject({status: 'succeeded', tasks: [{agent: 'py-1'}, {agent: 'py-1'}]});
		expect(await output(run.id, 'by-name')).toBe('by-name runs on py-1\n');
		expect(await output(run.id, 'by-labels')).toBe('attempt 1\n');
	});

	test('what commands come to is what it says', async context => {
		needs(context, 'python3', 'curl');
		const {agent, url} = await startPython('py-2');
		register('py-2', url);
		await proveCommands('py-2');
		await proveEnd('py-2', run => ask(`/v1/runs/${run}/cancel`, {method: 'POST'}));
		await proveEnd('py-2', () => agent.process.kill('SIGTERM'));
	});

	test('killed in mid-task, that is noticed and shown, and the run ends by its rules; started again under its name it is used again', async context => {
		needs(context, 'python3', 'curl');
		// The commands of a killed agent go on: they end with this file.
		onTestFinished(() => void place.file('go', ''));
		const first = await startPython('py-3');
		register('py-3', first.url);
		const wait = 'touch $BYOAI_TASK; while [ ! -e go ]; do sleep 0.05; done';
		const id = await submit(`
fail_fast: false
tasks:
  - {name: once, agent: py-3, command: "${wait}", depends_on: [], retry: {lost: 0}}
  - {name: again, agent: py-3, command: "[ $BYOAI_ATTEMPT = 2 ] || { ${wait}; }; echo attempt $BYOAI_ATTEMPT", depends_on: []}
`);
		await expect.poll(() => ['once', 'again'].every(file => existsSync(join(place.directory, file)))).toBe(true);
		first.agent.process.kill('SIGKILL');

		await expect.poll(() => ask<AgentDetail>('/v1/agents/py-3')).toMatchObject({status: 'lost', problem: expect.any(String), used: 0});
		const {stdout} = await place.run(['agents', '--url', managerUrl, '--token', token]);
		expect(stdout).toMatch(/^py-3 +python +lost +0\/2 .*(the connection broke off|nothing listens there)/m);
		const lost = {status: 'lost', reason: expect.stringMatching(/^no answer from the agent: .*the connection broke off$/)};
		await expect
			.poll(() => ask<RunDetail>(`/v1/runs/${id}`))
			.toMatchObject({
				status: 'running',
				tasks: [
					{status: 'failed', attempts: [{outcome: lost}]},
					{status: 'ready', attempts: [{outcome: lost}], waiting: 'agent py-3 has not been heard from yet'},
				],
			});

		const second = await startPython('py-3');
		register('py-3', second.url);
		const run = await ended(id);
		expect(run).toMatchObject({status: 'failed', tasks: [{status: 'failed'}, {status: 'succeeded', attempt: 2}]});
		expect(await output(id, 'again')).toBe('attempt 2\n');
		expect(await ask<AgentDetail>('/v1/agents/py-3')).toMatchObject({status: 'online', url: second.url});
	});

	test('refuses others, and to be open to other hosts', async context => {
		needs(context, 'python3', 'curl');
		const guarded = await startPython('py-4');
		await proveGuard(guarded.url, [token, ownToken('py-4')]);
		const open = launch('python3', [join(examples, 'agent.py')], {AGENT_HOST: '0.0.0.0'});
		expect(await open.ended).toMatchObject({status: 1, stderr: 'whoever reaches 0.0.0.0 could run commands here: set BYOAI_TOKEN\n'});
	});
});

describe('dialling.py', () => {
	const start = (name: string, url: string) =>
		launch('python3', [join(examples, 'dialling.py')], {ORCHESTRATOR_URL: url, AGENT_NAME: name, BYOAI_TOKEN: token});

	test('registers itself, runs what it is given, and tells output before the end', async context => {
		needs(context, 'python3');
		const agent = start('dial-1', managerUrl);
		await agent.says(/dial-1 is registered/);
		await proveCommands('dial-1');
		const run = await submit('tasks: [{name: wait, agent: dial-1, command: "echo first; while [ ! -e dialled ]; do sleep 0.05; done"}]');
		await expect.poll(() => output(run, 'wait')).toBe('first\n');
		place.file('dialled', '');
		expect(await ended(run)).toMatchObject({status: 'succeeded', tasks: [{attempts: [{agent: 'dial-1'}]}]});
		await proveEnd('dial-1', id => ask(`/v1/runs/${id}/cancel`, {method: 'POST'}));
		await proveEnd('dial-1', () => agent.process.kill('SIGTERM'));
	});

	test('asked to end in the moment in which it starts a command, it ends that too', async context => {
		needs(context, 'python3');
		const pidFile = join(place.directory, 'dial-3.pids');
		// The signal comes before it knows the process that it has just started, and once more while it ends.
		const interrupted = `
import os, runpy, signal, subprocess, time
start = subprocess.Popen
def start_and_signal(*args, **options):
    process = start(*args, **options)
    while not os.path.exists(${JSON.stringify(pidFile)}): time.sleep(0.01)
    for _ in range(2): os.kill(os.getpid(), signal.SIGTERM)
    return process
subprocess.Popen = start_and_signal
runpy.run_path(${JSON.stringify(join(examples, 'dialling.py'))}, run_name='__main__')
`;
		const agent = launch('python3', ['-c', interrupted], {ORCHESTRATOR_URL: managerUrl, AGENT_NAME: 'dial-3', BYOAI_TOKEN: token});
		await agent.says(/dial-3 is registered/);
		await proveEnd('dial-3', () => undefined);
		expect(await agent.ended).toMatchObject({status: 0});
	});

	test('goes on while its orchestrator is dead, and nothing is lost', async context => {
		needs(context, 'python3');
		const lone = new CliPlace();
		const manage = (port: string) => lone.start(['agent-manager-mode', '--no-tui', '--port', port], {BYOAI_TOKEN: token});
		const first = manage('0');
		const [, url = ''] = await first.says(/listens on (http:\S+)/);
		const agent = start('dial-2', url);
		await agent.says(/dial-2 is registered/);
		const headers = {authorization: `Bearer ${token}`, 'content-type': 'application/yaml'};
		const body = 'tasks: [{agent: dial-2, command: "echo first; while [ ! -e go-on ]; do sleep 0.05; done; seq 1 20000"}]';
		const {id} = (await (await fetch(`${url}/v1/runs`, {method: 'POST', headers, body})).json()) as RunDetail;
		const printed = async () => (await fetch(`${url}/v1/runs/${id}/tasks/0/logs`, {headers})).text();
		await expect.poll(printed).toBe('first\n');
		first.process.kill('SIGKILL');
		await first.ended;
		await agent.says(/no answer from /);
		place.file('go-on', '');
		await manage(new URL(url).port).says(/listens on /);
		const detail = async () => (await (await fetch(`${url}/v1/runs/${id}`, {headers})).json()) as RunDetail;
		await expect.poll(async () => (await detail()).status, {timeout: 40_000}).toBe('succeeded');
		expect((await detail()).tasks[0]?.attempts).toHaveLength(1);
		expect(await printed()).toBe(`first\n${Array.from({length: 20_000}, (_, index) => `${index + 1}\n`).join('')}`);
	});
});

describe('agent.sh', () => {
	test('registered by one curl with a token of its own, it runs commands, and refuses others', async context => {
		needs(context, 'socat', 'jq', 'python3', 'curl');
		const {url} = await startShell({BYOAI_TOKEN: ownToken('sh-1')});
		register('sh-1', url);
		await proveCommands('sh-1');
		await proveEnd('sh-1', run => ask(`/v1/runs/${run}/cancel`, {method: 'POST'}));
		await proveGuard(url, [ownToken('sh-1')]);
	});
});

/** Success, failure, environment, lines, another shell, and a timeout that takes along what the command started. */
async function proveCommands(agent: string): Promise<void> {
	const run = await ended(
		await submit(`
fail_fast: false
env: {WORDS: "it's \\"so\\" $HOME"}
defaults: {agent: ${agent}}
tasks:
  - {name: env, command: 'printf %s "$WORDS"; echo " $BYOAI_TOKEN$AGENT_NAME"; echo aside >&2', depends_on: []}
  - {name: lines, command: [echo one, exit 7, echo never]}
  - {name: python, command: 'print(6 * 7)', shell: [python3, -c]}
  - {name: late, command: 'sleep 77 & echo $!; echo $$; wait', timeout: 3s}
`),
	);
	expect(run).toMatchObject({
		status: 'failed',
		tasks: [
			{status: 'succeeded', agent},
			{status: 'failed', attempts: [{outcome: {status: 'failed', exitCode: 7}}]},
			{status: 'succeeded'},
			{status: 'failed', attempts: [{outcome: {status: 'timed_out'}}]},
		],
	});
	// Which of its two streams is read first is nobody's promise.
	expect((await output(run.id, 'env')).split(/(?<=\n)/).sort()).toEqual(['aside\n', `it's "so" $HOME \n`]);
	expect(await output(run.id, 'lines')).toBe('one\n');
	expect(await output(run.id, 'python')).toBe('42\n');
	const pids = [...(await output(run.id, 'late')).matchAll(/^\d+$/gm)].map(([pid]) => Number(pid));
	expect(pids).toHaveLength(2);
	await expect.poll(() => pids.filter(isRunning)).toEqual([]);
}

/** A command ends, with what it started, when `end` has been done. */
async function proveEnd(agent: string, end: (run: string) => unknown): Promise<void> {
	const file = join(place.directory, `${agent}.pids`);
	rmSync(file, {force: true});
	const run = await submit(
		`tasks: [{agent: ${agent}, retry: {lost: 0}, command: "sleep 77 & echo $! $$ > ${agent}.new; mv ${agent}.new ${agent}.pids; wait"}]`,
	);
	const pids = () => (existsSync(file) ? [...readFileSync(file, 'utf8').matchAll(/\d+/g)].map(([pid]) => Number(pid)) : []);
	await expect.poll(pids).toHaveLength(2);
	await end(run);
	await expect.poll(() => pids().filter(isRunning)).toEqual([]);
	await ended(run);
}

/** One `POST /task` for each token and each way of asking for what is not allowed. */
async function proveGuard(url: string, known: readonly string[]): Promise<void> {
	const body = JSON.stringify({command: 'true'});
	const statusOf = async (headers: Record<string, string>) => (await fetch(`${url}/task`, {method: 'POST', headers, body})).status;
	const type = {'content-type': 'application/json'};
	for (const bearer of known) expect(await statusOf({...type, authorization: `Bearer ${bearer}`})).toBe(200);
	const authorization = `Bearer ${known[0]}`;
	expect(await statusOf(type)).toBe(401);
	expect(await statusOf({...type, authorization: 'Bearer wrong'})).toBe(401);
	expect(await statusOf({...type, authorization, origin: 'http://page.example'})).toBe(403);
	expect(await statusOf({authorization, 'content-type': 'text/plain'})).toBe(403);
	expect((await fetch(`${url}/health`)).status).toBe(200);
}
