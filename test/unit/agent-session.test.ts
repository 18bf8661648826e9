import {describe, expect, test} from 'vitest';
import {killWindowMs, leaseLeftMs} from '../../agent/lease.ts';
import {Session} from '../../agent/session.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import type {Assignment, Orders} from '../../source/protocol/messages.ts';

const leaseMs = 60_000;
const ref = (attempt: number): AttemptRef => ({run: 'r', task: 0, attempt});
const assignment = (attempt: number): Assignment => ({ref: ref(attempt), task: 't', command: 'true', env: {}, graceMs: 1000});
const at = (ms: number) => ({monotonicMs: ms, wallMs: 1_000_000 + ms});

function orders(answers: number, change: Partial<Orders> = {}): Orders {
	return {session: 's', answers, leaseMs, start: [], stop: [], acknowledged: {outcomes: [], logs: []}, drain: false, ...change};
}

/** A session whose first Report, sent at 0, was answered with these starts. */
function running(...attempts: number[]): Session {
	const session = new Session('s', 2);
	session.report(at(0), 0, []);
	session.apply(orders(1, {start: attempts.map(assignment)}), at(1));
	return session;
}

describe('which Orders count', () => {
	test.each([
		['those of another session do not', {...orders(1), session: 'other'}],
		['those before the first Report do not', orders(0)],
		['those that answer no Report do not', orders(9)],
	])('%s', (_, stranger) => {
		const session = new Session('s', 1);
		session.report(at(0), 0, []);
		const applied = session.apply({...stranger, start: [assignment(1)]}, at(1));
		expect(applied).toMatchObject({accepted: false, start: []});
		expect(session.lease).toBeUndefined();
		expect(session.live()).toEqual([]);
	});

	test('stale ones do not, so that a forgotten attempt is not started again', () => {
		const session = running(1);
		session.finished(ref(1), {status: 'succeeded'}, 0);
		session.report(at(10), 0, []);
		expect(session.apply(orders(2, {acknowledged: {outcomes: [ref(1)], logs: []}}), at(11)).settled).toEqual([ref(1)]);
		expect(session.apply(orders(1, {start: [assignment(1)]}), at(12))).toMatchObject({accepted: false, start: []});
	});

	test('equal ones count, and start nothing twice', () => {
		const session = running(1);
		const again = session.apply(orders(1, {start: [assignment(1), assignment(2)]}), at(2));
		expect(again.accepted).toBe(true);
		expect(again.start.map(start => start.ref.attempt)).toEqual([2]);
	});
});

test('an agent that ends offers no slot, although what it ran has gone', () => {
	const session = running(1);
	expect(session.report(at(2), 0, []).free).toBe(1);
	session.end();
	session.finished(ref(1), {status: 'lost'}, 0);
	expect(session.report(at(3), 0, [])).toMatchObject({free: 0, outcomes: [{ref: ref(1)}]});
});

describe('the lease', () => {
	test('counts from the sending of the Report that is answered, not from the newest, not from receipt', () => {
		const session = new Session('s', 1);
		session.report(at(0), 0, []);
		session.report(at(5000), 0, []);
		session.apply(orders(1), at(9000));
		expect(session.leaseLeftMs(at(9000))).toBe(leaseMs - 9000);
		session.apply(orders(2), at(9000));
		expect(session.leaseLeftMs(at(9000))).toBe(leaseMs - 4000);
	});

	test('a Report alone does not renew it', () => {
		const session = running(1);
		session.report(at(30_000), 0, []);
		expect(session.leaseLeftMs(at(30_000))).toBe(leaseMs - 30_000);
	});

	test('whichever clock says that more has elapsed is right', () => {
		const lease = {from: at(0), leaseMs: 1000};
		expect(leaseLeftMs(lease, {monotonicMs: 100, wallMs: 1_000_700})).toBe(300);
		expect(leaseLeftMs(lease, {monotonicMs: 700, wallMs: 900_000})).toBe(300);
		// Suspended, and its clock set back meanwhile.
		const from = {...lease.from, bootMs: 5000};
		expect(leaseLeftMs({...lease, from}, {monotonicMs: 100, wallMs: 900_000, bootMs: 5800})).toBe(200);
		expect(leaseLeftMs({...lease, from}, {monotonicMs: 100, wallMs: 900_000})).toBe(900);
	});

	test('nothing starts in the window in which attempts are killed, and nothing is said of it', () => {
		const session = new Session('s', 1);
		session.report(at(0), 0, []);
		const late = leaseMs - killWindowMs(leaseMs);
		expect(session.apply(orders(1, {start: [assignment(1)]}), at(late)).start).toEqual([]);
		expect(session.report(at(late), 0, []).held).toEqual([]);
		expect(session.apply(orders(1, {start: [assignment(1)]}), at(late - 1)).start).toHaveLength(1);
	});

	test('without one nothing may start', () => {
		expect(new Session('s', 1).mayStart(at(0))).toBe(false);
		expect(new Session('s', 1).leaseLeftMs(at(0))).toBeLessThan(0);
	});

	test('a short lease has a short window', () => {
		expect(killWindowMs(60_000)).toBe(5000);
		expect(killWindowMs(2000)).toBe(500);
	});
});

