import {expect, onTestFinished, test} from 'vitest';
import {Exchanges} from '../../source/agents/exchange.ts';
import {TaskLogs} from '../../source/engine/task-logs.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {Report} from '../../source/protocol/messages.ts';
import {openLogFiles} from '../../source/store/log-files.ts';
import type {LogStore} from '../../source/store/logs.ts';
import type {Store} from '../../source/store/store.ts';
import {openEngine, opened, registered, submitted} from '../helpers/live-engine.ts';
import {needs, task, workflow} from '../helpers/scheduling.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';
import type {TestClock} from '../helpers/test-clock.ts';
import {testClock} from '../helpers/test-clock.ts';

const settings = {leaseMs: 60_000, instanceLeaseMs: 86_400_000, silentMs: 15_000, graceMs: 1000, holdMs: 10_000};
const ref: AttemptRef = {run: 'r1', task: 0, attempt: 1};
const flow = workflow([task('a', {agent: {labels: {}}}), task('b', {agent: {labels: {}}, dependsOn: [needs(0)]})]);
const succeeded = {status: 'succeeded', exitCode: 0} as const;

type Options = {readonly clock?: TestClock; readonly store?: Store; readonly files?: LogStore};

/** One life of the orchestrator's end: engine, logs in real files, exchange; on a clock that the test moves. */
function open({clock = testClock(), store, files = openLogFiles(temporaryDirectory(), {attemptBytes: 1000})}: Options = {}) {
	const live = openEngine({
		clock,
		...(store && {store}),
		perform: command => command.type === 'send-orders' && exchanges.sendOrders(command.session),
	});
	const {engine} = live;
	const logs = new TaskLogs(files);
	onTestFinished(() => files.close());
	const exchanges = new Exchanges({engine, logs, clock, settings});
	exchanges.start();
	onTestFinished(() => exchanges.close());
	let number = 0;
	return {
		...live,
		clock,
		files,
		exchanges,
		/** The next Report of an agent's session. */
		report: (report: Partial<Report> = {}, agent = 'agent') =>
			exchanges.exchange(agent, {session: 's', number: ++number, held: [], free: 1, outcomes: [], logs: [], waitMs: 0, ...report}),
		task: (index = 0) => engine.state.runs.get('r1')?.tasks.at(index),
	};
}

/** The agent `agent` is registered and runs the first attempt of a run's first task. */
async function openWorking(options: Options = {}) {
	const life = open(options);
	await life.tell(registered('agent'), submitted('r1', flow));
	await life.report();
	await expect.poll(() => life.task()?.status).toBe('running');
	return life;
}

function output(text: string, offset = 0): Report['logs'] {
	return [{ref, offset, chunks: [{stream: 'stdout', at: 5, data: Buffer.from(text).toString('base64')}]}];
}

async function kept(files: LogStore): Promise<string> {
	const {pieces} = await files.read(ref, 0, 1000);
	return pieces.map(({data}) => Buffer.from(data).toString()).join('');
}

test('a Report opens its session, is answered with what is to be started, and again until that is held', async () => {
	const {report, tell, engine} = open();
	await tell(registered('agent'));
	const first = report({waitMs: 10_000});
	await tell(submitted('r1', flow));
	expect(await first).toMatchObject({session: 's', answers: 1, leaseMs: 60_000, start: [{ref, task: 'a', command: 'true'}], stop: []});
	expect((await report()).start).toHaveLength(1);
	expect((await report({held: [ref], free: 0})).start).toEqual([]);
	expect(engine.state.sessions.get('s')).toMatchObject({agent: 'agent', assigned: [ref]});
});

test('who is not registered is not found, and no session is opened', async () => {
	const {report, engine} = open();
	await expect(report()).rejects.toMatchObject({code: 'not_found'});
	expect(engine.state.sessions.size).toBe(0);
});

