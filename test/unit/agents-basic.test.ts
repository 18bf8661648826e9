import {expect, test} from 'vitest';
import type {RunDetail} from '../../source/protocol/views.ts';
import {BasicAgent} from '../helpers/basic-agent.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import {answerJson} from '../helpers/serve.ts';
import {fastClock} from '../helpers/test-clock.ts';

/** Beats of a fifth of a second. */
const intervals = {silentMs: 600, leaseMs: 2000};

async function register({call}: Orchestra, {url}: {url: string}, more: object = {}): Promise<void> {
	const reply = await call('POST', '/register', {name: 'agent1', url, type: 'docker', ...more});
	expect([reply.status, await reply.text()]).toEqual([200, '{"status":"success"}']);
}

/** Submits tasks for `agent1`; resolves with the run's id. */
async function submit({call}: Orchestra, ...tasks: object[]): Promise<string> {
	const workflow = {fail_fast: false, tasks: tasks.map(task => ({command: 'true', agent: 'agent1', depends_on: [], ...task}))};
	const reply = await call('POST', '/v1/runs', {workflow});
	expect(reply.status).toBe(201);
	return ((await reply.json()) as RunDetail).id;
}

async function detail({call}: Orchestra, run: string): Promise<RunDetail> {
	return (await (await call('GET', `/v1/runs/${run}`)).json()) as RunDetail;
}

function row({services}: Orchestra, name = 'agent1') {
	services.views.refresh();
	return services.views.snapshot().agents.find(({id}) => id === name);
}

async function log({call}: Orchestra, run: string): Promise<string> {
	return (await call('GET', `/v1/runs/${run}/tasks/0/logs`)).text();
}

test('a registered program that answers /health and /task gets tasks, and its answers are their outcomes and logs', async () => {
	const orchestra = openOrchestra({intervals});
	const reply = ({name}: {name: string}) =>
		name === 'good'
			? {status: 'success', output: 'all\nwell', returncode: 0}
			: {status: 'error', output: '', returncode: 4, message: 'bad'};
	const agent = await BasicAgent.start({reply});
	await register(orchestra, agent);
	const run = await submit(orchestra, {name: 'good', command: ['a', 'b']}, {name: 'bad'});
	await orchestra.ended(run);
	const {tasks, status} = await detail(orchestra, run);
	expect(status).toBe('failed');
	expect(tasks.map(({status: of, attempts}) => [of, attempts[0]?.outcome])).toEqual([
		['succeeded', {status: 'succeeded', exitCode: 0, durationMs: expect.any(Number)}],
		['failed', {status: 'failed', exitCode: 4, durationMs: expect.any(Number)}],
	]);
	expect(await log(orchestra, run)).toBe('all\nwell');
	expect(agent.asked).toMatchObject([
		{name: 'good', command: 'set -e\na\nb', run, attempt: 1},
		{name: 'bad', command: 'true'},
	]);
	expect(row(orchestra)).toMatchObject({status: 'online', slots: 1, used: 0});
	expect([...orchestra.services.engine.state.sessions.values()]).toMatchObject([{agent: 'agent1', basic: true}]);
});

test('it gets as many at once as it has slots, and no /health while it works', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start();
	await register(orchestra, agent, {slots: 2});
	const run = await submit(orchestra, {name: 'a'}, {name: 'b'}, {name: 'c'});
	await expect.poll(() => agent.open.length).toBe(2);
	const checks = agent.healthChecks;
	// Longer than it may be silent, and than its lease: the open connections show that it lives.
	agent.health = undefined;
	await new Promise(resolve => orchestra.services.clock.after(2500, () => resolve(undefined)));
	expect(row(orchestra)).toMatchObject({status: 'online', used: 2});
	expect(agent.healthChecks - checks).toBeLessThan(2);
	for (const response of agent.open) answerJson(response, {status: 'success'});
	await expect.poll(() => agent.open.length).toBe(3);
	for (const response of agent.open.slice(2)) answerJson(response, {status: 'success'});
	await orchestra.ended(run);
	expect((await detail(orchestra, run)).status).toBe('succeeded');
});

test('a question after its health that a task has overtaken is no sign that it is gone', async () => {
	const orchestra = openOrchestra({clock: fastClock(10)});
	const agent = await BasicAgent.start();
	await register(orchestra, agent);
	await expect.poll(() => row(orchestra)?.status).toBe('online');
	agent.health = undefined;
	const checks = agent.healthChecks;
	await expect.poll(() => agent.healthChecks).toBeGreaterThan(checks);
	const run = await submit(orchestra, {name: 'a'});
	await expect.poll(() => agent.open.length).toBe(1);
	await expect.poll(() => agent.givenUp).toBe(1);
	expect(row(orchestra)).toMatchObject({status: 'online', used: 1});
	for (const response of agent.open) answerJson(response, {status: 'success'});
	await orchestra.ended(run);
});

