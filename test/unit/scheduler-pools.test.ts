import {expect, test} from 'vitest';
import {check} from '../../source/scheduler/check.ts';
import {recover} from '../../source/scheduler/recover.ts';
import {agentSpec, Play, task, workflow} from '../helpers/scheduling.ts';

const handle = {driver: 'fake', pid: 1} as const;
const flow = (more = {}, tasks = [task('a')]) => workflow(tasks, {agents: [agentSpec('agent', more)]});
const commands = (play: Play) =>
	play.commands.splice(0).flatMap(command => ('spec' in command ? [`${command.type} ${command.spec.name}`] : []));

/** The instance runs, and its agent is online. */
function online(play: Play, instance: string, session = `s-${instance}`): Play {
	return play.event({type: 'instance-started', at: play.now, instance, handle}).session(instance, session);
}

test('a declared agent lives in its run: started with it, gone after it', () => {
	const play = new Play().submit(flow({replicas: 2}));
	expect(commands(play)).toEqual(['start-instance agent~r1', 'start-instance agent~r1~2']);
	online(play, 'agent~r1~2');
	expect(play.place()).toEqual(['a']);
	play.finish('a', 'succeeded');
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'stop-instance agent~r1~2']);
	for (const instance of ['agent~r1', 'agent~r1~2']) play.event({type: 'instance-ended', at: play.now, instance, end: {cause: 'stopped'}});
	expect(play.state.pools).toEqual({});
	expect(play.state.sessions.size).toBe(0);
});

test('a name that is registered already is used, and nothing is deployed', () => {
	const play = new Play().agent().submit(flow());
	expect(commands(play)).toEqual([]);
	expect(play.run().adoptedAgents).toEqual(['agent']);
	expect(play.place()).toEqual(['a']);
});

test('agents that no task asks for are not started', () => {
	const play = new Play().submit(flow({}, [task('a', {agent: {name: 'local-agent'}})]));
	expect(commands(play)).toEqual(['start-instance local-agent']);
});

test('local-agent is shared, and ends when no run needs it', () => {
	const local = workflow([task('a', {agent: {name: 'local-agent'}})]);
	const play = new Play().submit(local).submit(local, {run: 'r2'});
	expect(commands(play)).toEqual(['start-instance local-agent']);
	online(play, 'local-agent');
	play.place();
	play.finish('a', 'succeeded');
	expect(commands(play)).toEqual([]);
	play.finish('a', 'succeeded', 'r2');
	expect(commands(play)).toEqual(['stop-instance local-agent']);
});

test('local-agent stays idle for as long as the orchestrator of the newest run says', () => {
	const local = workflow([task('a', {agent: {name: 'local-agent'}})]);
	const submitted = {type: 'run-submitted', workflow: local, params: {}} as const;
	const play = new Play();
	play.event({...submitted, at: play.now, run: 'of-a-manager', localAgent: {slots: 2, idleMs: 30_000}});
	online(play, 'local-agent');
	play.place();
	play.finish('a', 'succeeded', 'of-a-manager');
	play.event({...submitted, at: play.now, run: 'of-one-run', localAgent: {slots: 2, idleMs: 0}});
	play.place();
	commands(play);
	play.finish('a', 'succeeded', 'of-one-run');
	expect(commands(play)).toEqual(['stop-instance local-agent']);
});

test('a dead instance is replaced, what ran in it is lost at once and started again', () => {
	const play = new Play().submit(flow());
	online(play, 'agent~r1');
	play.place();
	commands(play);
	play.event({type: 'instance-ended', at: play.now, instance: 'agent~r1', end: {cause: 'killed by SIGKILL'}});
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'start-instance agent~r1~2']);
	expect(play.run().tasks.at(0)).toMatchObject({status: 'ready', losses: 1});
	online(play, 'agent~r1~2');
	expect(play.place()).toEqual(['a']);
});

