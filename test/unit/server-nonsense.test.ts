import {expect, test} from 'vitest';
import type {RunDetail} from '../../source/protocol/views.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const values: readonly unknown[] = [
	null,
	true,
	0,
	-1,
	1e308,
	'',
	'x',
	'../..',
	'a\0b',
	'💥\ud800',
	'x'.repeat(5000),
	[],
	[[]],
	{},
	{a: {}},
];
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '%00', '%2e%2e', '..%2f..', '%F0%9F%92%A5', '*', 'x'.repeat(3000)];
const json = {'content-type': 'application/json'};
const report = {session: 's1', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 0};

/** Every refusal is a problem with a reason; nothing is the server's own fault. */
async function refused(orchestra: Orchestra, reply: Response, what: string): Promise<void> {
	expect(reply.status, what).toBeLessThan(500);
	expect(reply.status, what).toBeGreaterThanOrEqual(400);
	expect((await problemOf(reply)).detail, what).not.toBe('');
	expect(orchestra.warnings, what).toEqual([]);
}

test('bodies of all kinds are refused with a reason', async () => {
	const orchestra = openOrchestra();
	const valid: Record<string, Record<string, unknown>> = {
		'/register': {name: 'a', type: 'x', mode: 'pull', slots: 1, labels: {a: 'b'}, url: 'http://h'},
		'/workflow': {workflow: 'a.yml', params: {}},
		'/v1/runs': {text: 'tasks: []', directory: '/', params: {}, resume: false},
		'/v1/agents/a/exchange': report,
	};
	for (const [path, body] of Object.entries(valid)) {
		for (const value of values) {
			if (value !== undefined) await refused(orchestra, await orchestra.call('POST', path, value), `${path} ${JSON.stringify(value)}`);
			for (const key of Object.keys(body)) {
				const reply = await orchestra.call('POST', path, {...body, [key]: value});
				expect(reply.status, `${path} ${key}: ${JSON.stringify(value)}`).toBeLessThan(500);
			}
		}
		for (const text of ['', '{', '{"a":', 'nul', '\ufeff{}', '[1,]', '\u0000']) {
			const reply = await orchestra.call('POST', path, text, json);
			await refused(orchestra, reply, `${path} ${JSON.stringify(text)}`);
		}
	}
	expect(orchestra.warnings).toEqual([]);
});

test('an invalid body is answered with what is wrong where', async () => {
	const orchestra = openOrchestra();
	const body = {name: 'a b', type: 7, mode: 'pull', slots: 0};
	const problem = await problemOf(await orchestra.call('POST', '/register', body));
	expect(problem).toMatchObject({status: 422, code: 'invalid'});
	expect(problem.errors?.map(({path}) => path)).toEqual(['name', 'type', 'slots']);
	const malformed = await problemOf(await orchestra.call('POST', '/register', '{', json));
	expect(malformed).toMatchObject({status: 400, code: 'malformed'});
	expect(await problemOf(await orchestra.call('POST', '/workflow', {workflow: 'a.yml', parms: {}}))).toMatchObject({
		status: 422,
		errors: [{message: expect.stringContaining('parms')}],
	});
});

test('a workflow of any type but YAML and JSON is refused', async () => {
	const orchestra = openOrchestra();
	for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '', ';']) {
		const reply = await orchestra.call('POST', '/v1/runs', 'tasks: []', {'content-type': type});
		expect(await problemOf(reply), type).toMatchObject({status: 415, code: 'malformed'});
	}
	for (const text of ['', 'x', '- a', '{', '\u0000', '%YAML 9', '&a *a', 'tasks: {}', `${'['.repeat(1000)}`]) {
		const reply = await orchestra.call('POST', '/v1/runs', text, {'content-type': 'application/yaml; charset=utf-8'});
		expect(await problemOf(reply), text).toMatchObject({status: 422, code: 'invalid'});
	}
});

