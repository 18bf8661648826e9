import {createHmac} from 'node:crypto';
import type {IncomingMessage, RequestListener} from 'node:http';
import * as net from 'node:net';
import {expect, onTestFinished, test} from 'vitest';
import type {CallsOptions} from '../../source/agents/calls.ts';
import {createCalls} from '../../source/agents/calls.ts';
import {answerJson, bodyOf, serve} from '../helpers/serve.ts';

const limits = {exchange_bytes: 1000, task_reply_bytes: 1000, health_reply_bytes: 100};
const orders = {session: '', answers: 0, leaseMs: 0, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false};
const report = {session: 's', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 0};
const task = {name: 'a', command: 'true', env: {}, run: 'r1', attempt: 1};

function open(options: Partial<CallsOptions> = {}) {
	const calls = createCalls({orchestrator: 'here', limits, ...options});
	onTestFinished(() => calls.close());
	const {signal} = new AbortController();
	return {
		health: (url: string, given = signal) => calls.health({agent: 'agent', url}, given),
		exchange: (url: string) => calls.exchange({agent: 'agent', url}, orders, signal),
		task: (url: string, given = signal) => calls.task({agent: 'agent', url}, task, given),
	};
}

/** All three calls to one program, as they are refused. */
async function refusals(answer: RequestListener): Promise<unknown[]> {
	const {url} = await serve(answer);
	const {health, exchange, task: give} = open();
	return Promise.all([health(url), exchange(url), give(url)].map(call => call.catch((error: unknown) => error)));
}

test('the calls go to their paths below that of the URL, with the token that is made for this agent and no other', async () => {
	const seen: IncomingMessage[] = [];
	const {url} = await serve((request, response) => {
		seen.push(request);
		answerJson(response, request.url?.endsWith('/exchange') ? report : {protocol: 1});
	});
	const {health, exchange, task: give} = open({token: 'sesame'});
	expect(await health(`${url}/agents/one/`)).toEqual({speech: 'exchange'});
	expect(await exchange(url)).toEqual(report);
	expect(await give(url)).toMatchObject({status: 200});
	expect(seen.map(request => `${request.method} ${request.url}`)).toEqual(['GET /agents/one/health', 'POST /v1/exchange', 'POST /task']);
	const token = createHmac('sha256', 'sesame').update('agent:agent').digest('base64url');
	for (const {headers} of seen) expect(headers).toMatchObject({authorization: `Bearer ${token}`, 'byoai-orchestrator': 'here'});
});

test('without a token none is sent; what is sent is JSON', async () => {
	const bodies: unknown[] = [];
	const {url} = await serve(async (request, response) => {
		bodies.push(request.headers.authorization, await bodyOf(request));
		answerJson(response, {});
	});
	await open().task(url);
	expect(bodies).toEqual([undefined, task]);
});

test.each([
	['{"protocol":1}', 'exchange'],
	['{"protocol":1,"slots":"many"}', 'exchange'],
	['{"protocol":2}', 'task'],
	['{"status":"healthy"}', 'task'],
	['OK', 'task'],
	['', 'task'],
	['null', 'task'],
])('who answers /health with %j is spoken to by %s', async (body, speech) => {
	const {url} = await serve((_request, response) => response.end(body));
	expect(await open().health(url)).toEqual({speech});
});

test('an agent that speaks the agent protocol says how many slots it has', async () => {
	const {url} = await serve((_request, response) => answerJson(response, {protocol: 1, slots: 4}));
	expect(await open().health(url)).toEqual({speech: 'exchange', slots: 4});
});

test('a redirect is not followed', async () => {
	const paths: unknown[] = [];
	const found = await refusals((request, response) => {
		paths.push(request.url);
		response.writeHead(302, {location: 'http://169.254.169.254/'}).end();
	});
	const message = 'it answers with a redirect (302 to http://169.254.169.254/), which is not followed: register the address that is meant';
	expect(found).toEqual(Array(3).fill(expect.objectContaining({code: 'malformed', message})));
	expect(paths).toHaveLength(3);
});

