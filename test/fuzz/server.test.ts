import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as fc from 'fast-check';
import {expect, onTestFinished, test} from 'vitest';
import type {RunDetail} from '../../source/protocol/views.ts';
import {findViolation} from '../../source/scheduler/invariants.ts';
import {problemDetails} from '../../source/server/schemas/problem.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {fuzz, fuzzTimeout} from './fuzz.ts';
import {anyReport, nearly} from './messages.ts';
import type {Known, WildRequest} from './requests.ts';
import {anyRequest, asFetch} from './requests.ts';
import {anyHead, talk} from './socket.ts';

const limits = {request_bytes: 30_000, exchange_bytes: 30_000, registration_bytes: 30_000, agents: 30, active_runs: 20, streams: 20};

/** An orchestrator that has something of all that a request can name. */
async function furnished(): Promise<{orchestra: Orchestra; known: Known}> {
	const orchestra = openOrchestra({limits, intervals: {holdMs: 2}});
	writeFileSync(join(orchestra.services.workflowDir, 'hello.yml'), 'tasks: [{name: a, command: x}]\n');
	writeFileSync(join(orchestra.services.workflowDir, 'bad.yml'), 'tasks: [{{\n');
	await orchestra.play('agent1');
	const workflow = {tasks: [{name: 'build', command: 'x'}]};
	const runs: string[] = [];
	for (let count = 0; count < 2; count++) {
		const {id} = (await (await orchestra.call('POST', '/v1/runs', {workflow})).json()) as RunDetail;
		await orchestra.ended(id);
		runs.push(id);
	}
	const waiting = {tasks: [{name: 'build', command: 'x', agent: 'nobody'}]};
	runs.push(((await (await orchestra.call('POST', '/v1/runs', {workflow: waiting})).json()) as RunDetail).id);
	return {
		orchestra,
		known: {id: [...runs, 'latest', 'r'], task: ['build', '0', '1'], name: ['agent1', 'local-agent'], file: ['hello.yml', 'bad.yml', '.']},
	};
}

/** Nothing broke: no status of the server's own fault, words for every refusal, and a state that holds together. */
async function expectServed(orchestra: Orchestra, reply: Response, what: string): Promise<void> {
	if (reply.status >= 400 && reply.body !== null && reply.headers.get('content-type') !== null) {
		const problem = problemDetails.parse(await reply.json());
		if (reply.status >= 500) expect(`${reply.status} ${problem.code}`, what).toMatch(/^503 (unavailable|stopping)$/);
		expect(problem.detail.length, what).toBeGreaterThan(5);
		expect(problem.detail, what).not.toMatch(/root:|\.ts:\d+|\[object|undefined is not|is not a function/);
	} else {
		expect(reply.status, what).toBeLessThan(500);
		await reply.body?.cancel();
	}
	expect(orchestra.warnings, what).toEqual([]);
	expect(orchestra.fatal, what).toEqual([]);
}

async function expectAlive({server, services}: Orchestra): Promise<void> {
	expect((await server.fetch(new Request('http://127.0.0.1:5001/health'))).status).toBe(200);
	expect(findViolation(services.engine.state)).toBeUndefined();
}

/** What fuzzing has begun is not to be in the way of what comes next. */
async function cancelAll({services}: Orchestra): Promise<void> {
	const {engine, clock} = services;
	for (const run of engine.state.runs.keys()) await engine.offer({type: 'run-cancelled', at: clock.now(), run, reason: 'enough'});
	for (const agent of engine.state.agents.keys())
		if (agent !== 'agent1') await engine.offer({type: 'agent-removed', at: clock.now(), agent, force: true});
}

test('whatever is asked of whichever route, it is answered, and refused in words', fuzzTimeout, async () => {
	const {orchestra, known} = await furnished();
	const property = fc.asyncProperty(anyRequest(orchestra.server.routes, known), async request => {
		const sent = asFetch(request);
		if (sent === undefined) return;
		await expectServed(orchestra, await orchestra.server.fetch(sent), told(request));
		await expectAlive(orchestra);
		if (orchestra.services.engine.state.runs.size > 10) await cancelAll(orchestra);
	});
	await fuzz('routes', property, {runs: 350});
});

function told({method, target, headers}: WildRequest): string {
	return `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)}`;
}

test('whatever an agent reports, the orchestrator goes on in order', fuzzTimeout, async () => {
	const {orchestra} = await furnished();
	const {engine, exchanges} = orchestra.services;
	for (const name of ['x', 'y']) await orchestra.call('POST', '/register', {name, type: 'x', mode: 'pull', slots: 2});
	const tasks = ['x', 'y'].map(agent => ({name: agent, command: 'x', agent, retry: {limit: 1, delay: 0, lost: 1}}));
	const reports = fc.array(fc.tuple(fc.constantFrom('x', 'y'), nearly(anyReport(['R0', 'R1', 'R2']))), {maxLength: 6});
	const property = fc.asyncProperty(reports, fc.boolean(), async (all, begins) => {
		if (begins) await orchestra.call('POST', '/v1/runs', {workflow: {tasks}});
		const runs = [...engine.state.runs.keys()].reverse();
		// At once, as they come over several connections. Runs have their ids only now.
		await Promise.all(
			all.map(async ([agent, report]) => {
				const text = JSON.stringify(report).replaceAll(/"R(\d)"/g, (_, index: string) => JSON.stringify(runs[Number(index)] ?? 'r0none'));
				const reply = await orchestra.server.fetch(requestOf(`/v1/agents/${agent}/exchange`, text));
				await expectServed(orchestra, reply, text.slice(0, 1000));
			}),
		);
		await expectAlive(orchestra);
		for (const {id} of engine.state.sessions.values()) expect(exchanges.orders(id).answers).toBeGreaterThanOrEqual(0);
		if (runs.length > 5) for (const run of runs) await engine.offer({type: 'run-cancelled', at: 1, run, reason: 'enough'});
	});
	await fuzz('exchange', property, {runs: 80});
});

function requestOf(path: string, body: string): Request {
	return new Request(`http://127.0.0.1:5001${path}`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: body.toWellFormed(),
	});
}

test('whatever bytes come over a socket, they are answered or dropped, and the next request is served', fuzzTimeout, async () => {
	const {orchestra, known} = await furnished();
	const {url, close} = await orchestra.server.listen({host: '127.0.0.1', port: 0});
	onTestFinished(close);
	const property = fc.asyncProperty(anyHead(anyRequest(orchestra.server.routes, known)), async pieces => {
		const reply = await talk(Number(new URL(url).port), pieces);
		// Each reply that came is one of HTTP, and none says that something broke here.
		for (const [, status] of reply.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) expect(status, reply.slice(0, 500)).toMatch(/^[1-4]|503/);
		expect(orchestra.warnings).toEqual([]);
		expect(orchestra.fatal).toEqual([]);
		expect((await fetch(`${url}/health`)).status).toBe(200);
		if (orchestra.services.engine.state.runs.size > 10) await cancelAll(orchestra);
	});
	await fuzz('socket', property, {runs: 150});
	await expectAlive(orchestra);
});