test('an instance that ends again and again breaks its pool, and its tasks fail with the last output', () => {
	const play = new Play().submit(flow());
	commands(play);
	const delays: number[] = [];
	for (let round = 1; round <= 4; round++) {
		const instance = round === 1 ? 'agent~r1' : `agent~r1~${round}`;
		play.event({type: 'instance-started', at: play.now, instance, handle});
		play.event({type: 'instance-ended', at: play.now, instance, end: {cause: 'exited with code 3', output: 'cannot find module\n'}});
		if (commands(play).some(command => command.startsWith('start-instance'))) continue;
		if (round === 4) break;
		const before = play.now;
		play.pass();
		delays.push(play.now - before);
		expect(commands(play)).toEqual([`start-instance agent~r1~${round + 1}`]);
	}
	expect(delays).toEqual([1000, 2000]);
	expect(play.run().status).toBe('failed');
	expect(play.run().tasks.at(0)).toMatchObject({
		cause: 'start_failed',
		reason: 'instance agent~r1~4: exited with code 3; its last output:\ncannot find module',
	});
	for (const instance of play.state.pools['agent~r1']?.instances ?? []) {
		play.event({type: 'instance-ended', at: play.now, instance: instance.name, end: {cause: 'stopped'}});
	}
	expect(play.state.pools).toEqual({});
});

test('instances that were there together and end together count as one failure: an engine that dies takes all along', () => {
	const play = new Play().submit(flow({replicas: 6}));
	const names = () => (play.state.pools['agent~r1']?.instances ?? []).filter(({status}) => status !== 'stopping').map(({name}) => name);
	for (let round = 1; round <= 3; round++) {
		for (const name of names()) online(play, name);
		for (const instance of names()) {
			play.now++;
			play.event({type: 'instance-ended', at: play.now, instance, end: {cause: 'the engine was killed'}});
		}
		expect(play.state.pools['agent~r1']).toMatchObject({failures: round});
		if (names().length === 0) play.pass();
		expect(names()).toHaveLength(6);
	}
	for (const instance of names()) play.event({type: 'instance-ended', at: ++play.now, instance, end: {cause: 'the engine was killed'}});
	expect(play.state.pools['agent~r1']).toMatchObject({failures: 4, broken: expect.stringContaining('the engine was killed')});
});

test('what an instance ran that is given up is lost when its end is confirmed, not before', () => {
	const play = new Play().submit(flow());
	online(play, 'agent~r1');
	play.place();
	commands(play);
	play.event({type: 'instance-given-up', at: play.now, instance: 'agent~r1', cause: 'it is silent'});
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'start-instance agent~r1~2']);
	expect(play.run().tasks.at(0)).toMatchObject({status: 'running', losses: 0});
	online(play, 'agent~r1~2');
	expect(play.place()).toEqual([]);
	const stopped = {type: 'instance-ended', at: play.now, instance: 'agent~r1', end: {cause: 'stopped'}} as const;
	play.event(stopped);
	expect(play.run().tasks.at(0)).toMatchObject({
		status: 'ready',
		losses: 1,
		attempts: [{outcome: {status: 'lost', reason: "its agent's instance was stopped: it is silent"}}],
	});
	expect(play.place()).toEqual(['a']);
});

test('a late Report of an agent that ended with its instance opens no session in the next one of that name', () => {
	const local = workflow([task('a', {agent: {name: 'local-agent'}})]);
	const play = new Play().submit(local);
	online(play, 'local-agent', 'dead');
	play.place();
	play.finish('a', 'succeeded');
	play.event({type: 'instance-ended', at: play.now, instance: 'local-agent', end: {cause: 'stopped'}});
	expect(play.state.pools).toEqual({});
	play.submit(local, {run: 'r2'});
	play.event({type: 'instance-started', at: play.now, instance: 'local-agent', handle});
	const opening = (session: string) =>
		check(play.state, {type: 'session-opened', at: play.now, session, agent: 'local-agent', leaseMs: 86_400_000});
	expect(opening('dead')).toMatchObject({code: 'conflict', message: 'session dead ended with its instance'});
	expect(opening('new')).toBeUndefined();
});