test('a body is JSON, said or unsaid, and nothing else', async () => {
	const orchestra = openOrchestra();
	const agent = JSON.stringify({name: 'a', type: 'x', mode: 'pull'});
	for (const type of [
		'application/json',
		'Application/JSON; charset=utf-8',
		'application/vnd.x+json',
		'',
		'application/x-www-form-urlencoded',
	]) {
		expect((await orchestra.call('POST', '/register', agent, {'content-type': type})).status, type).toBe(200);
	}
	for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonx', 'x']) {
		const reply = await orchestra.call('POST', '/register', agent, {'content-type': type});
		expect(reply.headers.get('accept'), type).toBe('application/json');
		expect(await problemOf(reply), type).toMatchObject({status: 415, detail: expect.stringContaining('application/json')});
	}
});

test('queries that nobody understands are refused', async () => {
	const orchestra = openOrchestra();
	const workflow = {tasks: [{name: 'a', command: 'x'}]};
	const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail;
	await orchestra.ended(id);
	const log = '/v1/runs/latest/tasks/a/logs';
	const queries = [
		...['limit=0', 'limit=1001', 'limit=x', 'limit=-1', 'limit=1e3', 'limit=1.5', `limit=${'9'.repeat(50)}`].map(
			query => `/v1/runs?${query}`,
		),
		...['status=done', 'before=', 'folow=true', '__proto__=1', 'constructor=1', `before=${'x'.repeat(200)}`].map(
			query => `/v1/runs?${query}`,
		),
		...['offset=-1', 'offset=9999999999999999', 'attempt=0', 'attempt=x', 'follow=yes', 'stream=both', 'format=xml', 'x=1'].map(
			query => `${log}?${query}`,
		),
		...['since=yesterday', 'since=', 'since=-1h', 'since=2026-99-99', 'grep=', 'follow=1', 'task=', 'run='].map(
			query => `/v1/logs?${query}`,
		),
		'/v1/runs/latest?verbose=1',
		'/v1/agents?all',
	];
	for (const path of queries) {
		const problem = await problemOf(await orchestra.call('GET', path));
		expect(problem, path).toMatchObject({status: 400, code: 'malformed', errors: expect.any(Array)});
	}
});

test('strange names are not found, and never the server’s fault', async () => {
	const orchestra = openOrchestra();
	for (const name of names) {
		for (const path of [`/v1/runs/${name}`, `/v1/runs/${name}/tasks/${name}/logs`, `/v1/logs?run=${name.slice(0, 90)}`]) {
			// Dots, encoded or not, lead up already where the URL is read: that is another path.
			if (new URL(path, 'http://localhost').pathname === '/v1/logs' && !path.startsWith('/v1/logs')) continue;
			await refused(orchestra, await orchestra.call('GET', path), path);
		}
		await refused(orchestra, await orchestra.call('POST', `/v1/runs/${name}/cancel`, {}), name);
		await refused(orchestra, await orchestra.call('POST', `/v1/agents/${name}/exchange`, report), name);
		await refused(orchestra, await orchestra.call('POST', '/workflow', {workflow: name}), name);
		await refused(orchestra, await orchestra.call('POST', '/register', {name, type: 'x', mode: 'pull'}), name);
	}
	for (const path of ['/%', '/v1/runs/%ff', '/v1/runs/%c3%28', '//', '/v1//runs', '/v1/runs/a/b/c', '/health/x', '/V1/RUNS']) {
		await refused(orchestra, await orchestra.call('GET', path), path);
	}
});

