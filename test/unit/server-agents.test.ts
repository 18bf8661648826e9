import {expect, test} from 'vitest';
import {openOrchestra} from '../helpers/orchestra.ts';
import {problemOf} from '../helpers/problem.ts';

const pull = {name: 'agent1', type: 'docker', mode: 'pull'};
const report = {session: 's1', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 0};
const bearer = (token: string) => ({authorization: `Bearer ${token}`});

test('an agent registers, exchanges and is listed', async () => {
	const orchestra = openOrchestra();
	const reply = await orchestra.call('POST', '/register', {...pull, slots: 3, labels: {zone: 'a'}, colour: 'passed over'});
	expect([reply.status, await reply.text()]).toEqual([200, '{"status":"success"}']);
	const exchange = await orchestra.call('POST', '/v1/agents/agent1/exchange', report);
	expect(exchange.status).toBe(200);
	expect(await exchange.json()).toMatchObject({session: 's1', answers: 1, start: [], stop: [], drain: false});
	orchestra.services.views.refresh();
	const listed = await orchestra.call('GET', '/v1/agents');
	expect(await listed.json()).toEqual({
		agents: [expect.objectContaining({id: 'agent1', type: 'docker', slots: 3, labels: {zone: 'a'}, status: 'online'})],
	});
});

test('the newer registration of a name holds', async () => {
	const orchestra = openOrchestra();
	for (const slots of [1, 5]) await orchestra.call('POST', '/register', {...pull, slots});
	expect(orchestra.services.engine.state.agents.get('agent1')).toMatchObject({slots: 5});
});

test('an agent that is dialled says where; that is what is meant when it does not say who dials', async () => {
	const orchestra = openOrchestra();
	const url = 'http://10.0.0.1:5000/agents/one';
	for (const mode of [undefined, 'push']) {
		const problem = await problemOf(await orchestra.call('POST', '/register', {...pull, mode}));
		expect(problem).toMatchObject({status: 422, code: 'invalid', errors: [{path: 'url', message: expect.stringContaining('is missing')}]});
		const reply = await orchestra.call('POST', '/register', {...pull, mode, url});
		expect([reply.status, await reply.text()]).toEqual([200, '{"status":"success"}']);
		expect(orchestra.services.engine.state.agents.get('agent1')).toMatchObject({mode: 'push', url});
	}
	expect((await orchestra.call('POST', '/register', {...pull, url})).status).toBe(200);
	expect(orchestra.services.engine.state.agents.get('agent1')).toMatchObject({mode: 'pull', url});
});

test('an address that must not be dialled, or holds what it should not, is refused in words', async () => {
	const orchestra = openOrchestra();
	for (const [url, words] of [
		['http://169.254.169.254/latest', 'must not point to 169.254.169.254'],
		['http://[::ffff:169.254.169.254]:80', 'must not point to'],
		['http://0xa9fea9fe', 'must not point to 169.254.169.254'],
		['http://0.0.0.0:5000', 'must not point to 0.0.0.0'],
		['ftp://10.0.0.1', 'must be an http or https URL'],
		['10.0.0.1:5000', 'must be an http or https URL'],
		['http://me:secret@10.0.0.1', 'without user name and password'],
		['http://10.0.0.1/?a=b', 'without query and fragment'],
	]) {
		const problem = await problemOf(await orchestra.call('POST', '/register', {...pull, mode: 'push', url}));
		expect(problem, url).toMatchObject({status: 422, errors: [{path: 'url', message: expect.stringContaining(words ?? '')}]});
	}
	expect(orchestra.services.engine.state.agents.size).toBe(0);
});

test('names that are taken, and more agents than the limit, are refused', async () => {
	const orchestra = openOrchestra({limits: {agents: 1}});
	const own = await problemOf(await orchestra.call('POST', '/register', {...pull, name: 'local-agent'}));
	expect(own).toMatchObject({status: 409, code: 'conflict'});
	expect((await orchestra.call('POST', '/register', pull)).status).toBe(200);
	expect((await orchestra.call('POST', '/register', pull)).status).toBe(200);
	const more = await problemOf(await orchestra.call('POST', '/register', {...pull, name: 'agent2'}));
	expect(more).toMatchObject({status: 429, code: 'limit'});
});

test('an exchange with an agent that nobody registered is not found', async () => {
	const orchestra = openOrchestra();
	const problem = await problemOf(await orchestra.call('POST', '/v1/agents/agent1/exchange', report));
	expect(problem).toMatchObject({status: 404, code: 'not_found'});
});

