import * as net from 'node:net';
import {expect, onTestFinished, test} from 'vitest';
import type {Clock} from '../../source/engine/clock.ts';
import {systemClock} from '../../source/engine/clock.ts';
import type {Orchestra, OrchestraOptions} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

async function listening(options: OrchestraOptions): Promise<{orchestra: Orchestra; url: string}> {
	const orchestra = openOrchestra(options);
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	return {orchestra, url};
}

/** Time stands still, but for what the test lets pass. */
function frozen(): Clock & {pass(ms: number): void} {
	let now = 0;
	return {
		...systemClock,
		monotonic: () => now,
		pass(ms) {
			now += ms;
		},
	};
}

/** Sends bytes, with a pause between any two, until the server has said all that it has to say. */
async function trickle(url: string, text: string): Promise<string> {
	const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
	let at = 0;
	const timer = setInterval(() => socket.writable && socket.write(text[at++] ?? ' '), 10);
	socket.on('error', () => undefined);
	let reply = '';
	for await (const data of socket as AsyncIterable<Buffer>) reply += data.toString();
	clearInterval(timer);
	return reply;
}

test('no more replies are followed at once than the limit says', async () => {
	const {orchestra, url} = await listening({limits: {streams: 2}, work: () => new Promise(() => undefined)});
	await orchestra.call('POST', '/v1/runs', {workflow: {tasks: [{name: 'a', command: 'x'}]}});
	const abort = new AbortController();
	// Held on to: fetch ends a reply that nobody can read any more once its memory is collected.
	const followed = await Promise.all(['/v1/events', '/v1/logs?follow=true'].map(path => fetch(url + path, {signal: abort.signal})));
	for (const path of ['/v1/events', '/v1/logs?follow=true', '/v1/runs/latest/tasks/a/logs?follow=true']) {
		const reply = await fetch(url + path);
		expect(reply.headers.get('retry-after'), path).toBe('10');
		expect(await problemOf(reply), path).toMatchObject({status: 429, code: 'limit', detail: expect.stringContaining('limit streams')});
	}
	expect(followed.map(({status}) => status)).toEqual([200, 200]);
	// What this process itself follows, for its screen or log view, is not what the limit is against.
	const own = await orchestra.call('GET', '/v1/events');
	expect(own.status).toBe(200);
	await own.body?.cancel();
	abort.abort();
	await expect.poll(async () => (await fetch(`${url}/v1/events`, {method: 'HEAD'})).status).toBe(200);
	// What only asks for the headers holds nothing.
	for (let count = 0; count < 3; count++) expect((await orchestra.call('HEAD', '/v1/events')).status).toBe(200);
});

test('requests of one address come no faster than the limit says, exchanges apart', async () => {
	const clock = frozen();
	const {orchestra, url} = await listening({limits: {request_rate: 5}, clock});
	for (let count = 0; count < 10; count++) expect((await fetch(`${url}/health`)).status).toBe(200);
	const reply = await fetch(`${url}/v1/runs`);
	expect(reply.headers.get('retry-after')).toBe('1');
	expect(await problemOf(reply)).toMatchObject({status: 429, code: 'limit', detail: expect.stringContaining('request_rate')});
	const exchange = {method: 'POST', body: '{}', headers: {'content-type': 'application/json'}};
	expect((await fetch(`${url}/v1/agents/a/exchange`, exchange)).status).toBe(400);
	expect((await orchestra.call('GET', '/v1/runs')).status).toBe(200);
	clock.pass(400);
	expect([(await fetch(`${url}/health`)).status, (await fetch(`${url}/health`)).status]).toEqual([200, 200]);
	expect((await fetch(`${url}/health`)).status).toBe(429);
});

test('who guesses tokens is not answered any more, and who knows it is', async () => {
	const clock = frozen();
	const {url} = await listening({token: 'sesame', limits: {refused_rate: 3}, clock});
	const status = async (token: string) => (await fetch(`${url}/v1/runs`, {headers: {authorization: `Bearer ${token}`}})).status;
	for (const token of ['a', 'b', 'c']) expect(await status(token)).toBe(401);
	const reply = await fetch(`${url}/v1/runs`);
	expect(Number(reply.headers.get('retry-after'))).toBe(20);
	expect(await problemOf(reply)).toMatchObject({status: 429, code: 'limit', detail: expect.stringContaining('refused_rate')});
	expect([await status('d'), await status('sesame')]).toEqual([429, 200]);
	clock.pass(20_000);
	expect([await status('e'), await status('f')]).toEqual([401, 429]);
});

test('a request that comes bit by bit is cut off', async () => {
	const {orchestra, url} = await listening({limits: {head_seconds: 0.2, request_seconds: 0.3}});
	const head = 'POST /register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n';
	const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
	socket.write(head);
	let slowBody = '';
	for await (const data of socket as AsyncIterable<Buffer>) slowBody += data.toString();
	for (const reply of [slowBody, await trickle(url, head)]) {
		expect(reply).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
		expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({
			status: 408,
			detail: expect.stringContaining('request_seconds (0.3)'),
		});
	}
	expect(orchestra.warnings).toEqual([]);
	expect((await fetch(`${url}/health`)).status).toBe(200);
});