test('what is larger than its limit is refused while it comes', async () => {
	const found = await refusals((_request, response) => {
		response.write('x'.repeat(2000));
		response.on('close', () => response.end());
	});
	expect(found).toEqual(
		['health_reply_bytes', 'exchange_bytes', 'task_reply_bytes'].map(limit =>
			expect.objectContaining({code: 'too_large', message: expect.stringContaining(`larger than the limit ${limit}`)}),
		),
	);
});

test('a connection that is closed without an answer, or in the midst of one, is broken', async () => {
	const closing = await refusals(request => request.socket.destroy());
	const midst = await refusals((_request, response) => {
		response.writeHead(200, {'content-length': 50});
		response.write('{"status"', () => response.destroy());
	});
	for (const found of [...closing, ...midst]) {
		expect(found).toMatchObject({code: 'unavailable', message: expect.stringMatching(/^127\.0\.0\.1:\d+: the connection broke off$/)});
	}
});

test('who does not listen is told apart from who does not answer', async () => {
	const {url, kill} = await serve(() => undefined);
	const abort = new AbortController();
	const hanging = open().health(url, abort.signal);
	abort.abort();
	await expect(hanging).rejects.toMatchObject({code: 'unavailable'});
	await kill();
	await expect(open().health(url)).rejects.toMatchObject({message: expect.stringContaining('nothing listens there (connection refused)')});
});

test('statuses are told in words, with what the agent says of them on one line', async () => {
	const {url} = await serve((request, response) => {
		if (request.url === '/health') answerJson(response, {detail: 'no\n\u001b[31mdisk'}, 500);
		else answerJson(response, {detail: 'who are you?'}, 401);
	});
	const {health, exchange} = open();
	await expect(health(url)).rejects.toMatchObject({message: 'it answers /health with 500 (no [31mdisk)'});
	await expect(exchange(url)).rejects.toMatchObject({
		code: 'unauthorized',
		message: 'it answers /v1/exchange with 401 (who are you?); it must have the BYOAI_TOKEN of this orchestrator, or what derives from it',
	});
});

test('something else than HTTP, and something else than a Report, are garbage in words', async () => {
	const server = net.createServer(socket => socket.end('220 mail.example ESMTP\r\n'));
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void server.close());
	const {port} = server.address() as net.AddressInfo;
	await expect(open().health(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining('Parse Error'),
	});
	const {url} = await serve((request, response) => (request.url === '/no' ? response.end() : answerJson(response, {...report, free: -1})));
	await expect(open().exchange(url)).rejects.toMatchObject({
		code: 'malformed',
		message: 'its answer to POST /v1/exchange is no Report: free must be a whole number from 0 on',
	});
});

test('an address that must not be dialled is not, whatever the registration says', async () => {
	await expect(open().health('http://169.254.169.254')).rejects.toMatchObject({code: 'forbidden'});
	await expect(open().task('http://[::ffff:a9fe:a9fe]')).rejects.toMatchObject({code: 'forbidden'});
});

test('an answer whose head takes its time is waited for, and a kept connection that was closed meanwhile is no failure', async () => {
	const kept: net.Socket[] = [];
	const answers = Promise.withResolvers<void>();
	const {url} = await serve(async (request, response) => {
		if (request.url === '/task') await answers.promise;
		else kept.push(request.socket);
		answerJson(response, report);
	});
	const {exchange, task: give} = open();
	const slow = give(url);
	await exchange(url);
	await exchange(url);
	expect(new Set(kept).size).toBe(1);
	// As if it had been closed in the same moment: it breaks when it is used again.
	kept[0]?.prependOnceListener('data', () => kept[0]?.resetAndDestroy());
	expect(await exchange(url)).toEqual(report);
	expect(new Set(kept).size).toBe(2);
	answers.resolve();
	expect((await slow).status).toBe(200);
});
