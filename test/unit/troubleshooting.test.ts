import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import type {RequestListener} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {Address, AgentCalls} from '../../source/agents/calls.ts';
import {createCalls} from '../../source/agents/calls.ts';
import {readTaskReply} from '../../source/agents/task-reply.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import type {RunDetail} from '../../source/protocol/views.ts';
import {openStateDirectory} from '../../source/store/state-directory.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';
import {runProgram} from '../helpers/program.ts';
import {projectFiles} from '../helpers/source-tree.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const text = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
/** The messages that the page explains; `<…>` and `…` stand for what differs. */
const messages = [...text.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, message = '']) => message);

/** Whether the page has a message, to the word. */
function isExplained(message: string): boolean {
	return messages.some(shown => {
		const parts = shown.split(/<[^>]+>|…/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
		return new RegExp(parts.join('.*')).test(message);
	});
}

/** A kubeconfig of a server that does not listen. */
function clusterOfNobody(directory: string): string {
	const path = join(directory, 'kubeconfig');
	const config = {
		'current-context': 'a',
		contexts: [{name: 'a', context: {cluster: 'a', user: 'a'}}],
		clusters: [{name: 'a', cluster: {server: 'https://127.0.0.1:1'}}],
		users: [{name: 'a', user: {token: 'a'}}],
	};
	writeFileSync(path, JSON.stringify(config));
	return path;
}

/** Messages that the product puts together of several texts: they are provoked below. */
const composed =
	/^(the state directory|no agent|agent <name> is registered|ORCHESTRATOR_URL must|no orchestrator answers|no free slot|it answers|the attempt on the agent failed: it answers)/;

test('docs/troubleshooting.md has messages, and only words that the product says', () => {
	expect(messages.length).toBeGreaterThan(35);
	const product = projectFiles()
		.filter(({path}) => /^(source|agent)\//.test(path))
		.map(file => file.text)
		.join('\n');
	const parts = messages.filter(message => !composed.test(message)).flatMap(message => message.split(/<[^>]+>|…|: /));
	const words = parts.map(part => part.replace(/^[\s(;,)]+|[\s(;,)]+$/g, ''));
	expect(words.filter(part => part.length > 2 && !product.includes(part))).toEqual([]);
});

describe('the page explains what the command line says', () => {
	test.each([
		['no orchestrator', ['agents', '--state-dir', 'none']],
		['nobody at a URL', ['ps', '--url', 'http://127.0.0.1:1']],
		['no token', ['agent-manager-mode', '--host', '0.0.0.0', '--port', '0', '--state-dir', 'none']],
		['no file', ['run', 'missing.yml', '--state-dir', 'none']],
	])('%s', async (_, argv) => {
		const {status, stderr} = await runProgram(argv, {XDG_CONFIG_HOME: temporaryDirectory()});
		expect(status).toBeGreaterThan(1);
		expect(isExplained(stderr), stderr).toBe(true);
	});

	test.each([['no cluster', 'agents: [{name: a, type: kubernetes}]\ntasks: [{agent: a, command: "true"}]\n']])(
		'%s',
		async (_, workflow) => {
			const directory = temporaryDirectory();
			writeFileSync(join(directory, 'flow.yml'), workflow);
			const {status, stderr} = await runProgram([
				'run',
				join(directory, 'flow.yml'),
				'--state-dir',
				join(directory, 'state'),
				'--port',
				'0',
				'--kubeconfig',
				clusterOfNobody(directory),
			]);
			expect(status).toBe(3);
			expect(isExplained(stderr), stderr).toBe(true);
		},
	);

	test('a port and a state directory that others have', async () => {
		const directory = temporaryDirectory();
		const other = createServer().listen(0, '127.0.0.1');
		onTestFinished(() => void other.close());
		await once(other, 'listening');
		const {port} = other.address() as AddressInfo;
		const taken = await runProgram(['agent-manager-mode', '--port', String(port), '--state-dir', join(directory, 'state')]);
		expect(taken.status).toBe(3);
		expect(isExplained(taken.stderr), taken.stderr).toBe(true);

		const owned = openStateDirectory(join(directory, 'owned'), '1.2.3');
		onTestFinished(() => owned.close());
		const second = await runProgram(['agent-manager-mode', '--port', '0', '--state-dir', owned.path]);
		expect(second.status).toBe(3);
		expect(isExplained(second.stderr), second.stderr).toBe(true);
	});
});

describe('the page explains what the API says', () => {
	const valid = {name: 'a', type: 'b', url: 'http://127.0.0.1:5000'};
	test.each<[string, string, unknown, Record<string, string>]>([
		['a registration without url', '/register', {name: 'a', type: 'b'}, {}],
		['an address that is not dialled', '/register', {...valid, url: 'http://0.0.0.0:5000'}, {}],
		['a name that is taken', '/register', {...valid, name: 'local-agent'}, {}],
		['a file that is not there', '/workflow', {workflow: '../missing.yml'}, {}],
		['a name with dots', '/register', valid, {host: 'manager.example'}],
		['a web page', '/register', valid, {origin: 'http://page.example'}],
	])('%s', async (_, path, body, headers) => {
		const {call} = openOrchestra();
		const {detail} = await problemOf(await call('POST', path, body, headers));
		expect(isExplained(detail), detail).toBe(true);
	});

	test('a token that is missing', async () => {
		const {call} = openOrchestra({token: 'secret'});
		for (const reply of [await call('GET', '/v1/runs'), await call('POST', '/register', valid)]) {
			expect(reply.status).toBe(401);
			const {detail} = await problemOf(reply);
			expect(isExplained(detail), detail).toBe(true);
		}
	});

	test('why tasks wait', async () => {
		const {call, play} = openOrchestra({work: () => new Promise(() => undefined)});
		await play('busy', 1, {zone: 'a'});
		const workflow = `
agent_timeout: 1h
tasks:
  - {name: first, agent: busy, command: "true", depends_on: []}
  - {agent: busy, command: "true", depends_on: []}
  - {agent: nobody, command: "true", depends_on: []}
  - {agent: {labels: {zone: a, gpu: "yes"}}, command: "true", depends_on: []}
  - {command: "true", depends_on: [first]}
`;
		const submitted = await call('POST', '/v1/runs', workflow, {'content-type': 'application/yaml'});
		const {id} = (await submitted.json()) as RunDetail;
		const waiting = async () => {
			const {tasks} = (await (await call('GET', `/v1/runs/${id}`)).json()) as RunDetail;
			return tasks.flatMap(task => task.waiting ?? []);
		};
		await expect.poll(waiting).toHaveLength(4);
		expect((await waiting()).filter(reason => !isExplained(reason))).toEqual([]);
	});
});

describe('the page explains why an agent that is dialled is not used', () => {
	async function address(listener: RequestListener): Promise<Address> {
		const server = createServer(listener).listen(0, '127.0.0.1');
		onTestFinished(() => void server.close());
		await once(server, 'listening');
		return {agent: 'a', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
	}

	function open(): AgentCalls {
		const calls = createCalls({orchestrator: 'example', limits: {...defaultLimits, health_reply_bytes: 2}});
		onTestFinished(() => calls.close());
		return calls;
	}

	test.each<[string, RequestListener]>([
		['a redirect', (_, reply) => reply.writeHead(302, {location: 'https://login.example/'}).end()],
		['another status', (_, reply) => reply.writeHead(401).end()],
		['a large answer', (_, reply) => reply.end('large')],
	])('%s', async (_, listener) => {
		const error: unknown = await open()
			.health(await address(listener), AbortSignal.timeout(10_000))
			.catch((reason: unknown) => reason);
		expect(isExplained(String(error)), String(error)).toBe(true);
	});

	test.each([
		['another status', 500, ''],
		['no JSON', 200, 'hello'],
		['no status', 200, '{}'],
	])('%s for a task', (_, status, body) => {
		const {outcome} = readTaskReply({status, headers: {'content-length': String(body.length)}, body: Buffer.from(body)}) ?? {};
		expect(outcome).toMatchObject({status: 'failed'});
		expect(isExplained(outcome?.reason ?? ''), outcome?.reason).toBe(true);
	});
});
