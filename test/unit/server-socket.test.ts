import * as http from 'node:http';
import * as net from 'node:net';
import {expect, onTestFinished, test} from 'vitest';
import {createClient} from '../../source/client/client.ts';
import type {Listening} from '../../source/server/listen.ts';
import type {Orchestra, OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {testClock} from '../helpers/test-clock.ts';

const workflow = {tasks: [{name: 'a', command: 'x'}]};
const overNetwork = (request: Request) => fetch(request);

async function listening(options: OrchestraOptions = {}): Promise<{orchestra: Orchestra; url: string; close: Listening['close']}> {
	const orchestra = openOrchestra(options);
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	return {orchestra, url, close};
}

/** Sends a chunked body of so many bytes and resolves with the whole reply, or with the error that the connection ended in. */
function postChunked(url: string, path: string, bytes: number): Promise<{status: number | undefined; body: string}> {
	return new Promise((resolve, reject) => {
		const request = http.request(url + path, {method: 'POST', headers: {'content-type': 'application/json'}, agent: false}, response => {
			let body = '';
			response.setEncoding('utf8');
			response.on('data', chunk => (body += chunk));
			response.on('end', () => resolve({status: response.statusCode, body}));
			response.on('error', reject);
		});
		request.on('error', reject);
		for (let sent = 0; sent < bytes; sent += 1000) request.write(Buffer.alloc(1000, 0x20));
		request.end();
	});
}

test('the server answers on its port, and says why it cannot have one', async () => {
	const {orchestra, url} = await listening();
	expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
	expect(await (await fetch(`${url}/health`)).json()).toMatchObject({status: 'ok'});
	const port = Number(new URL(url).port);
	await expect(orchestra.server.listen({host: '127.0.0.1', port})).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringContaining(`cannot listen on 127.0.0.1, port ${port}: something else listens there`),
	});
	await expect(orchestra.server.listen({host: '192.0.2.1', port: 0})).rejects.toMatchObject({code: 'unavailable'});
});

test('an address that means all is reached at the loopback one', async () => {
	const orchestra = openOrchestra();
	const {url, close} = await orchestra.server.listen({host: '0.0.0.0', port: 0});
	onTestFinished(close);
	expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
	expect((await fetch(`${url}/health`)).status).toBe(200);
});

test('closing ends open streams in good order and does not wait for idle connections', async () => {
	const {orchestra, url, close} = await listening({work: () => new Promise(() => undefined)});
	const client = createClient({fetch: overNetwork, url});
	const {run} = await client.submitRun({text: JSON.stringify(workflow), directory: '/'});
	const log = `${url}/v1/runs/${run.id}/tasks/a/logs?follow=true`;
	const replies = await Promise.all(['/v1/events', `/v1/logs?follow=true`].map(path => fetch(url + path)).concat(fetch(log)));
	const texts = Promise.all(replies.map(reply => reply.text()));
	await close();
	expect(await texts).toEqual([expect.stringContaining('event: snapshot'), '', '']);
	await expect(client.health()).rejects.toMatchObject({code: 'unavailable'});
	expect(orchestra.warnings).toEqual([]);
});

test('a reply that takes too long does not keep the server from closing', async () => {
	const clock = testClock();
	const {orchestra, url, close} = await listening({clock});
	await orchestra.call('POST', '/register', {name: 'a', type: 'x', mode: 'pull'});
	const report = {session: 's', number: 1, held: [], free: 0, outcomes: [], logs: [], waitMs: 10_000};
	const held = fetch(`${url}/v1/agents/a/exchange`, {
		method: 'POST',
		body: JSON.stringify(report),
		headers: {'content-type': 'application/json'},
	});
	await expect.poll(() => [...orchestra.services.engine.state.sessions.keys()]).toEqual(['s']);
	const broken = expect(held).rejects.toThrow();
	const closed = close();
	await clock.pass(2000);
	await closed;
	await broken;
});

test('the headers of a stream come at once, also when there is nothing to send yet', async () => {
	const {orchestra, url} = await listening({work: () => new Promise(() => undefined)});
	await orchestra.call('POST', '/v1/runs', {workflow});
	for (const path of ['/v1/runs/latest/tasks/a/logs?follow=true', '/v1/logs?follow=true']) {
		const abort = new AbortController();
		const reply = await fetch(url + path, {signal: abort.signal});
		expect(reply.status, path).toBe(200);
		abort.abort();
	}
});

test('a client that goes away ends its stream here', async () => {
	const {orchestra, url} = await listening({work: () => new Promise(() => undefined)});
	await orchestra.call('POST', '/v1/runs', {workflow});
	const {logs} = orchestra.services;
	let open = 0;
	const subscribe = logs.subscribe.bind(logs);
	logs.subscribe = listener => {
		open++;
		const stop = subscribe(listener);
		return () => {
			open--;
			stop();
		};
	};
	const abort = new AbortController();
	const reply = await fetch(`${url}/v1/logs?follow=true`, {signal: abort.signal});
	await expect.poll(() => open).toBe(1);
	expect(reply.status).toBe(200);
	abort.abort();
	await expect.poll(() => open).toBe(0);
	expect((await fetch(`${url}/health`)).status).toBe(200);
	expect(orchestra.warnings).toEqual([]);
});

