import type {RequestListener} from 'node:http';
import {expect, onTestFinished, test} from 'vitest';
import {HealthChecks} from '../../source/agents/health-checks.ts';
import type {RunDetail} from '../../source/protocol/views.ts';
import {BasicAgent} from '../helpers/basic-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {answerJson, serve} from '../helpers/serve.ts';
import {SessionAgent} from '../helpers/session-agent.ts';
import {testClock} from '../helpers/test-clock.ts';

const intervals = {silentMs: 600, leaseMs: 2000};

async function register({call}: Orchestra, more: object): Promise<void> {
	const reply = await call('POST', '/register', {name: 'far', type: 'test', ...more});
	expect(reply.status, await reply.text()).toBe(200);
}

async function submit({call}: Orchestra, ...names: string[]): Promise<string> {
	const tasks = names.map(name => ({name, command: 'true', agent: 'far', depends_on: []}));
	return ((await (await call('POST', '/v1/runs', {workflow: {tasks}})).json()) as RunDetail).id;
}

async function statuses({call}: Orchestra, run: string): Promise<string[]> {
	const {tasks} = (await (await call('GET', `/v1/runs/${run}`)).json()) as RunDetail;
	return tasks.map(({status, attempts}) => `${status} ${attempts.length}`);
}

function row({services}: Orchestra) {
	services.views.refresh();
	return services.views.snapshot().agents.find(({id}) => id === 'far');
}

const sessionsOf = ({services}: Orchestra) => [...services.engine.state.sessions.values()];

test('a basic agent that moves ends at its old address what it runs there, and gets the next at the new one', async () => {
	const orchestra = openOrchestra({intervals});
	const [old, next] = [await BasicAgent.start(), await BasicAgent.start({reply: () => ({status: 'success'})})];
	await register(orchestra, {url: old.url});
	const run = await submit(orchestra, 'a', 'b');
	await expect.poll(() => old.open.length).toBe(1);
	await register(orchestra, {url: next.url});
	await expect.poll(() => statuses(orchestra, run)).toEqual(['running 1', 'succeeded 1']);
	for (const response of old.open) answerJson(response, {status: 'success'});
	await orchestra.ended(run);
	expect(old.asked.map(({name}) => name)).toEqual(['a']);
	await expect.poll(() => sessionsOf(orchestra)).toHaveLength(1);
	expect(row(orchestra)).toMatchObject({status: 'online'});
});

test('an agent that is dialled and moves goes on with what it runs; at both addresses it may be the same program', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = new SessionAgent('far', 2);
	onTestFinished(() => agent.kill());
	await agent.join(orchestra, 'push');
	const run = await submit(orchestra, 'a', 'b');
	await expect.poll(() => agent.running).toEqual(['a', 'b']);
	agent.end('a');
	await register(orchestra, {url: `${agent.url}/`, slots: 2});
	agent.end('b');
	await orchestra.ended(run);
	expect(agent.begun).toHaveLength(2);
	const next = await submit(orchestra, 'c');
	await expect.poll(() => agent.running).toEqual(['c']);
	agent.end('c');
	await orchestra.ended(next);
	expect(sessionsOf(orchestra)).toMatchObject([{id: agent.session.id}]);
});

test('a change of slots holds as well, and one to mode pull ends the dialling', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start();
	await register(orchestra, {url: agent.url});
	const run = await submit(orchestra, 'a', 'b', 'c');
	await expect.poll(() => agent.open.length).toBe(1);
	await register(orchestra, {url: agent.url, slots: 2});
	await expect.poll(() => agent.open.length).toBe(3);
	for (const response of agent.open) answerJson(response, {status: 'success'});
	await orchestra.ended(run);
	await register(orchestra, {url: agent.url, mode: 'pull'});
	await expect.poll(() => sessionsOf(orchestra)).toEqual([]);
	expect(row(orchestra)?.status).toBe('lost');
});

test('one that is removed is not called any more', async () => {
	const orchestra = openOrchestra({intervals});
	const {engine, clock} = orchestra.services;
	const agent = await BasicAgent.start();
	await register(orchestra, {url: agent.url});
	await expect.poll(() => sessionsOf(orchestra)).toHaveLength(1);
	await engine.submit({type: 'agent-removed', at: clock.now(), agent: 'far'});
	expect(sessionsOf(orchestra)).toEqual([]);
	expect(row(orchestra)).toBeUndefined();
	await register(orchestra, {url: agent.url});
	await expect.poll(() => sessionsOf(orchestra)).toHaveLength(1);
});

test('a basic agent in whose place one stands that speaks the agent protocol is spoken to by it, and the other way round', async () => {
	const orchestra = openOrchestra({intervals});
	const basic = await BasicAgent.start({reply: () => ({status: 'success'})});
	await register(orchestra, {url: basic.url});
	await expect.poll(() => sessionsOf(orchestra)).toMatchObject([{basic: true}]);
	const port = Number(new URL(basic.url).port);
	await basic.kill();
	const agent = new SessionAgent('far', 1);
	await agent.join(orchestra, 'push', port);
	await expect.poll(() => sessionsOf(orchestra), {timeout: 5000}).toMatchObject([{id: agent.session.id}]);
	await agent.kill();
	await basic.listen();
	const run = await submit(orchestra, 'a');
	await orchestra.ended(run);
	expect(basic.asked).toHaveLength(1);
}, 15_000);