test('with a token everything but health asks for it', async () => {
	const orchestra = openOrchestra({token: 'sesame'});
	const health = await orchestra.call('GET', '/health');
	expect([health.status, await health.json()]).toEqual([200, {status: 'ok', version: '1.2.3', protocol: 1}]);
	const calls: Array<[string, string, unknown?]> = [
		['GET', '/v1/runs'],
		['GET', '/v1/runs/latest'],
		['GET', '/v1/agents'],
		['GET', '/v1/events'],
		['GET', '/v1/logs'],
		['GET', '/v1/runs/r1/tasks/0/logs'],
		['HEAD', '/v1/runs'],
		['DELETE', '/v1/runs'],
		['GET', '/nothing'],
		['POST', '/v1/runs', {}],
		['POST', '/v1/runs/r1/cancel', {}],
		['POST', '/workflow', {workflow: 'a.yml'}],
		['POST', '/register', pull],
		['POST', '/v1/agents/agent1/exchange', report],
	];
	const wrong = [
		{},
		bearer('sesame2'),
		bearer('Sesame'),
		bearer('token-of-agent2'),
		{authorization: 'Basic sesame'},
		{authorization: 'sesame'},
	];
	for (const [method, path, body] of calls) {
		for (const headers of wrong) {
			const reply = await orchestra.call(method, path, body, headers as Record<string, string>);
			expect([reply.status, reply.headers.get('www-authenticate')], `${method} ${path}`).toEqual([401, 'Bearer']);
		}
	}
	expect((await orchestra.call('GET', '/v1/runs', undefined, bearer('sesame'))).status).toBe(200);
	expect((await orchestra.call('POST', '/register', pull, bearer('sesame'))).status).toBe(200);
});

test('an instance may register and exchange under its own name, and nothing else', async () => {
	const orchestra = openOrchestra({token: 'sesame', work: () => new Promise(() => undefined)});
	const workflow = {tasks: [{name: 'a', command: 'x'}]};
	expect((await orchestra.call('POST', '/v1/runs', {workflow}, bearer('sesame'))).status).toBe(201);
	await expect.poll(() => [...orchestra.services.engine.state.sessions.keys()]).toHaveLength(1);
	const own = bearer('token-of-local-agent');
	const registered = await orchestra.call('POST', '/register', {...pull, name: 'local-agent'}, own);
	expect(await registered.text()).toBe('{"status":"success"}');
	expect(orchestra.services.engine.state.agents.size).toBe(0);
	expect((await orchestra.call('POST', '/v1/agents/local-agent/exchange', report, own)).status).toBe(200);
	expect((await orchestra.call('POST', '/v1/agents/agent1/exchange', report, own)).status).toBe(401);
	expect((await orchestra.call('POST', '/register', pull, own)).status).toBe(401);
	expect((await orchestra.call('GET', '/v1/agents', undefined, own)).status).toBe(401);
	const gone = await problemOf(await orchestra.call('POST', '/register', {...pull, name: 'old~r1'}, bearer('token-of-old~r1')));
	expect(gone).toMatchObject({status: 403, code: 'forbidden'});
});

test('without a token, too, an instance has to be ours: another orchestrator may have left one of the same name', async () => {
	const orchestra = openOrchestra({work: () => new Promise(() => undefined)});
	expect((await orchestra.call('POST', '/v1/runs', {workflow: {tasks: [{name: 'a', command: 'x'}]}})).status).toBe(201);
	await expect.poll(() => [...orchestra.services.engine.state.sessions.keys()]).toHaveLength(1);
	for (const headers of [{}, bearer('token-of-another')]) {
		const problem = await problemOf(await orchestra.call('POST', '/v1/agents/local-agent/exchange', report, headers));
		expect(problem).toMatchObject({status: 403, code: 'forbidden'});
	}
	expect([...orchestra.services.engine.state.sessions.keys()]).toHaveLength(1);
	expect((await orchestra.call('POST', '/v1/agents/local-agent/exchange', report, bearer('token-of-local-agent'))).status).toBe(200);
});

test('without a token no web page gets through, be it foreign or rebound', async () => {
	const orchestra = openOrchestra();
	const status = async (headers: Record<string, string>) => (await orchestra.call('GET', '/v1/runs', undefined, headers)).status;
	for (const host of ['127.0.0.1:5001', '10.1.2.3', '[::1]:5001', 'localhost:5001', 'LOCALHOST', 'byoai:5001']) {
		expect(await status({host}), host).toBe(200);
	}
	for (const host of [
		'evil.example',
		'evil.example:5001',
		'localhost.evil.example',
		'127.0.0.1.evil.example',
		'localhost.',
		'',
		'a b',
		'[::1',
		'1:2:3',
	]) {
		expect(await status({host}), host).toBe(403);
	}
	expect(await status({host: 'localhost:5001', origin: 'http://localhost:5001'})).toBe(200);
	for (const origin of ['http://evil.example', 'null', 'http://localhost:3000', 'nonsense']) {
		expect(await status({host: 'localhost:5001', origin}), origin).toBe(403);
	}
	expect((await orchestra.call('GET', '/health', undefined, {host: 'evil.example'})).status).toBe(200);
	expect((await orchestra.call('POST', '/register', pull, {origin: 'http://evil.example'})).status).toBe(403);
	expect((await orchestra.call('POST', '/v1/agents/agent1/exchange', report, {origin: 'http://evil.example'})).status).toBe(403);
});

test('a stopping orchestrator releases the reply that it holds, and takes no more Reports', async () => {
	const {services} = openOrchestra();
	const {engine, exchanges, clock} = services;
	await engine.submit({type: 'agent-registered', at: clock.now(), agent: {name: 'a', type: 'test', mode: 'pull', slots: 1, labels: {}}});
	const report = {session: 's', number: 1, held: [], free: 1, outcomes: [], logs: [], waitMs: 60_000};
	const held = exchanges.exchange('a', report);
	await expect.poll(() => engine.rooms.get('s')).toBe(1);
	exchanges.close();
	expect(await held).toMatchObject({answers: 1, start: []});
	await expect(exchanges.exchange('a', {...report, number: 2})).rejects.toMatchObject({code: 'stopping'});
});
