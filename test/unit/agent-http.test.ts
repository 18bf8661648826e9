import {once} from 'node:events';
import {connect} from 'node:net';
import {beforeEach, describe, expect, onTestFinished, test} from 'vitest';
import {Access} from '../../agent/access.ts';
import type {Call, HttpOptions} from '../../agent/http.ts';
import {HttpServer} from '../../agent/http.ts';
import {defaultLimits} from '../../source/model/limits.ts';
import {problemOf} from '../helpers/problem.ts';

let url: string;
let port: number;
let server: HttpServer;
let said: string[];
let answer: (call: Call) => unknown;

async function start(options: Partial<HttpOptions> = {}): Promise<void> {
	server = new HttpServer({
		access: new Access({agent: 'a', token: 'secret', open: false}),
		routes: {
			'/health': {method: 'GET', limit: 'request_bytes', open: true, answer: () => ({status: 'ok'})},
			'/small': {method: 'POST', limit: 'registration_bytes', answer: call => answer(call)},
		},
		say: message => said.push(message),
		...options,
	});
	({port} = await server.listen('127.0.0.1', 0));
	url = `http://127.0.0.1:${port}`;
	onTestFinished(() => server.close());
}

const authorization = 'Bearer secret';

function post(body: string | ReadableStream, init: RequestInit = {}): Promise<Response> {
	return fetch(`${url}/small`, {method: 'POST', headers: {authorization}, body, ...init});
}

/** What is answered to these bytes, until the connection closes. */
async function raw(text: string): Promise<string> {
	const socket = connect(port, '127.0.0.1');
	let answered = '';
	socket.on('data', data => {
		answered += data;
	});
	socket.write(text);
	await once(socket, 'close');
	return answered;
}

beforeEach(() => {
	said = [];
	answer = ({body}) => ({body});
});

describe('a request', () => {
	beforeEach(() => start());

	test('is answered with JSON', async () => {
		const reply = await post('{"a": [1]}');
		expect(reply.status).toBe(200);
		expect(reply.headers.get('content-type')).toBe('application/json');
		expect(await reply.json()).toEqual({body: {a: [1]}});
	});

	test('for health needs no token, and HEAD has no body', async () => {
		expect(await (await fetch(`${url}/health?x=1`)).json()).toEqual({status: 'ok'});
		const reply = await fetch(`${url}/health`, {method: 'HEAD'});
		expect([reply.status, reply.headers.get('content-length'), await reply.text()]).toEqual([200, '15', '']);
	});

	test.each<[string, () => Promise<Response>, number, string]>([
		['to nowhere', () => fetch(`${url}/nothing`), 404, 'an agent has /health, /small, and not /nothing'],
		['to a word of JavaScript', () => fetch(`${url}/constructor`), 404, '/constructor'],
		['by a wrong method', () => fetch(`${url}/small`, {headers: {authorization}}), 405, 'this takes POST, not GET'],
		['without a token', () => post('{}', {headers: {}}), 401, 'no token, or a wrong one'],
		['without a body', () => post(''), 400, 'the body is no JSON'],
		['that is no JSON', () => post('{"a":'), 400, 'the body is no JSON'],
		[
			'that is too large',
			() => post('x'.repeat(defaultLimits.registration_bytes + 1)),
			413,
			'the limit registration_bytes permits (65536 bytes)',
		],
	])('%s is refused in words', async (_, send, status, detail) => {
		const reply = await send();
		expect(reply.status).toBe(status);
		expect((await problemOf(reply)).detail).toContain(detail);
		expect(said).toEqual([]);
	});

	test('by a wrong method hears of the right one; without a token, of the scheme', async () => {
		expect((await fetch(`${url}/health`, {method: 'DELETE'})).headers.get('allow')).toBe('GET, HEAD');
		expect((await post('{}', {headers: {}})).headers.get('www-authenticate')).toBe('Bearer');
	});

	test('that is too large and does not say so is refused all the same, and the connection goes on', async () => {
		const much = new ReadableStream({
			start(controller) {
				for (let index = 0; index < 10; index += 1) controller.enqueue(new Uint8Array(10_000));
				controller.close();
			},
		});
		expect((await post(much, {duplex: 'half'} as RequestInit)).status).toBe(413);
		expect((await post('1')).status).toBe(200);
	});

	test('that waits for 100 Continue is told to go on when it is admitted, and else is answered', async () => {
		const head = (token: string) =>
			`POST /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\nExpect: 100-continue\r\n${token}\r\n`;
		expect(await raw(`${head('Authorization: Bearer secret\r\n')}{}`)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
		expect(await raw(`${head('')}{}`)).toMatch(/^HTTP\/1.1 401 /);
	});

	test.each([
		['that is no HTTP', 'hello\r\n\r\n', 400],
		['with two lengths', 'POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400],
		['with too large a head', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
	])('%s is refused and the connection closed', async (_, text, status) => {
		const answered = await raw(text);
		expect(answered).toContain(`HTTP/1.1 ${status} `);
		expect(JSON.parse(answered.split('\r\n\r\n')[1] ?? '')).toMatchObject({status, detail: expect.any(String)});
	});

	test('that meets a bug is answered with 500, and the bug is told', async () => {
		answer = () => {
			throw new TypeError('oops');
		};
		const reply = await post('{}');
		expect(await problemOf(reply)).toMatchObject({status: 500, code: 'internal', detail: expect.not.stringContaining('oops')});
		expect(said).toEqual([expect.stringContaining('TypeError: oops')]);
	});

	test('whose sender hangs up aborts the work, and nobody is answered', async () => {
		const sender = new AbortController();
		let begun: () => void;
		const running = new Promise<void>(resolve => {
			begun = resolve;
		});
		const aborted = new Promise<void>(resolve => {
			answer = async ({gone}) => {
				begun();
				await once(gone, 'abort');
				resolve();
				return {};
			};
		});
		const reply = post('{}', {signal: sender.signal});
		await running;
		sender.abort();
		await expect(reply).rejects.toThrow();
		await aborted;
		expect((await fetch(`${url}/health`)).status).toBe(200);
		expect(said).toEqual([]);
	});
});

describe('a slow request', () => {
	test.each([
		['head', 'POST /small HTTP/1.1\r\nHost: x\r\n'],
		['body', 'POST /small HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nContent-Length: 100\r\n\r\n{'],
	])('is cut off with 408: its %s', async (_, text) => {
		await start({headMs: 100, requestMs: 200});
		expect(await raw(text)).toMatch(/^HTTP\/1.1 408 .*"detail":"the request did not come in time"/s);
		expect(said).toEqual([]);
	});

	test('is none whose answer takes long', async () => {
		await start({headMs: 1000, requestMs: 1000});
		answer = () => new Promise(resolve => setTimeout(() => resolve({late: true}), 1500));
		expect(await (await post('{}')).json()).toEqual({late: true});
	});
});

test('an end lets answers out that are ready, and closes connections that idle', async () => {
	await start();
	let finish: (value: unknown) => void = () => undefined;
	answer = () =>
		new Promise(resolve => {
			finish = resolve;
		});
	const reply = post('{}');
	await expect.poll(() => finish.length).toBe(1);
	const closed = server.close();
	finish({done: true});
	expect(await (await reply).json()).toEqual({done: true});
	await closed;
	await expect(fetch(url)).rejects.toThrow();
});