test('a session of another agent is refused, and nothing that was said in its name counts', async () => {
	const {report, tell, task: taskNow, exchanges, files} = await openWorking();
	await tell(registered('thief'));
	const outcomes = [{ref, outcome: succeeded, logBytes: 0}];
	await expect(report({held: [ref], outcomes, logs: output('stolen')}, 'thief')).rejects.toMatchObject({code: 'forbidden'});
	expect(taskNow()).toMatchObject({status: 'running', attempts: [{agent: 'agent'}]});
	expect(await files.end(ref)).toBe(0);
	expect(exchanges.isHeard('thief')).toBe(false);
});

test('an outcome is recorded once all of its output is, be it in one Report or in several', async () => {
	const {report, task: taskNow, files} = await openWorking();
	const outcomes = [{ref, outcome: succeeded, logBytes: 11}];
	const early = await report({held: [ref], outcomes, logs: output('hello ')});
	expect(early.acknowledged).toEqual({outcomes: [], logs: [{ref, offset: 6}]});
	expect(taskNow()?.status).toBe('running');
	const gap = await report({held: [ref], outcomes, logs: output('ld', 9)});
	expect(gap.acknowledged).toEqual({outcomes: [], logs: [{ref, offset: 6}]});
	const late = await report({held: [ref], outcomes, logs: output('world', 6)});
	expect(late.acknowledged).toEqual({outcomes: [ref], logs: []});
	expect(taskNow()).toMatchObject({status: 'succeeded', attempts: [{status: 'succeeded', logBytes: 11}]});
	expect(await kept(files)).toBe('hello world');
});

test('an outcome waits for its output to be durable, not just to have been sent', async () => {
	const files = openLogFiles(temporaryDirectory(), {attemptBytes: 1000});
	const gate = Promise.withResolvers<void>();
	const slow: LogStore = {
		...boundStore(files),
		append: async (...call) => {
			await gate.promise;
			return files.append(...call);
		},
	};
	const {report, task: taskNow, clock} = await openWorking({files: slow});
	const answer = report({held: [ref], outcomes: [{ref, outcome: succeeded, logBytes: 2}], logs: output('ok')});
	await clock.pass(1000);
	expect(taskNow()?.status).toBe('running');
	gate.resolve();
	expect((await answer).acknowledged.outcomes).toEqual([ref]);
	expect(taskNow()?.status).toBe('succeeded');
});

test('output that cannot be kept is no loss: the Report is refused, and the next one brings it again', async () => {
	const files = openLogFiles(temporaryDirectory(), {attemptBytes: 1000});
	let isFull = true;
	const full: LogStore = {
		...boundStore(files),
		append: (...call) => (isFull ? Promise.reject(new ByoaiError('unavailable', 'the disk is full')) : files.append(...call)),
	};
	const {report, task: taskNow} = await openWorking({files: full});
	const said = {held: [ref], outcomes: [{ref, outcome: succeeded, logBytes: 2}], logs: output('ok')};
	await expect(report(said)).rejects.toMatchObject({code: 'unavailable'});
	expect(taskNow()?.status).toBe('running');
	isFull = false;
	expect((await report(said)).acknowledged.outcomes).toEqual([ref]);
	expect(await kept(files)).toBe('ok');
});

test('a Report that is not newer than the newest is answered, but nothing of it is taken', async () => {
	const {report, engine, task: taskNow} = await openWorking();
	expect(await report({number: 9, held: [ref], free: 0})).toMatchObject({answers: 9});
	const outcomes = [{ref, outcome: succeeded, logBytes: 0}];
	for (const number of [9, 8]) {
		expect(await report({number, held: [ref], free: 5, outcomes, waitMs: 10_000})).toMatchObject({answers: 9});
	}
	expect(taskNow()?.status).toBe('running');
	expect(engine.rooms.get('s')).toBe(0);
});

