import {describe, expect, test} from 'vitest';
import {needs, Play, task, workflow} from '../helpers/scheduling.ts';

describe('order', () => {
	test('tasks without dependencies start at once, the others when theirs are decided', () => {
		const play = new Play().agent().submit(workflow([task('a'), task('b'), task('c', {dependsOn: [needs(0), needs(1)]})]));
		expect(play.place()).toEqual(['a', 'b']);
		play.finish('a', 'succeeded');
		expect(play.place()).toEqual([]);
		play.finish('b', 'succeeded');
		expect(play.place()).toEqual(['c']);
		play.finish('c', 'succeeded');
		expect(play.run().status).toBe('succeeded');
		expect(play.state.runs.size).toBe(0);
	});

	test('a failed task skips what depends on it, along the whole chain, and fails the run', () => {
		const chain = Array.from({length: 1000}, (_, index) => task(`t${index}`, {dependsOn: index === 0 ? [] : [needs(index - 1)]}));
		const play = new Play().agent().submit(workflow(chain));
		play.place();
		play.finish('t0', 'failed');
		expect(play.run().status).toBe('failed');
		expect(play.tasks().t999).toBe('skipped');
		expect(play.run().tasks.at(1)?.reason).toBe('needs t0 succeeded, but it failed');
	});

	test.each([
		['succeeded', 'succeeded', 'ready'],
		['succeeded', 'failed', 'skipped'],
		['failed', 'failed', 'ready'],
		['failed', 'succeeded', 'skipped'],
		['completed', 'succeeded', 'ready'],
		['completed', 'failed', 'ready'],
	] as const)('a dependency that must have %s, and %s: the task is %s', (condition, outcome, status) => {
		const flow = workflow([task('a'), task('b', {dependsOn: [needs(0, condition)]})], {failFast: false});
		const play = new Play().agent().submit(flow);
		play.place();
		play.finish('a', outcome);
		expect(play.tasks().b).toBe(status);
	});

	test('a skipped dependency skips the task unless it is optional', () => {
		const flow = workflow(
			[
				task('a'),
				task('b', {dependsOn: [needs(0)]}),
				task('strict', {dependsOn: [needs(1)]}),
				task('lenient', {dependsOn: [needs(1, 'succeeded', true)]}),
			],
			{failFast: false},
		);
		const play = new Play().agent().submit(flow);
		play.place();
		play.finish('a', 'failed');
		expect(play.tasks()).toEqual({a: 'failed', b: 'skipped', strict: 'skipped', lenient: 'ready'});
	});

	test('continue_on_error: dependents run and the run may succeed', () => {
		const flow = workflow([task('a', {continueOnError: true}), task('b', {dependsOn: [needs(0)]})]);
		const play = new Play().agent().submit(flow);
		play.place();
		play.finish('a', 'failed');
		expect(play.place()).toEqual(['b']);
		play.finish('b', 'succeeded');
		expect(play.run().status).toBe('succeeded');
	});

	test('file order is order, not dependency: without fail_fast the next one runs although one failed', () => {
		const flow = (failFast: boolean) =>
			workflow([task('a'), task('b', {dependsOn: [needs(0, 'ordered')]}), task('c', {dependsOn: [needs(1, 'ordered')]})], {failFast});
		const patient = new Play().agent().submit(flow(false));
		patient.place();
		patient.finish('a', 'failed');
		expect(patient.place()).toEqual(['b']);
		const hasty = new Play().agent().submit(flow(true));
		hasty.place();
		hasty.finish('a', 'failed');
		expect(hasty.tasks()).toEqual({a: 'failed', b: 'skipped', c: 'skipped'});
		expect(hasty.run().status).toBe('failed');
	});
});

describe('fail_fast', () => {
	test('stops what runs, skips what waits, spares what waits for the failure, and what follows from that', () => {
		const flow = workflow([
			task('bad'),
			task('long'),
			task('later', {dependsOn: [needs(1)]}),
			task('cleanup', {dependsOn: [needs(0, 'completed'), needs(1, 'completed')]}),
			task('report', {dependsOn: [needs(3)]}),
			task('alarm', {dependsOn: [needs(0, 'failed')]}),
		]);
		const play = new Play().agent().submit(flow);
		play.place();
		play.finish('bad', 'failed');
		expect(play.tasks()).toEqual({bad: 'failed', long: 'running', later: 'skipped', cleanup: 'blocked', report: 'blocked', alarm: 'ready'});
		expect(play.run().tasks.at(1)?.stopping).toBe(true);
		expect(play.commands).toContainEqual({type: 'send-orders', session: 's-agent'});
		play.finish('long', 'cancelled');
		expect(play.place()).toEqual(['alarm', 'cleanup']);
		play.finish('alarm', 'succeeded').finish('cleanup', 'succeeded');
		play.place();
		play.finish('report', 'succeeded');
		expect(play.run().status).toBe('failed');
		expect(play.tasks().long).toBe('cancelled');
	});

	test('a task that ends well although it is being stopped has succeeded', () => {
		const play = new Play().agent().submit(workflow([task('bad'), task('long')]));
		play.place();
		play.finish('bad', 'failed').finish('long', 'succeeded');
		expect(play.tasks()).toEqual({bad: 'failed', long: 'succeeded'});
	});
});

describe('cancel', () => {
	test('ends what waits now and what runs by its outcome, and is final', () => {
		const flow = workflow([
			task('a', {retry: {limit: 3, delayMs: 0, backoff: 1, maxDelayMs: 0, lost: 5}}),
			task('b', {dependsOn: [needs(0)]}),
		]);
		const play = new Play().agent().submit(flow);
		play.place();
		play.event({type: 'run-cancelled', at: play.now, run: 'r1', reason: 'cancelled by a test'});
		expect(play.run().status).toBe('cancelling');
		expect(play.tasks()).toEqual({a: 'running', b: 'cancelled'});
		play.finish('a', 'lost');
		expect(play.run().status).toBe('cancelled');
		expect(play.run().tasks.at(0)?.reason).toBe('cancelled by a test');
	});

	test('a workflow timeout stops the run and fails it', () => {
		const play = new Play().agent().submit(workflow([task('a'), task('b', {dependsOn: [needs(0)]})], {timeoutMs: 5000}));
		play.place();
		play.pass(4999);
		expect(play.run().status).toBe('running');
		play.pass();
		expect(play.now).toBe(1_005_000);
		play.finish('a', 'cancelled');
		expect(play.run().status).toBe('failed');
		expect(play.tasks()).toEqual({a: 'cancelled', b: 'cancelled'});
	});
});
