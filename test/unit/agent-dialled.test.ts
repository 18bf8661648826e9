import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeEach, describe, expect, onTestFinished, test, vi} from 'vitest';
import {Agent} from '../../agent/agent.ts';
import {Dialled} from '../../agent/dialled.ts';
import {Guard} from '../../agent/guard.ts';
import {Session} from '../../agent/session.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

/** An agent whose watchdog does nothing. */
let agent: Agent;
let dialled: Dialled;
let said: string[];
const leaseMs = 60_000;

beforeEach(() => {
	vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date', 'hrtime']});
	onTestFinished(() => void vi.useRealTimers());
	said = [];
	const directory = temporaryDirectory();
	const program = join(directory, 'watchdog.mjs');
	writeFileSync(program, 'process.stdin.resume(); process.stdout.write("watching\\n");');
	const guard = new Guard({program, directory, instanceDirectory: undefined, environment: {}, say: () => undefined});
	onTestFinished(() => guard.close());
	agent = new Agent({
		session: new Session('s', 2),
		guard,
		directory,
		spoolBytes: 1000,
		environment: {PATH: process.env.PATH ?? ''},
		say: () => undefined,
	});
	dialled = new Dialled({agent, say: message => said.push(message)});
});

function orders(answers: number, change: Partial<Orders> = {}): Orders {
	return {session: 's', answers, leaseMs, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false, ...change};
}

/** Dials; `reply` is what came so far. */
function dial(body: Orders, {from = 'o1', gone = new AbortController().signal} = {}) {
	const dialling: {reply?: Report | undefined; ended: Promise<void>} = {ended: Promise.resolve()};
	dialling.ended = Promise.resolve(dialled.exchange({body, headers: {'byoai-orchestrator': from}, gone})).then(report => {
		dialling.reply = report;
	});
	return dialling;
}

async function reported(body: Orders, from?: string): Promise<Report | undefined> {
	const dialling = dial(body, from === undefined ? {} : {from});
	await dialling.ended;
	return dialling.reply;
}