test('a reply is held while there is nothing to say, for no longer than wished and permitted, and gives way to a newer one', async () => {
	const {report, tell, clock} = open();
	await tell(registered('agent'));
	await report();
	const answered: string[] = [];
	const ask = async (name: string, waitMs: number) => {
		await report({waitMs});
		answered.push(name);
	};
	const waits = [ask('first', 60_000)];
	await clock.pass(9000);
	expect(answered).toEqual([]);
	waits.push(ask('second', 5000));
	await clock.pass(0);
	expect(answered).toEqual(['first']);
	await clock.pass(4999);
	expect(answered).toEqual(['first']);
	await clock.pass(2);
	expect(answered).toEqual(['first', 'second']);
	waits.push(ask('third', 60_000));
	await clock.pass(10_001);
	await Promise.all(waits);
	expect(answered).toEqual(['first', 'second', 'third']);
});

test('a lease that ends loses the session with its attempts, a little later than the agent thinks; a Report renews it', async () => {
	const {report, clock, task: taskNow, engine} = await openWorking();
	await clock.pass(50_000);
	await report({held: [ref], free: 0});
	await clock.pass(62_900);
	expect(taskNow()?.status).toBe('running');
	await clock.pass(1200);
	await clock.pass(0);
	expect(engine.state.sessions.size).toBe(0);
	expect(taskNow()).toMatchObject({
		status: 'ready',
		losses: 1,
		attempts: [{status: 'lost', outcome: {reason: 'its agent agent was not heard from until its lease ended'}}],
	});
});

test('who comes back after its lease has to stop what it held, and its late outcome is settled without counting', async () => {
	const {report, clock, task: taskNow, files} = await openWorking();
	await report({held: [ref], free: 0, logs: output('before ')});
	await clock.pass(65_000);
	await clock.pass(0);
	expect(taskNow()?.attempts).toMatchObject([{status: 'lost'}]);
	const back = await report({held: [ref], free: 0, logs: output('after', 7)});
	expect(back).toMatchObject({session: 's', stop: [ref], acknowledged: {outcomes: [], logs: []}});
	const settled = await report({held: [ref], free: 0, outcomes: [{ref, outcome: succeeded, logBytes: 12}]});
	expect(settled.acknowledged.outcomes).toEqual([ref]);
	expect(taskNow()?.attempts).toMatchObject([{status: 'lost'}]);
	expect(await kept(files)).toBe('before ');
});

test('an agent that is silent gets no new work, but keeps what it has until its lease ends', async () => {
	const {report, clock, tell, task: taskNow, engine, exchanges} = open();
	await tell(registered('agent'));
	await report();
	await clock.pass(14_000);
	expect(exchanges.isHeard('agent')).toBe(true);
	await clock.pass(3000);
	expect(exchanges.isHeard('agent')).toBe(false);
	expect(engine.rooms.has('s')).toBe(false);
	await tell(submitted('r1', flow));
	await clock.pass(0);
	expect(taskNow()?.status).toBe('ready');
	await report();
	await expect.poll(() => taskNow()?.status).toBe('running');
	expect(exchanges.isHeard('agent')).toBe(true);
});

test('free slots are those of the Report, less what was assigned since and is not held yet', async () => {
	const {report, tell, engine} = open();
	await tell(registered('agent', 3), submitted('r1', flow));
	await report({free: 3});
	await expect.poll(() => engine.rooms.get('s')).toBe(2);
	await report({free: 3});
	expect(engine.rooms.get('s')).toBe(2);
	await report({held: [ref], free: 1});
	expect(engine.rooms.get('s')).toBe(1);
});

test('a draining agent hears so, and gets nothing more', async () => {
	const {report, tell, clock, task: taskNow} = open();
	await tell(registered('agent'));
	const answer = report({waitMs: 10_000});
	await clock.pass(0);
	await tell({type: 'agent-drained', at: 1, agent: 'agent'}, submitted('r1', flow));
	expect(await answer).toMatchObject({drain: true, start: []});
	await report();
	await clock.pass(0);
	expect(taskNow()?.status).toBe('ready');
});