test('a slow reader of a log gets every byte, and the server reads no further ahead than a little', async () => {
	const chunk = Buffer.alloc(256 * 1024, 'x');
	const total = 128 * chunk.length;
	const {orchestra, url} = await listening({
		async work(_assignment, print) {
			for (let sent = 0; sent < total; sent += 16 * chunk.length) await print(Buffer.alloc(16 * chunk.length, 'x'));
			return {status: 'succeeded', exitCode: 0};
		},
	});
	const {run} = await createClient({fetch: orchestra.server.fetch, url}).submitRun({text: JSON.stringify(workflow), directory: '/'});
	await orchestra.ended(run.id);
	const {logs} = orchestra.services;
	let read = 0;
	const readLog = logs.read.bind(logs);
	logs.read = async (ref, offset, most) => {
		const slice = await readLog(ref, offset, most);
		read = slice.next;
		return slice;
	};
	const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
	socket.write(`GET /v1/runs/${run.id}/tasks/a/logs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
	socket.pause();
	await expect.poll(() => read).toBeGreaterThan(0);
	let before = -1;
	const stands = () => {
		const same = before === read;
		before = read;
		return same;
	};
	await expect.poll(stands, {interval: 100}).toBe(true);
	expect(read).toBeLessThan(total / 2);
	let received = 0;
	for await (const data of socket as AsyncIterable<Buffer>) received += data.length;
	expect(received).toBeGreaterThanOrEqual(total);
	expect(read).toBe(total);
});

test('a subscriber who does not read costs no memory for what it missed, and ends up with the newest', async () => {
	const {orchestra, url} = await listening();
	const {engine} = orchestra.services;
	const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
	socket.write('GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
	await new Promise(resolve => socket.once('data', resolve));
	socket.pause();
	const [times, bytes] = [150, 200_000];
	for (let slots = 1; slots <= times; slots++) {
		const labels = {filling: 'x'.repeat(bytes)};
		await engine.submit({type: 'agent-registered', at: 0, agent: {name: 'a', type: 'x', mode: 'pull', slots, labels}});
	}
	let received = 0;
	let last = '';
	for await (const data of socket as AsyncIterable<Buffer>) {
		received += data.length;
		last = (last + data.toString('latin1')).slice(-2 * bytes);
		if (last.includes(`id: life-one-${times}\n`) && last.endsWith('\n\n\r\n')) break;
	}
	expect(last).toContain(`"slots":${times}`);
	expect(received).toBeLessThan((times * bytes) / 2);
});

test('a body that is too large is refused whether its length is told or not, and the next request is served', async () => {
	const {url} = await listening({limits: {request_bytes: 20_000, exchange_bytes: 10_000, registration_bytes: 1000}});
	for (const [path, bytes] of [
		['/register', 5000],
		['/register', 50_000],
		['/v1/runs', 100_000],
		['/v1/agents/a/exchange', 15_000],
	] as const) {
		const told = await fetch(url + path, {method: 'POST', body: 'x'.repeat(bytes), headers: {'content-type': 'application/json'}});
		expect([told.status, ((await told.json()) as {code: string}).code], path).toEqual([413, 'too_large']);
		const untold = await postChunked(url, path, bytes);
		expect([untold.status, (JSON.parse(untold.body) as {code: string}).code], path).toEqual([413, 'too_large']);
		expect((await fetch(`${url}/health`)).status).toBe(200);
	}
});

test('a body that breaks off leaves no trace', async () => {
	const {orchestra, url} = await listening();
	const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
	socket.write('POST /register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"name":');
	await new Promise(resolve => setImmediate(resolve));
	socket.destroy();
	expect((await fetch(`${url}/health`)).status).toBe(200);
	expect(orchestra.warnings).toEqual([]);
	expect(orchestra.services.engine.state.agents.size).toBe(0);
});

test('what is no HTTP is refused by the connection, and the server lives on', async () => {
	const {url} = await listening();
	for (const text of [
		'GET\r\n\r\n',
		'\0\0\0\0\r\n\r\n',
		'GET / HTTP/1.1\r\n\r\n',
		'POST evil HTTP/1.1\r\nhost: x\r\n\r\n',
		'GET //evil.example/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
	]) {
		const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
		socket.write(text);
		let reply = '';
		for await (const data of socket as AsyncIterable<Buffer>) reply += data.toString();
		expect(reply, text).toMatch(/^HTTP\/1\.1 4\d\d/);
	}
	expect((await fetch(`${url}/health`)).status).toBe(200);
});