describe('the reply', () => {
	test('comes at once to Orders for another session, to such as answer no Report, and to old ones', async () => {
		expect(await reported(orders(0, {session: ''}))).toMatchObject({session: 's', number: 1, free: 2});
		expect(await reported(orders(0))).toMatchObject({number: 2});
		expect(await reported(orders(1))).toMatchObject({number: 3});
		expect(await reported(orders(1, {session: 'other'}))).toMatchObject({number: 4});
	});

	test('is held while there is nothing to say, until a newer dial, which is held then', async () => {
		await reported(orders(0));
		const first = dial(orders(1));
		await vi.advanceTimersByTimeAsync(500);
		expect(first.reply).toBeUndefined();
		const second = dial(orders(1));
		await first.ended;
		expect(first.reply).toMatchObject({number: 2});
		await vi.advanceTimersByTimeAsync(500);
		expect(second.reply).toBeUndefined();
		await vi.advanceTimersByTimeAsync(5000);
		expect(second.reply).toMatchObject({number: 3});
	});

	test('is made when its hold ends: the lease counts from there', async () => {
		await reported(orders(0));
		const held = dial(orders(1));
		await vi.advanceTimersByTimeAsync(5000);
		expect(held.reply).toMatchObject({number: 2});
		dial(orders(2));
		await vi.advanceTimersByTimeAsync(1);
		expect(agent.session.leaseLeftMs({monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now()})).toBeCloseTo(leaseMs, -2);
	});

	test('is held for a fifth of a short lease only', async () => {
		await reported(orders(0));
		const held = dial(orders(1, {leaseMs: 1000}));
		await vi.advanceTimersByTimeAsync(210);
		expect(held.reply).toMatchObject({number: 2});
	});

	test('comes when there is news: an outcome, which is repeated until it is settled', async () => {
		await reported(orders(0));
		const ref = {run: 'r', task: 0, attempt: 1};
		const held = dial(orders(1, {stop: [ref]}));
		await vi.advanceTimersByTimeAsync(5);
		expect(held.reply).toMatchObject({held: [ref], outcomes: [{ref, outcome: {status: 'cancelled'}}]});
		expect((await reported(orders(2)))?.outcomes).toHaveLength(1);
		const settled = dial(orders(3, {acknowledged: {outcomes: [ref], logs: []}}));
		await vi.advanceTimersByTimeAsync(5);
		expect(settled.reply).toMatchObject({held: [], outcomes: []});
	});

	test('comes when a direct task takes a slot, and tells what happened between two dials', async () => {
		await reported(orders(0));
		const held = dial(orders(1));
		const direct = agent.runDirectly({name: 'd', command: 'true', env: {}}, () => undefined);
		await held.ended;
		expect(held.reply).toMatchObject({free: 1});
		expect(await direct.ended).toMatchObject({status: 'succeeded'});
		expect(await reported(orders(2))).toMatchObject({free: 2});
	});

	test('tells of an attempt that waits for a direct task to give its slot back', async () => {
		vi.useRealTimers();
		await reported(orders(0));
		const directory = temporaryDirectory();
		const flag = join(directory, 'flag');
		const [one, other] = [1, 2].map(() =>
			agent.runDirectly({name: 'd', command: `while [ ! -e ${flag} ]; do sleep 0.02; done`, env: {}}, () => undefined),
		);
		const ref = {run: 'r', task: 0, attempt: 1};
		const start = [1, 2].map(attempt => ({ref: {...ref, attempt}, task: 't', command: `echo >>${flag}-ran`, env: {}, graceMs: 100}));
		expect(await reported(orders(1, {start}))).toMatchObject({held: [{attempt: 1}, {attempt: 2}], free: 0, outcomes: []});
		expect(await reported(orders(2, {stop: [{...ref, attempt: 2}]}))).toMatchObject({held: [{attempt: 1}, {attempt: 2}]});
		await expect
			.poll(async () => (await reported(orders(0)))?.outcomes)
			.toMatchObject([{ref: {attempt: 2}, outcome: {status: 'cancelled'}}]);
		expect(existsSync(`${flag}-ran`)).toBe(false);
		writeFileSync(flag, '');
		await Promise.all([one?.ended, other?.ended]);
		await expect.poll(async () => (await reported(orders(0)))?.outcomes.length).toBe(2);
		expect(readFileSync(`${flag}-ran`, 'utf8')).toBe('\n');
	});

	test('is none to who has hung up', async () => {
		await reported(orders(0));
		const caller = new AbortController();
		const held = dial(orders(1), {gone: caller.signal});
		caller.abort();
		await vi.advanceTimersByTimeAsync(5000);
		await held.ended;
		expect(held.reply).toBeUndefined();
		expect(await reported(orders(0))).toMatchObject({number: 2});
	});

	test('to what are no Orders is a refusal', () => {
		expect(() => dialled.exchange({body: {session: 1}, headers: {}, gone: new AbortController().signal})).toThrow('must be');
	});
});

describe('a second orchestrator', () => {
	test('is refused until the first has been silent for its lease', async () => {
		await reported(orders(0));
		await reported(orders(0));
		await vi.advanceTimersByTimeAsync(leaseMs - 1000);
		expect(() => dial(orders(0), {from: 'o2'})).toThrow('works for another orchestrator (o1), until it has not heard from it for 1 s more');
		await reported(orders(0), 'o1');
		await vi.advanceTimersByTimeAsync(1000);
		expect(() => dial(orders(0), {from: 'o2'})).toThrow('works for another orchestrator (o1)');
		await vi.advanceTimersByTimeAsync(leaseMs);
		expect(await reported(orders(0), 'o2')).toMatchObject({session: 's'});
		expect(() => dial(orders(0), {from: 'o1'})).toThrow('works for another orchestrator (o2)');
		expect(said).toEqual(['works for the orchestrator that dials (o1)', 'works for the orchestrator that dials (o2)']);
	});

	test('may not be told apart where neither says who it is', async () => {
		await reported(orders(0), '');
		expect(await reported(orders(0), '')).toMatchObject({number: 2});
	});
});

describe('the end', () => {
	test('waits until outcomes are settled, answering at once', async () => {
		await reported(orders(0));
		const ref = {run: 'r', task: 0, attempt: 1};
		dial(orders(1, {stop: [ref]}));
		const closed = dialled.close(3000);
		expect((await reported(orders(2)))?.outcomes).toHaveLength(1);
		expect(await reported(orders(3, {acknowledged: {outcomes: [ref], logs: []}}))).toMatchObject({held: []});
		await closed;
	});

	test('does not wait for ever', async () => {
		await reported(orders(0));
		dial(orders(1, {stop: [{run: 'r', task: 0, attempt: 1}]}));
		const closed = dialled.close(3000);
		await vi.advanceTimersByTimeAsync(3000);
		await closed;
		expect(agent.session.hasOutcomes).toBe(true);
	});
});
