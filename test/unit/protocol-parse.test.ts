import {expect, test} from 'vitest';
import type {ByoaiError} from '../../source/model/error.ts';
import type {Orders, Report} from '../../source/protocol/messages.ts';
import {parseOrders, parseReport} from '../../source/protocol/parse.ts';
import {exchangePath} from '../../source/protocol/routes.ts';

const ref = {run: 'r01', task: 0, attempt: 1};
const report: Report = {
	session: 's',
	number: 1,
	held: [ref],
	free: 0,
	outcomes: [{ref, outcome: {status: 'failed', exitCode: 3, signal: 'SIGTERM', reason: 'why', durationMs: 12}, logBytes: 5}],
	logs: [{ref, offset: 0, chunks: [{stream: 'stderr', at: 1.5, data: 'aGVsbG8='}]}],
	waitMs: 10_000,
};
const orders: Orders = {
	session: 's',
	answers: 0,
	leaseMs: 60_000,
	start: [
		{
			ref,
			task: 'build',
			command: ['a', 'b'],
			shell: ['bash', '-c'],
			env: {A: 'b'},
			workingDir: '/tmp',
			timeoutMs: 1000,
			graceMs: 10_000,
		},
		{ref: {...ref, attempt: 2}, task: 'build', command: 'x', env: {}, graceMs: 0},
	],
	stop: [ref],
	acknowledged: {outcomes: [ref], logs: [{ref, offset: 7}]},
	drain: false,
};

test('what was written is read again, key by key', () => {
	expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
	expect(parseOrders(JSON.parse(JSON.stringify(orders)))).toEqual(orders);
});

test('unknown keys of a newer peer are passed over', () => {
	expect(parseReport({...report, mood: 'fine', held: [{...ref, colour: 1}]})).toEqual(report);
	expect(parseOrders({...orders, later: {}})).toEqual(orders);
});

test.each<[string, unknown]>([
	['report must be an object', []],
	['report must be an object', null],
	['session must be a string', {...report, session: 1}],
	['session must be at most 200 characters', {...report, session: 'x'.repeat(201)}],
	['number must be a whole number from 1 on', {...report, number: 0}],
	['number must be a whole number from 1 on', {...report, number: 1e300}],
	['free must be a whole number from 0 on', {...report, free: 0.5}],
	['held must be a list', {...report, held: {}}],
	['held must be at most 10000 items', {...report, held: Array.from({length: 10_001}, () => ref)}],
	['held[0].task must be a whole number from 0 on', {...report, held: [{...ref, task: -1}]}],
	['held[1].attempt must be a whole number from 1 on', {...report, held: [ref, {...ref, attempt: 0}]}],
	['outcomes[0].outcome.status must be one of succeeded, failed, timed_out, cancelled, lost', withOutcome({status: 'fine'})],
	['outcomes[0].outcome.exitCode must be a whole number from 0 on', withOutcome({status: 'failed', exitCode: 'one'})],
	['outcomes[0].outcome.durationMs must be milliseconds', withOutcome({status: 'failed', durationMs: null})],
	['logs[0].chunks[0].stream must be stdout or stderr', withChunk({stream: 'stdin', at: 0, data: ''})],
	['logs[0].chunks[0].at must be milliseconds', withChunk({stream: 'stdout', at: Number.NaN, data: ''})],
	['logs[0].chunks[0].data must be base64', withChunk({stream: 'stdout', at: 0, data: 'a'})],
	['logs[0].chunks[0].data must be base64', withChunk({stream: 'stdout', at: 0, data: '<<<>'})],
	['waitMs must be milliseconds', {...report, waitMs: -1}],
])('a Report is refused: %s', (message, value) => {
	expect(problem(() => parseReport(value))).toBe(message);
});

test.each<[string, unknown]>([
	['answers must be a whole number from 0 on', {...orders, answers: undefined}],
	['acknowledged must be an object', {...orders, acknowledged: undefined}],
	['acknowledged.logs[0].offset must be a whole number from 0 on', {...orders, acknowledged: {outcomes: [], logs: [{ref}]}}],
	['drain must be true or false', {...orders, drain: 'no'}],
	['start[0].command must be a list', withStart({command: 7})],
	['start[0].command[1] must be a string', withStart({command: ['a', 2]})],
	['start[0].shell must be a list that begins with a program', withStart({shell: []})],
	['start[0].env.A must be a string', withStart({env: {A: 1}})],
	['start[0].graceMs must be milliseconds', withStart({graceMs: Number.POSITIVE_INFINITY})],
])('Orders are refused: %s', (message, value) => {
	expect(problem(() => parseOrders(value))).toBe(message);
});

test('an environment named after what objects inherit stays data', () => {
	const env: unknown = JSON.parse('{"__proto__": "x", "constructor": "y"}');
	const parsed = parseOrders(withStart({env})).start[0]?.env ?? {};
	expect(Object.entries(parsed)).toEqual([
		['__proto__', 'x'],
		['constructor', 'y'],
	]);
});

test('a name is one segment of the path, whatever it holds', () => {
	expect(exchangePath('a/b ?~')).toBe('/v1/agents/a%2Fb%20%3F~/exchange');
});

function withOutcome(outcome: unknown): unknown {
	return {...report, outcomes: [{ref, outcome, logBytes: 0}]};
}

function withChunk(chunk: unknown): unknown {
	return {...report, logs: [{ref, offset: 0, chunks: [chunk]}]};
}

function withStart(change: object): unknown {
	return {...orders, start: [{...orders.start[0], ...change}]};
}

function problem(act: () => unknown): string {
	try {
		act();
	} catch (error) {
		const {code, message, problems} = error as ByoaiError;
		expect(code).toBe('malformed');
		expect(message.startsWith(problems[0]?.path ?? '?')).toBe(true);
		return message;
	}
	return 'nothing was wrong';
}