test('a report that names what every object has changes nothing', async () => {
	const orchestra = openOrchestra();
	await orchestra.call('POST', '/register', {name: 'a', type: 'x', mode: 'pull'});
	for (const name of ['__proto__', 'constructor', 'toString']) {
		const ref = {run: name, task: 0, attempt: 1};
		const outcomes = [{ref, outcome: {status: 'succeeded'}, logBytes: 0}];
		const logs = [{ref, offset: 0, chunks: []}];
		for (const more of [{held: [ref]}, {outcomes}, {logs}, {session: name}]) {
			const reply = await orchestra.call('POST', '/v1/agents/a/exchange', {...report, ...more});
			await refused(orchestra, reply, JSON.stringify(more));
		}
	}
	expect(orchestra.services.engine.state.sessions.size).toBe(0);
});

test('a wrong method is answered with the right ones', async () => {
	const orchestra = openOrchestra();
	const expected: Array<[string, string, string]> = [
		['DELETE', '/v1/runs', 'POST, GET, HEAD, OPTIONS'],
		['PATCH', '/v1/runs/latest', 'GET, HEAD, OPTIONS'],
		['GET', '/register', 'POST, OPTIONS'],
		['HEAD', '/workflow', 'POST, OPTIONS'],
		['POST', '/health', 'GET, HEAD, OPTIONS'],
		['PUT', '/v1/agents/a/exchange', 'POST, OPTIONS'],
		['PROPFIND', '/v1/events', 'GET, HEAD, OPTIONS'],
	];
	for (const [method, path, allow] of expected) {
		const reply = await orchestra.call(method, path);
		expect([reply.status, reply.headers.get('allow')], `${method} ${path}`).toEqual([405, allow]);
		const options = await orchestra.server.fetch(new Request(`http://localhost${path}`, {method: 'OPTIONS'}));
		expect([options.status, options.headers.get('allow')], path).toEqual([204, allow]);
		// Nothing that would let a page of another origin in.
		expect(
			[...options.headers.keys()].filter(name => name.startsWith('access-control')),
			path,
		).toEqual([]);
	}
});

test('HEAD is answered like GET, without a body', async () => {
	const orchestra = openOrchestra();
	const workflow = {tasks: [{name: 'a', command: 'x'}]};
	await orchestra.call('POST', '/v1/runs', {workflow});
	for (const path of [
		'/health',
		'/v1/runs',
		'/v1/agents',
		'/v1/runs/latest',
		'/v1/events',
		'/v1/logs?follow=true',
		'/v1/runs/latest/tasks/a/logs',
	]) {
		const reply = await orchestra.call('HEAD', path);
		expect([reply.status, await reply.text()], path).toEqual([200, '']);
	}
	expect((await orchestra.call('HEAD', '/v1/runs/none')).status).toBe(404);
});

test('what was not foreseen is a 500 without any detail, and a diagnostic with all', async () => {
	const orchestra = openOrchestra();
	orchestra.services.views.snapshot = () => {
		throw new Error('secret detail');
	};
	const problem = await problemOf(await orchestra.call('GET', '/v1/agents'));
	expect(problem).toMatchObject({status: 500, code: 'internal'});
	expect(JSON.stringify(problem)).not.toContain('secret');
	expect(orchestra.warnings).toEqual([expect.stringContaining('secret detail')]);
});

test('bodies larger than their limit are refused, by their length or by what they hold', async () => {
	const orchestra = openOrchestra({limits: {request_bytes: 300, exchange_bytes: 200, registration_bytes: 100}});
	for (const [path, limit] of [
		['/v1/runs', 'request_bytes'],
		['/v1/agents/a/exchange', 'exchange_bytes'],
		['/register', 'registration_bytes'],
	]) {
		const reply = await orchestra.call('POST', path ?? '', {text: 'x'.repeat(300)});
		const problem = await problemOf(reply);
		expect(problem, path).toMatchObject({status: 413, code: 'too_large', detail: expect.stringContaining(limit ?? '')});
	}
	expect((await orchestra.call('POST', '/register', '{}', {'content-length': '101'})).status).toBe(413);
	expect((await orchestra.call('POST', '/register', {name: 'a', type: 'x', mode: 'pull', more: 'x'.repeat(50)})).status).toBe(200);
});
