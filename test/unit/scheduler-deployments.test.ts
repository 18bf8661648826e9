import {expect, test} from 'vitest';
import {check} from '../../source/scheduler/check.ts';
import {explain} from '../../source/scheduler/explain.ts';
import {agentSpec, Play, task, workflow} from '../helpers/scheduling.ts';

const spec = agentSpec('kept', {lifetime: 'persistent'});
const handle = {driver: 'fake', pid: 1} as const;
const onKept = workflow([task('a', {agent: {name: 'kept'}}), task('b', {agent: {name: 'kept'}})]);
const stops = (play: Play) => play.commands.splice(0).flatMap(command => (command.type === 'stop-instance' ? [command.spec.name] : []));

function deployed(more = {}): Play {
	const play = new Play();
	play.event({type: 'agent-deployed', at: play.now, agent: {...spec, ...more}, directory: '/srv'});
	return online(play, 'kept');
}

function online(play: Play, instance: string): Play {
	return play.event({type: 'instance-started', at: play.now, instance, handle}).session(instance);
}

const gone = (play: Play, instance: string) => play.event({type: 'instance-ended', at: play.now, instance, end: {cause: 'stopped'}});
const refusal = (play: Play, event: Parameters<typeof check>[1]) => check(play.state, event)?.message;

test('an agent that was deployed serves all runs, and stays', () => {
	const play = deployed().submit(onKept).submit(onKept, {run: 'r2'});
	expect(play.place()).toEqual(['a', 'a', 'b', 'b']);
	for (const run of ['r1', 'r2']) for (const name of ['a', 'b']) play.finish(name, 'succeeded', run);
	expect(stops(play)).toEqual([]);
	expect(play.state.pools.kept).toMatchObject({directory: '/srv', instances: [{name: 'kept', status: 'running'}]});
});

test('drained, it gets nothing new; deployed again, it does', () => {
	const play = deployed().submit(onKept);
	play.event({type: 'agent-drained', at: play.now, agent: 'kept'});
	expect(play.commands).toContainEqual({type: 'send-orders', session: 's-kept'});
	expect(play.place()).toEqual([]);
	play.event({type: 'agent-deployed', at: play.now, agent: spec, directory: '/srv'});
	expect(play.place()).toEqual(['a', 'b']);
});

test('removed, its instances are stopped, and its name is free when they are gone', () => {
	const play = deployed();
	play.event({type: 'agent-removed', at: play.now, agent: 'kept'});
	expect(stops(play)).toEqual(['kept']);
	const again = {type: 'agent-deployed', at: play.now, agent: spec, directory: '/srv'} as const;
	expect(refusal(play, again)).toBe('agent kept is being removed; try again when it is gone');
	gone(play, 'kept');
	expect(play.state.pools).toEqual({});
	expect(refusal(play, again)).toBeUndefined();
});

test('one that runs tasks is removed by force only, and what it ran is tried again', () => {
	const play = deployed().submit(workflow([task('a', {agent: {name: 'kept'}})]));
	play.place();
	const removal = {type: 'agent-removed', at: play.now, agent: 'kept'} as const;
	expect(refusal(play, removal)).toMatch(/still runs tasks: drain it first/);
	play.event({...removal, force: true});
	gone(play, 'kept');
	expect(play.run().tasks.at(0)).toMatchObject({status: 'ready', losses: 1});
	expect(explain(play.state, new Map(), play.run(), 0)).toMatch(/^no agent kept is there/);
});

