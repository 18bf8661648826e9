import {describe, expect, test} from 'vitest';
import {explain} from '../../source/scheduler/explain.ts';
import {Play, task, workflow} from '../helpers/scheduling.ts';

const policy = {limit: 3, delayMs: 1000, backoff: 3, maxDelayMs: 5000, lost: 1};

describe('retry', () => {
	test('waits longer each time, up to max_delay, and gives up after limit + 1 attempts', () => {
		const play = new Play().agent().submit(workflow([task('a', {retry: policy})]));
		const delays: number[] = [];
		for (let attempt = 1; attempt <= 3; attempt++) {
			play.place();
			play.finish('a', 'failed');
			expect(play.tasks().a).toBe('waiting');
			const before = play.now;
			play.pass();
			delays.push(play.now - before);
		}
		expect(delays).toEqual([1000, 3000, 5000]);
		play.place();
		play.finish('a', 'timed_out');
		expect(play.run().status).toBe('failed');
		expect(
			play
				.run()
				.tasks.at(0)
				?.attempts.map(({status}) => status),
		).toEqual(['failed', 'failed', 'failed', 'timed_out']);
	});

	test('exit_codes: others are final', () => {
		const play = new Play().agent().submit(workflow([task('a', {retry: {...policy, exitCodes: [75]}})]));
		play.place();
		play.finish('a', {status: 'failed', exitCode: 75}).pass();
		play.place();
		play.finish('a', {status: 'failed', exitCode: 1});
		expect(play.run().status).toBe('failed');
	});

	test('lost attempts have a budget of their own and are started again at once', () => {
		const play = new Play().agent().submit(workflow([task('a', {retry: policy})]));
		play.place();
		play.event({type: 'session-lost', at: play.now, session: 's-agent', cause: 'gone'});
		expect(play.tasks().a).toBe('ready');
		play.session('agent', 's2');
		expect(play.place()).toEqual(['a']);
		play.event({type: 'session-lost', at: play.now, session: 's2', cause: 'gone'});
		expect(play.run().status).toBe('failed');
		expect(play.run().tasks.at(0)?.attempts.at(-1)?.outcome).toEqual({status: 'lost', reason: 'gone'});
	});

	test('a late result changes nothing', () => {
		const play = new Play().agent().submit(workflow([task('a', {retry: policy})]));
		play.place();
		play.event({type: 'session-lost', at: play.now, session: 's-agent', cause: 'gone'}).session('agent', 's2');
		play.place();
		const ref = {run: 'r1', task: 0, attempt: 1};
		const late = {type: 'attempt-finished', at: play.now, ref, session: 's-agent', outcome: {status: 'succeeded'}, logBytes: 0} as const;
		expect(() => play.event(late)).toThrow('a late result');
		expect(play.tasks().a).toBe('running');
	});
});

describe('agents that are not there', () => {
	test('without agent_timeout a task waits for ever', () => {
		const play = new Play().submit(workflow([task('a')]));
		play.pass(1e9);
		expect(play.tasks().a).toBe('ready');
	});

	test('with it, the task fails with no_agent, counted from when it was ready or an agent was last lost', () => {
		const play = new Play().agent().submit(workflow([task('a', {agent: {labels: {gpu: 'yes'}}})]), {agentTimeoutMs: 10_000});
		play.pass(5000);
		play.event({type: 'session-lost', at: play.now, session: 's-agent', cause: 'gone'});
		play.pass();
		expect(play.now).toBe(1_015_000);
		expect(play.run().status).toBe('failed');
		expect(play.run().tasks.at(0)).toMatchObject({cause: 'no_agent', reason: 'no agent with label gpu=yes is there'});
	});

	test('one that is registered and does not answer is told apart from one that nobody knows', () => {
		const play = new Play().agent('east').submit(workflow([task('a', {agent: {name: 'east'}})]), {agentTimeoutMs: 10_000});
		play.event({type: 'session-lost', at: play.now, session: 's-east', cause: 'gone'});
		expect(explain(play.state, new Map(), play.run(), 0)).toBe('agent east is registered, but does not answer; gives up in 10 s');
		play.pass();
		expect(play.run().tasks.at(0)).toMatchObject({cause: 'no_agent', reason: 'agent east is registered, but does not answer'});
	});

	test('an agent that is busy is no missing agent', () => {
		const play = new Play().agent('agent', 1).submit(workflow([task('a'), task('b')]), {agentTimeoutMs: 10_000});
		expect(play.place(1)).toEqual(['a']);
		play.pass(60_000);
		expect(play.tasks().b).toBe('ready');
	});
});