test('after a restart every session has a fresh lease; what it runs goes on, and nothing new is placed before it is heard', async () => {
	const before = await openWorking();
	await before.report({held: [ref], free: 0, logs: output('first ')});
	await before.clock.pass(40_000);
	before.exchanges.close();
	before.engine.close();
	const {clock, store, files} = before;
	const life = open({clock, store, files});
	expect(life.exchanges.isHeard('agent')).toBe(false);
	expect(life.exchanges.holds('s', ref)).toBe(false);
	await clock.pass(50_000);
	expect(life.task()?.status).toBe('running');
	expect(life.engine.rooms.size).toBe(0);
	const orders = await life.report({number: 100, held: [ref], free: 0});
	expect(orders).toMatchObject({answers: 100, start: [], stop: [], acknowledged: {logs: [{ref, offset: 6}]}});
	expect(life.exchanges.holds('s', ref)).toBe(true);
	await clock.pass(50_000);
	await life.report({number: 101, held: [ref], free: 0, outcomes: [{ref, outcome: succeeded, logBytes: 12}], logs: output('second', 6)});
	expect(life.task()).toMatchObject({status: 'succeeded', attempts: [{status: 'succeeded', logBytes: 12}]});
	expect(await kept(files)).toBe('first second');
});

test('after a restart a session that stays away is lost when its fresh lease ends', async () => {
	const before = await openWorking();
	await before.clock.pass(40_000);
	before.exchanges.close();
	before.engine.close();
	const {clock, store, files} = before;
	const life = open({clock, store, files});
	await clock.pass(62_000);
	expect(life.task()?.status).toBe('running');
	await clock.pass(2100);
	await clock.pass(0);
	expect(life.task()).toMatchObject({status: 'ready', attempts: [{status: 'lost'}]});
});

test('an instance has the longer lease', async () => {
	const {tell, report, engine, clock} = open();
	await tell(submitted('r1', workflow([task('a', {agent: {name: 'local-agent'}})])));
	await tell({type: 'instance-started', at: clock.now(), instance: 'local-agent', handle: {driver: 'fake'}});
	await report({}, 'local-agent');
	expect(engine.state.sessions.get('s')).toMatchObject({leaseMs: 86_400_000});
});

test('an instance whose lease ends is given up, once: only the end of it loses what it ran, and a late outcome still counts', async () => {
	const {tell, report, engine, clock, task: taskNow, store} = open();
	await tell(submitted('r1', workflow([task('a', {agent: {name: 'local-agent'}})])));
	await tell({type: 'instance-started', at: clock.now(), instance: 'local-agent', handle: {driver: 'fake'}});
	await report({}, 'local-agent');
	await expect.poll(() => taskNow()?.status).toBe('running');
	await clock.pass(86_400_000 * 1.05 + 1000);
	await clock.pass(5000);
	expect(engine.state.pools['local-agent']?.instances).toMatchObject([
		{name: 'local-agent', status: 'stopping', givenUp: 'its agent local-agent was not heard from until its lease ended'},
		{name: 'local-agent~2', status: 'starting'},
	]);
	expect([...store.read(0)].filter(({event}) => event.type === 'instance-given-up')).toHaveLength(1);
	expect(taskNow()?.status).toBe('running');
	await report({held: [ref], free: 0, outcomes: [{ref, outcome: succeeded, logBytes: 0}]}, 'local-agent');
	expect(engine.state.runs.get('r1')).toBeUndefined();
});

test('two sessions of one agent are told apart: the older one keeps what it runs', async () => {
	const {tell, report, task: taskNow, engine} = await openWorking();
	await tell(opened('other', 'agent'));
	const orders = await report({session: 'other', number: 1, held: [], free: 1});
	expect(orders).toMatchObject({session: 'other', start: [], stop: []});
	expect(taskNow()?.attempts).toMatchObject([{session: 's', status: 'assigned'}]);
	expect([...engine.state.sessions.keys()]).toEqual(['s', 'other']);
});

/** A store's calls as an object of their own, to put others in their place. */
function boundStore(store: LogStore): LogStore {
	return {
		end: store.end.bind(store),
		append: store.append.bind(store),
		read: store.read.bind(store),
		drop: () => Promise.resolve(),
		release: store.release.bind(store),
		close: store.close.bind(store),
	};
}