test('until it answers it is starting, with the trouble in words; then it is used', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start({reply: () => ({status: 'success'})});
	await agent.kill();
	await register(orchestra, agent);
	await expect.poll(() => row(orchestra)).toMatchObject({status: 'starting', problem: expect.stringContaining('nothing listens there')});
	const run = await submit(orchestra, {name: 'a'});
	agent.health = 500;
	await agent.listen();
	await expect.poll(() => row(orchestra)?.problem, {timeout: 5000}).toBe('it answers /health with 500 ({"status":"healthy"})');
	agent.health = 200;
	await register(orchestra, agent); // who registers again does not wait
	await orchestra.ended(run);
	expect(row(orchestra)).toMatchObject({status: 'online'});
	expect(row(orchestra)).not.toHaveProperty('problem');
});

test('killed in mid-task, the attempt is lost, the agent gets nothing until it is back, and then the task again', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start();
	await register(orchestra, agent);
	const run = await submit(orchestra, {name: 'a', retry: {lost: 1}});
	await expect.poll(() => agent.open.length).toBe(1);
	await agent.kill();
	await expect
		.poll(() => row(orchestra))
		.toMatchObject({status: 'lost', problem: expect.stringMatching(/nothing listens there|broke off/)});
	expect(await detail(orchestra, run)).toMatchObject({tasks: [{status: 'ready', attempts: [{status: 'lost'}]}]});
	agent.reply = () => ({status: 'success'});
	await agent.listen();
	await orchestra.ended(run);
	const [task] = (await detail(orchestra, run)).tasks;
	expect(task?.attempts.map(({outcome}) => outcome)).toMatchObject([
		{status: 'lost', reason: expect.stringMatching(/^no answer from the agent: 127\.0\.0\.1:\d+: the connection broke off$/)},
		{status: 'succeeded'},
	]);
	expect(row(orchestra)).toMatchObject({status: 'online'});
});

test('one that stays silent without work is lost, and used again when it answers', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start({reply: () => ({status: 'success'})});
	await register(orchestra, agent);
	await expect.poll(() => row(orchestra)?.status).toBe('online');
	await agent.kill();
	await expect.poll(() => row(orchestra)?.status, {timeout: 5000}).toBe('lost');
	await expect.poll(() => [...orchestra.services.engine.state.sessions.keys()], {timeout: 5000}).toEqual([]);
	const seenAt = orchestra.services.exchanges.lastSeenAt('agent1') ?? 0;
	expect(seenAt).toBeGreaterThan(0);
	const run = await submit(orchestra, {name: 'a'});
	await agent.listen();
	await orchestra.ended(run);
	expect((await detail(orchestra, run)).tasks[0]?.attempts).toHaveLength(1);
	expect(orchestra.services.exchanges.lastSeenAt('agent1')).toBeGreaterThan(seenAt);
});

test('a cancelled task is given up, with the word that it may still run there', async () => {
	const orchestra = openOrchestra({intervals});
	const agent = await BasicAgent.start();
	await register(orchestra, agent);
	const run = await submit(orchestra, {name: 'a'});
	await expect.poll(() => agent.open.length).toBe(1);
	const closed = new Promise(resolve => agent.open[0]?.on('close', resolve));
	await orchestra.call('POST', `/v1/runs/${run}/cancel`, {});
	await orchestra.ended(run);
	await closed;
	const {status, tasks} = await detail(orchestra, run);
	expect(status).toBe('cancelled');
	expect(tasks[0]?.attempts[0]?.outcome).toEqual({
		status: 'cancelled',
		reason: 'the request was given up; the command may still run there',
	});
});

test('after a restart of the orchestrator nobody can be asked: what it ran is lost at once, and tried again', async () => {
	const before = openOrchestra({intervals: {...intervals, leaseMs: 60_000}});
	const agent = await BasicAgent.start();
	await register(before, agent);
	const run = await submit(before, {name: 'a'});
	await expect.poll(() => agent.open.length).toBe(1);
	await before.close();
	agent.reply = () => ({status: 'success'});
	const after = openOrchestra({world: before.world, intervals});
	await after.ended(run);
	expect((await detail(after, run)).tasks[0]?.attempts.map(({outcome}) => outcome)).toMatchObject([
		{status: 'lost', reason: 'the orchestrator was restarted; a basic agent cannot be asked what became of it'},
		{status: 'succeeded'},
	]);
});

test('drained, it ends what it runs and gets no more; registered again, it does', async () => {
	const orchestra = openOrchestra({intervals});
	const {engine, clock} = orchestra.services;
	const agent = await BasicAgent.start();
	await register(orchestra, agent);
	const run = await submit(orchestra, {name: 'a'}, {name: 'b'});
	await expect.poll(() => agent.open.length).toBe(1);
	await engine.submit({type: 'agent-drained', at: clock.now(), agent: 'agent1'});
	for (const response of agent.open) answerJson(response, {status: 'success'});
	await expect.poll(async () => (await detail(orchestra, run)).tasks.map(({status}) => status)).toEqual(['succeeded', 'ready']);
	expect(row(orchestra)).toMatchObject({status: 'draining', used: 0});
	await register(orchestra, agent);
	await expect.poll(() => agent.open.length).toBe(2);
	for (const response of agent.open.slice(1)) answerJson(response, {status: 'success'});
	await orchestra.ended(run);
});
