import {describe, expect, onTestFinished, test} from 'vitest';
import type {RunDetail} from '../../source/protocol/views.ts';
import type {Orchestra} from '../helpers/orchestra.ts';
import {openOrchestra} from '../helpers/orchestra.ts';
import type {Direction} from '../helpers/session-agent.ts';
import {SessionAgent} from '../helpers/session-agent.ts';

const intervals = {silentMs: 600, leaseMs: 2000};

async function submit({call}: Orchestra, tasks: readonly object[], more: object = {}): Promise<string> {
	const workflow = {fail_fast: false, tasks: tasks.map(task => ({command: 'true', agent: 'far', depends_on: [], ...task})), ...more};
	const reply = await call('POST', '/v1/runs', {workflow});
	expect(reply.status).toBe(201);
	return ((await reply.json()) as RunDetail).id;
}

async function detail({call}: Orchestra, run: string): Promise<RunDetail> {
	return (await (await call('GET', `/v1/runs/${run}`)).json()) as RunDetail;
}

function names(count: number): string[] {
	return Array.from({length: count}, (_, index) => `t${index}`);
}

/** Ends each task as soon as it runs, having printed its name. */
function busy(agent: SessionAgent): void {
	const timer = setInterval(() => {
		for (const name of agent.running) {
			agent.print(name, `this is ${name}\n`);
			agent.end(name);
		}
	}, 5);
	onTestFinished(() => clearInterval(timer));
}

describe.each<Direction>(['pull', 'push'])('an exchange that is dialled by %s', direction => {
	async function open(slots = 1, more: {leaseMs?: number} = {}) {
		const orchestra = openOrchestra({intervals: {...intervals, ...more}});
		const agent = new SessionAgent('far', slots);
		onTestFinished(() => agent.kill());
		await agent.join(orchestra, direction);
		return {orchestra, agent};
	}

	test('runs what fits its slots, each once, and brings output and outcomes home', async () => {
		const {orchestra, agent} = await open(2);
		const run = await submit(
			orchestra,
			names(3).map(name => ({name})),
		);
		await expect.poll(() => agent.running.toSorted()).toEqual(['t0', 't1']);
		agent.print('t0', 'one ');
		agent.print('t0', 'two');
		agent.end('t0');
		agent.end('t1', {status: 'failed', exitCode: 3});
		await expect.poll(() => agent.running).toEqual(['t2']);
		agent.end('t2');
		await orchestra.ended(run);
		const {tasks} = await detail(orchestra, run);
		expect(tasks.map(({attempts}) => attempts[0]?.outcome)).toEqual([
			{status: 'succeeded', exitCode: 0},
			{status: 'failed', exitCode: 3},
			{status: 'succeeded', exitCode: 0},
		]);
		expect(await (await orchestra.call('GET', `/v1/runs/${run}/tasks/t0/logs`)).text()).toBe('one two');
		expect(agent.begun).toHaveLength(3);
	});

	test('shows output while it comes, and an attempt that runs as running', async () => {
		const {orchestra, agent} = await open();
		const run = await submit(orchestra, [{name: 'a'}]);
		await expect.poll(() => agent.running).toEqual(['a']);
		agent.print('a', 'so far');
		const text = async () => (await orchestra.call('GET', `/v1/runs/${run}/tasks/a/logs`)).text();
		await expect.poll(text).toBe('so far');
		await expect.poll(async () => (await detail(orchestra, run)).tasks[0]?.attempts[0]?.status).toBe('running');
		agent.end('a');
		await orchestra.ended(run);
	});

	test('stops what is cancelled, and ends when the agent says so', async () => {
		const {orchestra, agent} = await open();
		const run = await submit(orchestra, [{name: 'a'}, {name: 'b'}]);
		await expect.poll(() => agent.running).toEqual(['a']);
		await orchestra.call('POST', `/v1/runs/${run}/cancel`, {});
		await expect.poll(() => agent.isStopped('a')).toBe(true);
		agent.end('a', {status: 'cancelled'});
		await orchestra.ended(run);
		expect((await detail(orchestra, run)).tasks.map(({status}) => status)).toEqual(['cancelled', 'cancelled']);
		expect(agent.begun).toHaveLength(1);
	});

	test('loses messages and neither tasks nor output', async () => {
		const {orchestra, agent} = await open(3);
		busy(agent);
		agent.drops = 3;
		const run = await submit(
			orchestra,
			names(12).map(name => ({name})),
		);
		await orchestra.ended(run);
		const {tasks} = await detail(orchestra, run);
		expect(tasks.map(({status, attempts}) => `${status} ${attempts.length}`)).toEqual(Array(12).fill('succeeded 1'));
		for (const name of names(12)) {
			expect(await (await orchestra.call('GET', `/v1/runs/${run}/tasks/${name}/logs`)).text()).toBe(`this is ${name}\n`);
		}
		expect(agent.begun).toHaveLength(12);
	});

	test('goes on after a restart of the orchestrator: what ran meanwhile counts', async () => {
		const {orchestra, agent} = await open(1, {leaseMs: 60_000});
		const run = await submit(orchestra, [{name: 'a'}, {name: 'b'}]);
		await expect.poll(() => agent.running).toEqual(['a']);
		await orchestra.close();
		agent.print('a', 'alone');
		agent.end('a');
		const next = openOrchestra({world: orchestra.world, intervals});
		agent.meet(next);
		await expect.poll(() => agent.running).toEqual(['b']);
		agent.end('b');
		await next.ended(run);
		expect((await detail(next, run)).tasks.map(({attempts}) => attempts.length)).toEqual([1, 1]);
		expect(await (await next.call('GET', `/v1/runs/${run}/tasks/a/logs`)).text()).toBe('alone');
	});

	test('loses an agent that dies when its lease ends; another under the same name takes over', async () => {
		const {orchestra, agent} = await open();
		const run = await submit(orchestra, [{name: 'a', retry: {lost: 1}}]);
		await expect.poll(() => agent.running).toEqual(['a']);
		const {port} = agent;
		await agent.kill();
		const heir = new SessionAgent('far', 1);
		onTestFinished(() => heir.kill());
		await heir.join(orchestra, direction, port);
		await expect.poll(() => heir.running, {timeout: 5000}).toEqual(['a']);
		heir.end('a');
		await orchestra.ended(run);
		expect((await detail(orchestra, run)).tasks[0]?.attempts.map(({outcome}) => outcome)).toMatchObject([
			{status: 'lost', reason: 'its agent far was not heard from until its lease ended'},
			{status: 'succeeded'},
		]);
	});
});
