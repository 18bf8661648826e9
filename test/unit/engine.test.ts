import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, expect, test} from 'vitest';
import {systemClock} from '../../source/engine/clock.ts';
import type {Change} from '../../source/engine/engine.ts';
import {Engine} from '../../source/engine/engine.ts';
import type {Command} from '../../source/model/command.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Event} from '../../source/model/event.ts';
import {emptyState} from '../../source/scheduler/state.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Batch, Store} from '../../source/store/store.ts';
import {agentSpec, needs, task, workflow} from '../helpers/scheduling.ts';

const directory = mkdtempSync(join(tmpdir(), 'byoai-engine-'));
const closing: Array<() => void> = [];
afterEach(() => {
	for (const close of closing.splice(0).reverse()) close();
});
afterAll(() => rmSync(directory, {recursive: true, force: true}));

type Life = {engine: Engine; store: Store; commands: Command[]; changes: Change[]; batches: Batch[]; fatal: ByoaiError[]};

/** An engine on a real database; several lives on one file are restarts. */
function open(path = ':memory:', limits = {batch_events: 1000, snapshot_events: 20_000}): Life {
	const store = openStore(path);
	const life: Life = {store, commands: [], changes: [], batches: [], fatal: []} as unknown as Life;
	const watched: Store = {
		...store,
		append(batch) {
			life.batches.push(batch);
			return store.append(batch);
		},
		read: store.read.bind(store),
		loadSnapshot: store.loadSnapshot.bind(store),
		saveSnapshot: store.saveSnapshot.bind(store),
	};
	life.engine = new Engine({
		store: watched,
		clock: systemClock,
		limits,
		perform: command => life.commands.push(command),
		onFatal: error => life.fatal.push(error),
	});
	life.engine.restore();
	life.engine.subscribe(change => life.changes.push(change));
	closing.push(() => store.close());
	return life;
}

const submission = (run: string, tasks = [task('a'), task('b', {dependsOn: [needs(0)]})]): Event => ({
	type: 'run-submitted',
	at: Date.now(),
	run,
	workflow: workflow(tasks, {agents: [agentSpec('agent')]}),
	params: {},
	localAgent: {slots: 1, idleMs: 0},
});
const handle = {driver: 'fake'} as const;

async function bringOnline(engine: Engine, run: string): Promise<void> {
	await engine.submit({type: 'instance-started', at: Date.now(), instance: `agent~${run}`, handle});
	await engine.submit({type: 'session-opened', at: Date.now(), session: `s-${run}`, agent: `agent~${run}`, leaseMs: 1000});
}

test('what arrives together is one commit, durable before it is shown, answered or performed', async () => {
	const {engine, store, commands, batches} = open();
	let journaledWhenShown = 0;
	engine.subscribe(() => {
		journaledWhenShown = [...store.read(0)].length;
	});
	await Promise.all([engine.submit(submission('r1')), engine.submit(submission('r2'))]);
	expect(batches).toHaveLength(1);
	expect(journaledWhenShown).toBe(2);
	expect(commands.map(({type}) => type)).toEqual(['start-instance', 'start-instance']);
});

test('a refused event is an answer, and nothing of it is written', async () => {
	const {engine, batches} = open();
	const refusal = await engine.offer({type: 'run-cancelled', at: 1, run: 'none', reason: ''});
	expect(refusal).toEqual({code: 'not_found', message: 'no active run none'});
	await expect(engine.submit({type: 'run-cancelled', at: 1, run: 'none', reason: ''})).rejects.toBeInstanceOf(ByoaiError);
	expect(batches).toEqual([]);
});

test('an outcome and the assignment that it makes room for go into one commit', async () => {
	const {engine, batches} = open();
	await engine.submit(submission('r1'));
	await bringOnline(engine, 'r1');
	engine.setRoom('s-r1', 1);
	await expect.poll(() => engine.state.runs.get('r1')?.tasks.at(0)?.status).toBe('running');
	engine.setRoom('s-r1', 1);
	const ref = {run: 'r1', task: 0, attempt: 1};
	await engine.submit({type: 'attempt-finished', at: Date.now(), ref, session: 's-r1', outcome: {status: 'succeeded'}, logBytes: 0});
	expect(batches.at(-1)?.events.map(({type}) => type)).toEqual(['attempt-finished', 'attempt-assigned']);
	expect(engine.rooms.get('s-r1')).toBe(0);
});

