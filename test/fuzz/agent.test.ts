import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as fc from 'fast-check';
import {expect, onTestFinished, test} from 'vitest';
import {Agent} from '../../agent/agent.ts';
import {Dialled} from '../../agent/dialled.ts';
import {Guard} from '../../agent/guard.ts';
import {serve} from '../../agent/serve.ts';
import {Session} from '../../agent/session.ts';
import {readSettings} from '../../agent/settings.ts';
import {problemDetails} from '../../source/server/schemas/problem.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';
import {fuzz, fuzzTimeout} from './fuzz.ts';
import {anyOrders, anyTask, harmlessly, nearly} from './messages.ts';
import type {WildRequest} from './requests.ts';
import {anyHead, talk} from './socket.ts';
import {anyJson, anyText} from './texts.ts';

type Served = {readonly url: string; readonly agent: Agent; readonly said: readonly string[]; readonly directory: string};

/** An agent that is dialled, over a real socket, whose commands run in a directory of its own; its watchdog does nothing. */
async function served(): Promise<Served> {
	const directory = temporaryDirectory();
	const said: string[] = [];
	const program = join(directory, 'watchdog.mjs');
	writeFileSync(program, 'process.stdin.resume(); process.stdout.write("watching\\n");');
	const guard = new Guard({program, directory, instanceDirectory: undefined, environment: {}, say: () => undefined});
	onTestFinished(() => guard.close());
	const say = (message: string) => void said.push(message);
	const agent = new Agent({
		session: new Session('s', 2),
		guard,
		directory,
		spoolBytes: 10_000,
		environment: {PATH: process.env.PATH ?? ''},
		say,
	});
	onTestFinished(() => agent.close());
	const settings = readSettings({AGENT_NAME: 'a', AGENT_API_PORT: '0', AGENT_SLOTS: '2'});
	const serving = await serve({settings, agent, dialled: new Dialled({agent, say}), say});
	onTestFinished(() => serving.close());
	return {url: serving.url ?? '', agent, said, directory};
}

async function expectAnswer(reply: Response, {said}: Served): Promise<void> {
	const text = await reply.text();
	if (reply.status >= 400) {
		const problem = problemDetails.parse(JSON.parse(text));
		// The only fault that is no caller's: it takes nothing at the moment.
		if (reply.status >= 500) expect(`${reply.status} ${problem.code}`).toMatch(/^503 (unavailable|stopping)$/);
		expect(problem.detail.length).toBeGreaterThan(5);
	}
	expect(said.filter(line => /^\s+at |TypeError|RangeError/.test(line))).toEqual([]);
}

/** Releases the answers that are held back: to whoever knows nothing of the session the agent answers at once. */
const stranger = {session: '', answers: 0, leaseMs: 60_000, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false};

const bodies = fc.oneof(
	{weight: 4, arbitrary: harmlessly(anyOrders(['r1'], 's')).map(body => ['/v1/exchange', body] as const)},
	{weight: 2, arbitrary: harmlessly(anyTask).map(body => ['/task', body] as const)},
	{weight: 1, arbitrary: fc.tuple(fc.constantFrom('/v1/exchange', '/task', '/health', '/x'), anyJson)},
);

test('whatever an agent is ordered or asked, it answers, and refuses in words', fuzzTimeout, async () => {
	const agent = await served();
	const post = (path: string, body: unknown) =>
		fetch(agent.url + path, {method: 'POST', headers: {'byoai-orchestrator': 'o'}, body: JSON.stringify(body)?.toWellFormed() ?? ''});
	const property = fc.asyncProperty(fc.array(bodies, {minLength: 1, maxLength: 3}), async requests => {
		const replies = requests.map(([path, body]) => post(path, body));
		const exchanges = requests.filter(([path]) => path === '/v1/exchange').length;
		// Each of those that are held is released by one that comes later.
		const releasing = setInterval(() => void post('/v1/exchange', stranger).then(reply => reply.text()), exchanges > 0 ? 10 : 1000);
		try {
			for (const reply of await Promise.all(replies)) await expectAnswer(reply, agent);
		} finally {
			clearInterval(releasing);
		}
		const health = (await (await fetch(`${agent.url}/health`)).json()) as {free: number; slots: number};
		expect(health.free).toBeGreaterThanOrEqual(0);
		expect(health.free).toBeLessThanOrEqual(health.slots);
	});
	await fuzz('agent-api', property, {runs: 40});
});

test('whatever bytes an agent gets over a socket, it answers or drops them', fuzzTimeout, async () => {
	const agent = await served();
	const request = fc.record({
		method: fc.constantFrom('GET', 'POST', 'POST', 'HEAD', 'BREW'),
		target: fc.oneof(
			fc.constantFrom('/health', '/task', '/v1/exchange', '/task?x=1', '//task', '/__proto__'),
			anyText.map(text => `/${encodeURIComponent(text.slice(0, 1000).toWellFormed())}`),
		),
		headers: fc.constantFrom<WildRequest['headers']>(
			[],
			[['origin', 'http://evil.example']],
			[['authorization', 'Bearer x']],
			[['content-type', 'text/plain']],
		),
		body: fc.oneof(nearly(fc.constant(stranger)), anyJson).map(value => Buffer.from(JSON.stringify(value).toWellFormed())),
	});
	const property = fc.asyncProperty(anyHead(request), async pieces => {
		const reply = await talk(Number(new URL(agent.url).port), pieces);
		for (const [, status] of reply.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) expect(status, reply.slice(0, 500)).toMatch(/^[1-4]|503/);
		expect((await fetch(`${agent.url}/health`)).status).toBe(200);
		expect(agent.said.filter(line => /^\s+at |TypeError|RangeError/.test(line))).toEqual([]);
	});
	await fuzz('agent-socket', property, {runs: 100});
});
