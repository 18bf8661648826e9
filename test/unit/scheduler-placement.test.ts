import {expect, test} from 'vitest';
import {explain} from '../../source/scheduler/explain.ts';
import {place} from '../../source/scheduler/placement.ts';
import {needs, Play, task, workflow} from '../helpers/scheduling.ts';

const many = (count: number, more = {}) => Array.from({length: count}, (_, index) => task(`t${index}`, more));

test('by labels: only agents that have them all', () => {
	const play = new Play().agent('plain').agent('gpu', 4, {gpu: 'yes', zone: 'a'});
	play.submit(workflow([task('x', {agent: {labels: {gpu: 'yes'}}}), task('y', {agent: {labels: {gpu: 'yes', zone: 'b'}}})]));
	expect(play.place()).toEqual(['x']);
	expect(play.run().tasks.at(0)?.attempts[0]?.agent).toBe('gpu');
	expect(explain(play.state, new Map(), play.run(), 1)).toBe(
		'no agent with labels gpu=yes, zone=b is there; the nearest, gpu, lacks zone=b',
	);
});

test('spreads over agents by free room, and never takes more than there is', () => {
	const play = new Play().agent('one', 2, {pool: 'p'}).agent('two', 2, {pool: 'p'});
	play.submit(workflow(many(10, {agent: {labels: {pool: 'p'}}})));
	expect(play.place(2)).toHaveLength(4);
	expect([...play.run().tasks].slice(0, 4).map(({attempts}) => attempts[0]?.agent)).toEqual(['one', 'two', 'one', 'two']);
	expect(play.place(2)).toEqual([]);
});

test('runs take turns', () => {
	const play = new Play()
		.agent()
		.submit(workflow(many(100)), {run: 'big'})
		.submit(workflow(many(2)), {run: 'small'});
	const rooms = new Map([['s-agent', 4]]);
	expect(place(play.state, rooms, 1000).map(({ref}) => ref.run)).toEqual(['big', 'small', 'big', 'small']);
});

test('a single slot goes round: a large run that came first does not keep it', () => {
	const play = new Play()
		.agent('agent', 1)
		.submit(workflow(many(100)), {run: 'big'})
		.submit(workflow(many(2)), {run: 'small'});
	const served: string[] = [];
	for (let round = 0; round < 4; round++) {
		play.now += 1;
		const [ref] = place(play.state, new Map([['s-agent', 1]]), 1000).map(placement => placement.ref);
		if (ref === undefined) throw new Error('nothing was placed');
		play.event({type: 'attempt-assigned', at: play.now, ref, session: 's-agent'});
		served.push(ref.run);
		play.finish(`t${ref.task}`, 'succeeded', ref.run);
	}
	expect(served).toEqual(['big', 'small', 'big', 'small']);
});

test('a run with nothing running comes before one that holds slots elsewhere', () => {
	const play = new Play().agent('agent', 3).submit(workflow(many(100)), {run: 'big'});
	expect(play.place(3)).toHaveLength(3);
	play.submit(workflow(many(5)), {run: 'small'});
	const rooms = new Map([['s-agent', 3]]);
	expect(place(play.state, rooms, 1000).map(({ref}) => ref.run)).toEqual(['small', 'small', 'small']);
});

test('max_parallel bounds the running tasks of a run', () => {
	const play = new Play().agent().submit(workflow(many(5), {maxParallel: 2}));
	expect(play.place()).toEqual(['t0', 't1']);
	expect(play.place()).toEqual([]);
	expect(explain(play.state, new Map(), play.run(), 2)).toBe('max_parallel: 2 tasks of this run run already');
	play.finish('t1', 'succeeded');
	expect(play.place()).toEqual(['t2']);
});

test('a session that was not heard from gets nothing', () => {
	const play = new Play().agent().submit(workflow(many(1)));
	expect(place(play.state, new Map(), 1000)).toEqual([]);
	expect(explain(play.state, new Map(), play.run(), 0)).toBe('agent agent has not been heard from yet');
	expect(explain(play.state, new Map([['s-agent', 0]]), play.run(), 0)).toBe('no free slot on agent agent');
});

test('a draining agent gets nothing', () => {
	const play = new Play().agent().submit(workflow(many(1)));
	play.event({type: 'agent-drained', at: play.now, agent: 'agent'});
	expect(play.place()).toEqual([]);
});

test('explains what a blocked and a retried task wait for', () => {
	const retry = {limit: 1, delayMs: 12_000, backoff: 1, maxDelayMs: 60_000, lost: 0};
	const play = new Play().agent().submit(workflow([task('a', {retry}), task('b', {dependsOn: [needs(0)]})]));
	play.place();
	expect(explain(play.state, new Map(), play.run(), 1)).toBe('waits for a (running)');
	play.finish('a', 'failed');
	expect(explain(play.state, new Map(), play.run(), 0)).toBe('tries again in 12 s, after 1 failure');
});