test.each<[string, RequestListener, string]>([
	['nonsense', (_request, response) => response.end('hello'), 'its answer to POST /v1/exchange is no JSON'],
	['no Report', (_request, response) => answerJson(response, {}), 'its answer to POST /v1/exchange is no Report: session must be a string'],
	[
		'a conflict',
		(_request, response) => answerJson(response, {detail: 'bound to another'}, 409),
		'it answers /v1/exchange with 409 (bound to another)',
	],
	['no entry', (_request, response) => answerJson(response, {}, 401), 'it must have the BYOAI_TOKEN of this orchestrator'],
	['a redirect', (_request, response) => response.writeHead(301).end(), 'it answers with a redirect (301), which is not followed'],
	['no such call', (_request, response) => answerJson(response, {}, 404), 'it does not know the agent protocol any more: asking it anew'],
	['a closed door', request => request.socket.destroy(), 'the connection broke off'],
	['silence', () => undefined, 'no answer within 0.6 s'],
])('an agent that answers an exchange with %s is not used, and its row says why', async (_what, answer, problem) => {
	const orchestra = openOrchestra({intervals});
	const {url} = await serve((request, response) => {
		if (request.url === '/health') answerJson(response, {protocol: 1});
		else answer(request, response);
	});
	await register(orchestra, {url});
	await expect.poll(() => row(orchestra), {timeout: 5000}).toMatchObject({status: 'lost', problem: expect.stringContaining(problem)});
	expect(sessionsOf(orchestra)).toEqual([]);
	expect(orchestra.warnings).toEqual([]);
});

test('contacts begin anew with each start of the orchestrator', async () => {
	const before = openOrchestra({intervals});
	const agent = await BasicAgent.start({reply: () => ({status: 'success'})});
	await register(before, {url: agent.url});
	await expect.poll(() => row(before)?.status).toBe('online');
	await before.close();
	agent.health = 503;
	const after = openOrchestra({world: before.world, intervals});
	await expect.poll(() => row(after)).toMatchObject({status: 'starting', problem: expect.stringContaining('503')});
	agent.health = 200;
	const run = await submit(after, 'a');
	await after.ended(run);
});

test('a bounded number is asked for health at once; who does not answer makes room in time, and a new one comes first', async () => {
	const clock = testClock();
	const asked: string[] = [];
	const never = () => Promise.reject(new Error('not called'));
	const checks = new HealthChecks({
		clock,
		most: 2,
		calls: {
			exchange: never,
			task: never,
			health: ({agent}, signal) => {
				asked.push(agent);
				return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
			},
		},
	});
	const abort = new AbortController();
	const ask = (agent: string, first = false) =>
		checks.ask({agent, url: 'http://x'}, abort.signal, {first}).catch((error: Error) => error.message);
	const answers = ['a', 'b', 'c', 'd'].map(agent => ask(agent));
	answers.push(ask('new', true));
	await clock.pass(2999);
	expect(asked).toEqual(['a', 'b']);
	await clock.pass(2);
	expect(asked).toEqual(['a', 'b', 'new', 'c']);
	abort.abort();
	expect(await Promise.all(answers)).toEqual([...Array(2).fill('no answer to /health within 3 s'), 'aborted', 'given up', 'aborted']);
	expect(asked).toHaveLength(4);
});

test('a thousand agents that do not answer are asked in turn, and one that does is found among them', async () => {
	const orchestra = openOrchestra({intervals, limits: {health_checks: 8}});
	const {engine, clock} = orchestra.services;
	let open = 0;
	let most = 0;
	const silent = await serve((_request, response) => {
		most = Math.max(most, ++open);
		response.on('close', () => open--);
	});
	const agent = (index: number) => ({name: `dead${index}`, type: 'test', mode: 'push' as const, slots: 1, labels: {}, url: silent.url});
	await Promise.all(
		Array.from({length: 1000}, (_, index) => engine.submit({type: 'agent-registered', at: clock.now(), agent: agent(index)})),
	);
	await expect.poll(() => open).toBe(8);
	const basic = await BasicAgent.start({reply: () => ({status: 'success'})});
	await register(orchestra, {url: basic.url});
	await expect.poll(() => row(orchestra)?.status, {timeout: 8000}).toBe('online');
	expect(most).toBeLessThanOrEqual(8);
}, 15_000);

test('closing gives up what is under way', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start();
	await register(orchestra, {url: agent.url});
	await submit(orchestra, 'a');
	await expect.poll(() => agent.open.length).toBe(1);
	const closed = new Promise(resolve => agent.open[0]?.on('close', () => resolve('closed')));
	await orchestra.close();
	expect(await closed).toBe('closed');
	expect(orchestra.fatal).toEqual([]);
});