test('an ended run goes into the history in the same commit, and leaves the state', async () => {
	const {engine, store, batches, changes} = open();
	await engine.submit(submission('r1'));
	await engine.submit({type: 'run-cancelled', at: Date.now(), run: 'r1', reason: 'enough'});
	expect(batches.at(-1)?.endedRuns.map(({status}) => status)).toEqual(['cancelled']);
	expect(changes.at(-1)?.endedRuns[0]?.stop?.reason).toBe('enough');
	expect(store.loadRun('r1')?.status).toBe('cancelled');
	expect(engine.state.runs.size).toBe(0);
});

test('a restart finds the same state, with a snapshot or without, and commands again what was commanded', async () => {
	const path = join(directory, 'restart.db');
	const first = open(path, {batch_events: 10, snapshot_events: 3});
	await first.engine.submit(submission('r1'));
	await bringOnline(first.engine, 'r1');
	await first.engine.submit(submission('r2'));
	expect(first.store.loadSnapshot()?.sequence).toBe(3);
	const before = first.engine.state;
	first.store.close(); // as kill -9 does: without the engine's close
	closing.pop();
	const second = open(path);
	expect(second.engine.state).toEqual(before);
	second.engine.start();
	expect(second.commands.map(command => `${command.type} ${'spec' in command ? command.spec.name : ''}`)).toEqual([
		'adopt-instance agent~r1',
		'start-instance agent~r2',
	]);
	expect(second.engine.rooms.size).toBe(0);
});

test('when the journal cannot be written, the engine stops: nothing is shown, nothing performed', async () => {
	const {engine, store, changes, commands, fatal} = open();
	store.close();
	closing.pop();
	await expect(engine.submit(submission('r1'))).rejects.toBeInstanceOf(ByoaiError);
	expect(fatal).toHaveLength(1);
	expect(changes).toEqual([]);
	expect(commands).toEqual([]);
	await expect(engine.submit(submission('r2'))).rejects.toBe(fatal[0]);
});

test('a snapshot that cannot be written at the end is told, and costs nothing', async () => {
	const {engine, store, fatal} = open();
	await engine.submit(submission('r1'));
	store.close();
	closing.pop();
	expect(engine.close()).toBeInstanceOf(ByoaiError);
	expect(fatal).toEqual([]);
});

test('time that the state waits for comes by itself', async () => {
	const {engine} = open();
	engine.start();
	const now = systemClock.now();
	await engine.submit({
		...(submission('r1') as Extract<Event, {type: 'run-submitted'}>),
		at: now,
		workflow: workflow([task('a')], {timeoutMs: 20}),
	});
	await expect.poll(() => engine.state.runs.get('r1')).toBeUndefined();
});

test('a batch takes no more events than the limit; the others come in the next', async () => {
	const {engine, batches} = open(':memory:', {batch_events: 2, snapshot_events: 1000});
	await Promise.all(['r1', 'r2', 'r3', 'r4', 'r5'].map(run => engine.submit(submission(run))));
	expect(batches.map(({events}) => events.length)).toEqual([2, 2, 1]);
});

test('a journal that a disk gave back damaged is refused in words, and by no other error', () => {
	const snapshot = (state: unknown): Store => ({...openStore(':memory:'), loadSnapshot: () => ({sequence: 0, state}), read: () => []});
	const journal = (event: unknown): Store => ({
		...openStore(':memory:'),
		loadSnapshot: () => undefined,
		read: () => [{sequence: 7, event: event as Event}],
	});
	const run = {...submission('r1'), workflow: {tasks: 3}};
	const assigned = [{run: 'r1', task: 0, attempt: 1}];
	const lost = {...JSON.parse(JSON.stringify(emptyState)), sessions: {s: {id: 's', agent: 'a', leaseMs: 1, assigned}}};
	for (const [store, words] of [
		[snapshot(null), 'its snapshot'],
		[snapshot({runs: {}}), 'its snapshot'],
		[snapshot(lost), 'what it adds up to makes no sense (session s: r1.0#1 is not its own)'],
		[journal(run), 'entry 7'],
	] as const) {
		const engine = new Engine({
			store,
			clock: systemClock,
			limits: {batch_events: 1, snapshot_events: 1},
			perform: () => undefined,
			onFatal: () => undefined,
		});
		const refused = expect.objectContaining({code: 'unavailable', message: expect.stringContaining(`the journal is damaged: ${words}`)});
		expect(() => engine.restore(), words).toThrow(refused);
	}
});