test('a name is taken once', () => {
	const play = deployed().agent('free');
	const deployment = (agent: typeof spec) => refusal(play, {type: 'agent-deployed', at: play.now, agent, directory: '/srv'});
	expect(deployment(spec)).toBeUndefined();
	expect(deployment({...spec, slots: 7})).toMatch(/another specification is there/);
	expect(deployment({...spec, name: 'free'})).toMatch(/has registered itself/);
	expect(deployment({...spec, name: 'local-agent'})).toMatch(/the orchestrator's own/);
	const registration = {name: 'kept', type: 'x', mode: 'pull', slots: 1, labels: {}} as const;
	expect(refusal(play, {type: 'agent-registered', at: play.now, agent: registration})).toMatch(/is taken by an agent that/);
});

test('agents of runs and of the orchestrator are not for people to drain or remove', () => {
	const local = task('l', {agent: {name: 'local-agent'}});
	const play = new Play().submit(workflow([task('a'), local], {agents: [agentSpec('agent')]}));
	for (const [agent, owner] of [
		['agent~r1', 'run r1'],
		['local-agent', 'the orchestrator'],
	]) {
		for (const type of ['agent-drained', 'agent-removed'] as const) {
			expect(refusal(play, {type, at: play.now, agent: agent ?? ''})).toBe(`agent ${agent} belongs to ${owner}, which starts and ends it`);
		}
	}
	expect(refusal(play, {type: 'agent-drained', at: play.now, agent: 'nobody'})).toBe('no agent nobody');
});

/** Lets every start fail until the pool is given up. */
function giveUp(play: Play, pool: string): void {
	for (let failures = 0; play.state.pools[pool]?.broken === undefined && failures < 9; failures++) {
		const instance = play.state.pools[pool]?.instances.at(-1)?.name ?? '';
		play.event({type: 'instance-failed', at: play.now, instance, end: {cause: 'no such image'}});
		gone(play, instance);
		if (play.state.pools[pool]?.broken === undefined) play.pass();
	}
	expect(play.state.pools[pool]).toMatchObject({broken: expect.stringContaining('no such image'), instances: []});
}

test('one that was given up is tried again when it is deployed again', () => {
	const play = new Play();
	const deployment = {type: 'agent-deployed', at: play.now, agent: spec, directory: '/srv'} as const;
	play.event(deployment);
	giveUp(play, 'kept');
	play.event(deployment);
	expect(play.state.pools.kept?.instances).toMatchObject([{status: 'starting'}]);
});

test.each([
	['the name of', {name: 'kept'}],
	['labels that fit', {labels: {os: 'linux'}}],
])('one that was given up is tried again for a run with %s it, and for no other', (_, agent) => {
	const play = new Play();
	play.event({type: 'agent-deployed', at: play.now, agent: {...spec, labels: {os: 'linux'}}, directory: '/srv'});
	giveUp(play, 'kept');
	play.submit(workflow([task('other', {agent: {name: 'kept~9'}})]), {run: 'r1'});
	expect(play.state.pools.kept).toMatchObject({broken: expect.any(String), instances: []});
	play.submit(workflow([task('a', {agent})]), {run: 'r2'});
	expect(play.state.pools.kept).toMatchObject({failures: 0, instances: [{status: 'starting'}]});
	expect(play.run('r2').tasks.at(0)).toMatchObject({status: 'ready'});
	giveUp(play, 'kept');
	expect(play.run('r2').tasks.at(0)).toMatchObject({status: 'failed', cause: 'start_failed'});
});

test('local-agent, too', () => {
	const local = workflow([task('a', {agent: {name: 'local-agent'}})]);
	const localAgent = {slots: 1, idleMs: 1e6};
	const play = new Play().submit(local, {run: 'r1', localAgent});
	giveUp(play, 'local-agent');
	play.submit(local, {run: 'r2', localAgent: {slots: 1, idleMs: 2e6}});
	expect(play.state.pools['local-agent']).toMatchObject({failures: 0, idleMs: 2e6, instances: [{status: 'starting'}]});
});

test("a replica's own name leads to that very replica", () => {
	const play = deployed({replicas: 2});
	online(play, 'kept~2');
	play.submit(workflow([task('a', {agent: {name: 'kept~2'}}), task('b', {agent: {name: 'kept~2'}})]));
	expect(play.place()).toEqual(['a', 'b']);
	expect([...play.run().tasks].map(({attempts}) => attempts[0]?.agent)).toEqual(['kept~2', 'kept~2']);
});
