import type {ChildProcess} from 'node:child_process';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import type {AgentRow, RunDetail} from '../../source/protocol/views.ts';
import {CliPlace} from '../helpers/cli.ts';

const program = join(import.meta.dirname, '../helpers/basic-agent.py');
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Starts the agent; resolves once it listens. */
async function startAgent(place: CliPlace, port = 0): Promise<{child: ChildProcess; port: number}> {
	const child = spawn('python3', [program, String(port)], {cwd: place.directory, stdio: ['ignore', 'pipe', 'inherit']});
	onTestFinished(() => void child.kill('SIGKILL'));
	const [said] = (await once(child.stdout, 'data')) as [Buffer];
	return {child, port: Number(said.toString())};
}

async function post(url: string, body: object): Promise<Response> {
	return fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});
}

async function submit(url: string, task: object): Promise<string> {
	const reply = await post(`${url}/v1/runs`, {workflow: {tasks: [{name: 'there', agent: 'agent1', ...task}]}});
	return ((await reply.json()) as RunDetail).id;
}

/** A run's status, and how the attempts of its task ended. */
async function outcomes(url: string, run: string): Promise<unknown[]> {
	const {status, tasks} = (await (await fetch(`${url}/v1/runs/${run}`)).json()) as RunDetail;
	return [status, ...tasks.flatMap(({attempts}) => attempts.map(({outcome}) => outcome))];
}

async function kill(child: ChildProcess): Promise<void> {
	child.kill('SIGKILL');
	await once(child, 'exit');
}

test('a Python agent that was registered by one call: gets its tasks; killed in mid-task: noticed, shown, by the rules; back: used again', async context => {
	context.skip(!hasPython, 'there is no python3 here');
	const place = new CliPlace();
	mkdirSync(join(place.directory, 'byoai'));
	place.file('byoai/config.yml', 'lease: 2s\n'); // it is looked at five times in that
	const manager = place.start(['agent-manager-mode', '--no-tui', '--port', '0']);
	const [, url = ''] = await manager.says(/listens on (http:\S+)/);
	const agent = await startAgent(place);
	const reply = await post(`${url}/register`, {name: 'agent1', url: `http://127.0.0.1:${agent.port}`, type: 'docker'});
	expect([reply.status, await reply.text()]).toEqual([200, '{"status":"success"}']);

	const hello = await submit(url, {command: 'echo hello; echo oh >&2; exit 3'});
	await manager.says(/agent1 {2}there {2}hello\n.*agent1 {2}there {2}oh\n/);
	await expect.poll(() => outcomes(url, hello)).toMatchObject(['failed', {status: 'failed', exitCode: 3}]);

	const tries = place.file('tries', '');
	const lines = () => readFileSync(tries, 'utf8').split('\n').length - 1;
	const command = 'echo "$BYOAI_ATTEMPT" >> tries; while [ ! -e go ]; do sleep 0.05; done; echo through';
	const strict = await submit(url, {command, retry: {limit: 0, lost: 0}});
	await expect.poll(lines).toBe(1);
	await kill(agent.child);
	const lost = {status: 'lost', reason: expect.stringMatching(/^no answer from the agent: 127.*: the connection broke off$/)};
	await expect.poll(() => outcomes(url, strict)).toMatchObject(['failed', lost]);
	const agents = async () => ((await (await fetch(`${url}/v1/agents`)).json()) as {agents: AgentRow[]}).agents;
	const gone = {id: 'agent1', status: 'lost', problem: expect.stringContaining('nothing listens there')};
	await expect.poll(agents, {timeout: 10_000}).toContainEqual(expect.objectContaining(gone));

	const patient = await submit(url, {command, retry: {limit: 0, lost: 1}});
	const second = await startAgent(place, agent.port);
	await expect.poll(lines, {timeout: 10_000}).toBe(2);
	await kill(second.child);
	await expect.poll(() => outcomes(url, patient)).toMatchObject(['running', lost]);
	await manager.says(/agent agent1 is lost: 127\.0\.0\.1:\d+: /);
	place.file('go', '');
	await startAgent(place, agent.port);
	await expect.poll(() => outcomes(url, patient), {timeout: 10_000}).toMatchObject(['succeeded', lost, {status: 'succeeded'}]);
	expect(readFileSync(tries, 'utf8')).toBe('1\n1\n2\n');
	manager.process.kill('SIGTERM');
	expect(await manager.ended).toMatchObject({status: 0});
}, 40_000);