test('an instance with a second session is given up: one of the two programs is dead, and nobody knows which', () => {
	const play = new Play().submit(flow());
	online(play, 'agent~r1', 'first');
	play.place();
	commands(play);
	play.session('agent~r1', 'second');
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'start-instance agent~r1~2']);
	expect(play.run().tasks.at(0)).toMatchObject({status: 'running', losses: 0});
	play.event({type: 'instance-ended', at: play.now, instance: 'agent~r1', end: {cause: 'stopped'}});
	expect(play.state.sessions.size).toBe(0);
	expect(play.run().tasks.at(0)).toMatchObject({status: 'ready', losses: 1});
});

test('an instance that no further try can help breaks its pool at once', () => {
	const play = new Play().submit(flow({replicas: 2}));
	commands(play);
	play.event({type: 'instance-failed', at: play.now, instance: 'agent~r1', end: {cause: 'no such image', isFinal: true}});
	expect(play.run().status).toBe('failed');
	expect(play.run().tasks.at(0)).toMatchObject({cause: 'start_failed', reason: 'instance agent~r1: no such image'});
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'stop-instance agent~r1~2']);
});

test('an instance without an agent in it is stopped after start_timeout', () => {
	const play = new Play().submit(flow({startTimeoutMs: 5000}));
	play.event({type: 'instance-started', at: play.now, instance: 'agent~r1', handle});
	commands(play);
	play.pass();
	expect(play.now).toBe(1_005_000);
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'start-instance agent~r1~2']);
});

test('start_timeout begins when the instance has started: an image may take long to be pulled', () => {
	const play = new Play().submit(flow({startTimeoutMs: 5000}));
	commands(play);
	play.now += 60_000;
	play.event({type: 'ticked', at: play.now});
	expect(commands(play)).toEqual([]);
	play.event({type: 'instance-started', at: play.now, instance: 'agent~r1', handle});
	play.pass();
	expect(play.now).toBe(1_065_000);
	expect(commands(play)).toEqual(['stop-instance agent~r1', 'start-instance agent~r1~2']);
});

test('lifetime task: a fresh instance for each attempt, as many at once as there are slots', () => {
	const play = new Play().submit(flow({lifetime: 'task', slots: 2}, [task('a'), task('b'), task('c')]));
	expect(commands(play)).toEqual(['start-instance agent~r1', 'start-instance agent~r1~2']);
	online(play, 'agent~r1');
	online(play, 'agent~r1~2');
	expect(play.place()).toEqual(['a', 'b']);
	expect(commands(play)).toEqual([]);
	play.finish('a', 'succeeded');
	expect(commands(play)).toEqual(['stop-instance agent~r1']);
	play.event({type: 'instance-ended', at: play.now, instance: 'agent~r1', end: {cause: 'stopped'}});
	expect(commands(play)).toEqual(['start-instance agent~r1~3']);
	online(play, 'agent~r1~3');
	expect(play.place()).toEqual(['c']);
});

test('after a restart: what was to start is started again, what runs is adopted, what was to stop is stopped', () => {
	const play = new Play().submit(flow({replicas: 3}));
	online(play, 'agent~r1~2');
	play.event({type: 'instance-started', at: play.now, instance: 'agent~r1~3', handle});
	expect(recover(play.state).map(({type}) => type)).toEqual(['start-instance', 'adopt-instance', 'adopt-instance']);
	play.event({type: 'run-cancelled', at: play.now, run: 'r1', reason: 'enough'});
	expect(recover(play.state).map(({type}) => type)).toEqual(['stop-instance', 'stop-instance', 'stop-instance']);
});

test('a persistent agent stays, serves the next run, and refuses another specification', () => {
	const play = new Play().submit(flow({lifetime: 'persistent'}));
	online(play, 'agent');
	play.place();
	play.finish('a', 'succeeded');
	expect(commands(play)).toEqual(['start-instance agent']);
	play.submit(flow({lifetime: 'persistent'}), {run: 'r2'});
	expect(play.place()).toEqual(['a']);
	expect(() => play.submit(flow({lifetime: 'persistent', slots: 9}), {run: 'r3'})).toThrow('another specification');
});