describe('attempts', () => {
	test('are held, with their outcome, until that is settled', () => {
		const session = running(1);
		expect(session.report(at(2), 0, [])).toMatchObject({held: [ref(1)], free: 1, outcomes: []});
		session.finished(ref(1), {status: 'lost', reason: 'lease'}, 42);
		const reported = {ref: ref(1), outcome: {status: 'lost', reason: 'lease'}, logBytes: 42};
		expect(session.report(at(3), 0, [])).toMatchObject({held: [ref(1)], free: 2, outcomes: [reported]});
		expect(session.report(at(4), 0, [])).toMatchObject({held: [ref(1)], outcomes: [reported]});
		session.apply(orders(4, {acknowledged: {outcomes: [ref(1)], logs: []}}), at(5));
		expect(session.report(at(6), 0, [])).toMatchObject({held: [], outcomes: []});
		expect(session.idle).toBe(true);
	});

	test('keep their slot while they are being stopped, and are stopped by stop only', () => {
		const session = running(1, 2);
		session.report(at(2), 0, []);
		expect(session.apply(orders(2, {stop: [ref(2)]}), at(3)).stop).toEqual([ref(2)]);
		expect(session.live()).toEqual([ref(1), ref(2)]);
		expect(session.report(at(4), 0, []).free).toBe(0);
	});

	test('that run cannot be settled away', () => {
		const session = running(1);
		expect(session.apply(orders(1, {acknowledged: {outcomes: [ref(1)], logs: []}}), at(2)).settled).toEqual([]);
		expect(session.live()).toEqual([ref(1)]);
	});

	test('that ended cannot be stopped', () => {
		const session = running(1);
		session.finished(ref(1), {status: 'succeeded'}, 0);
		expect(session.apply(orders(1, {stop: [ref(1)]}), at(2)).stop).toEqual([]);
		expect(session.report(at(3), 0, []).outcomes).toMatchObject([{outcome: {status: 'succeeded'}}]);
	});

	test('an attempt stopped before its start arrives is held as cancelled, and never starts', () => {
		const session = running();
		const applied = session.apply(orders(1, {stop: [ref(1)], start: [assignment(1)]}), at(2));
		expect(applied).toMatchObject({start: [], stop: []});
		expect(session.report(at(3), 0, [])).toMatchObject({
			held: [ref(1)],
			outcomes: [{ref: ref(1), outcome: {status: 'cancelled'}, logBytes: 0}],
		});
	});

	test('the first outcome stands', () => {
		const session = running(1);
		session.finished(ref(1), {status: 'succeeded'}, 1);
		session.finished(ref(1), {status: 'lost'}, 2);
		expect(session.report(at(2), 0, []).outcomes).toMatchObject([{outcome: {status: 'succeeded'}, logBytes: 1}]);
	});
});

test('a draining session has no free slots, but what is assigned to it already still starts', () => {
	const session = running();
	expect(session.apply(orders(1, {drain: true, start: [assignment(1)]}), at(2)).start).toHaveLength(1);
	expect(session.report(at(3), 0, []).free).toBe(0);
	session.apply(orders(2, {drain: false}), at(4));
	expect(session.report(at(5), 0, []).free).toBe(1);
});

describe('slots for what is no attempt', () => {
	test('are not free to be filled, and an attempt that was given one meanwhile is held all the same', () => {
		const session = new Session('s', 2);
		session.report(at(0), 0, []);
		session.occupy();
		session.occupy();
		expect(session.free).toBe(0);
		expect(session.apply(orders(1, {start: [assignment(1)]}), at(1)).start).toEqual([assignment(1)]);
		expect(session.report(at(2), 0, [])).toMatchObject({held: [ref(1)], free: 0});
		session.vacate();
		expect(session.free).toBe(0);
		session.vacate();
		expect(session.report(at(3), 0, []).free).toBe(1);
	});

	test('are not free while the agent is drained', () => {
		const session = running();
		session.apply(orders(1, {drain: true}), at(2));
		expect([session.free, session.draining]).toEqual([0, true]);
	});
});
