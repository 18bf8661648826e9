import {expect, test} from 'vitest';
import type {TaskStatus} from '../../source/model/run.ts';
import type {TaskSpec} from '../../source/model/workflow.ts';
import {planRerun, retryOf} from '../../source/scheduler/rerun.ts';
import {agentSpec, needs, Play, task, workflow} from '../helpers/scheduling.ts';

/** A run of these tasks that has ended, each with the outcome that is named; those not named are never reached. */
function ended(tasks: readonly TaskSpec[], outcomes: Readonly<Record<string, 'succeeded' | 'failed'>>, more = {}) {
	const play = new Play().agent().submit(workflow(tasks, {failFast: false, ...more}));
	for (let placed = play.place(); placed.length > 0; placed = play.place()) {
		for (const name of placed) play.finish(name, outcomes[name] ?? 'succeeded');
	}
	return {play, run: play.run()};
}

/** The same workflow again, as a retry. */
function retried(play: Play, choice: {from?: number; only?: number}): Record<string, TaskStatus> {
	const before = play.run('r1');
	play.event({
		type: 'run-submitted',
		at: play.now,
		run: 'r2',
		workflow: before.workflow,
		params: {},
		localAgent: {slots: 1, idleMs: 0},
		retry: retryOf(before, choice),
	});
	return play.tasks('r2');
}

const diamond = [
	task('fetch'),
	task('build', {dependsOn: [needs(0)]}),
	task('lint', {dependsOn: [needs(0)]}),
	task('ship', {dependsOn: [needs(1), needs(2)]}),
	task('alarm', {dependsOn: [needs(1, 'failed')]}),
];

test('what failed runs again, and what was skipped for it; what succeeded is kept', () => {
	const {play, run} = ended(diamond, {build: 'failed'});
	expect(play.tasks()).toEqual({fetch: 'succeeded', build: 'failed', lint: 'succeeded', ship: 'skipped', alarm: 'succeeded'});
	// The alarm hung on a failure that is tried again.
	expect(planRerun(run, {})).toEqual(['keep', 'run', 'keep', 'run', 'run']);
	expect(retried(play, {})).toEqual({fetch: 'succeeded', build: 'ready', lint: 'succeeded', ship: 'blocked', alarm: 'blocked'});
	expect(play.run('r2').retryOf).toBe('r1');
	expect([...play.run('r2').tasks]).toMatchObject([{takenFrom: 'r1', attempts: []}, {}, {takenFrom: 'r1'}, {}, {}]);
	play.place();
	play.finish('build', 'succeeded', 'r2');
	expect(play.place()).toEqual(['ship']);
	play.finish('ship', 'succeeded', 'r2');
	expect(play.run('r2').status).toBe('succeeded');
	expect(play.tasks('r2').alarm).toBe('skipped');
});

test('from a task on: that one and all after it run again, though they succeeded', () => {
	const {run} = ended(diamond, {});
	expect(planRerun(run, {})).toEqual(['keep', 'keep', 'keep', 'keep', 'run']);
	expect(planRerun(run, {from: 2})).toEqual(['keep', 'keep', 'run', 'run', 'run']);
});

test('only one task: it does not wait for what it depends on, and nothing else runs', () => {
	const {play, run} = ended(diamond, {fetch: 'failed'});
	expect(planRerun(run, {only: 3})).toEqual(['skip', 'skip', 'skip', 'run', 'skip']);
	expect(retried(play, {only: 3})).toEqual({fetch: 'skipped', build: 'skipped', lint: 'skipped', ship: 'ready', alarm: 'skipped'});
	expect(play.place()).toEqual(['ship']);
	play.finish('ship', 'succeeded', 'r2');
	expect(play.run('r2').status).toBe('succeeded');
});

test('in plain file order a failure before does not repeat what succeeded after it, but `from` does', () => {
	const inOrder = [task('a'), task('b', {dependsOn: [needs(0, 'ordered')]}), task('c', {dependsOn: [needs(1, 'ordered')]})];
	const {play, run} = ended(inOrder, {a: 'failed'});
	expect(planRerun(run, {})).toEqual(['run', 'keep', 'keep']);
	expect(planRerun(run, {from: 0})).toEqual(['run', 'run', 'run']);
	expect(retried(play, {})).toEqual({a: 'ready', b: 'succeeded', c: 'succeeded'});
});

test('agents of tasks that are kept or left out are not started', () => {
	const local = task('local', {agent: {name: 'local-agent'}});
	const tasks = [task('a', {agent: {name: 'one'}}), local, task('b', {agent: {name: 'two'}, dependsOn: [needs(0), needs(1)]})];
	const more = {agents: [agentSpec('one'), agentSpec('two')], failFast: false};
	const play = new Play().submit(workflow(tasks, more));
	for (const instance of ['one~r1', 'local-agent', 'two~r1']) {
		play.event({type: 'instance-started', at: play.now, instance, handle: {driver: 'fake', pid: 1}}).session(instance);
	}
	for (const name of play.place()) play.finish(name, 'succeeded');
	for (const name of play.place()) play.finish(name, 'failed');
	for (const instance of ['one~r1', 'local-agent', 'two~r1'])
		play.event({type: 'instance-ended', at: play.now, instance, end: {cause: 'stopped'}});
	expect(play.state.pools).toEqual({});
	expect(retried(play, {})).toEqual({a: 'succeeded', local: 'succeeded', b: 'ready'});
	expect(Object.keys(play.state.pools)).toEqual(['two~r2']);
});

test('a result is taken over from where it came about, however many retries lie between', () => {
	const {play} = ended([task('a'), task('b', {dependsOn: [needs(0)]})], {b: 'failed'});
	retried(play, {});
	play.place();
	play.finish('b', 'failed', 'r2');
	expect(retryOf(play.run('r2'), {})).toEqual({of: 'r2', taken: [{task: 0, from: 'r1'}], skipped: []});
});
