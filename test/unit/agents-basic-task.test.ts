import {execFileSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {runBasicTask} from '../../source/agents/basic-task.ts';
import type {HttpReply} from '../../source/agents/http-call.ts';
import {taskBody} from '../../source/agents/task-body.ts';
import {readTaskReply} from '../../source/agents/task-reply.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Assignment} from '../../source/protocol/messages.ts';
import {testClock} from '../helpers/test-clock.ts';

const assignment: Assignment = {ref: {run: 'r1', task: 2, attempt: 3}, task: 'build', command: 'make', env: {A: 'b'}, graceMs: 1000};

function reply(body: unknown, status = 200, headers: HttpReply['headers'] = {'content-length': '9'}): HttpReply {
	return {status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))};
}

test('an assignment as an agent gets it', () => {
	expect(taskBody(assignment)).toEqual({name: 'build', command: 'make', env: {A: 'b'}, run: 'r1', attempt: 3});
	const more = taskBody({...assignment, workingDir: 'sub', timeoutMs: 90_500});
	expect(more).toMatchObject({working_dir: 'sub', timeout: 90.5});
});

test.each<[string, Partial<Assignment>, string]>([
	['a text', {command: 'false\necho on'}, 'on\n'],
	['a list of lines, which stops at the first that fails', {command: ['echo one', 'false', 'echo two']}, 'one\n'],
	['a shell of its own', {command: `echo "it's $0"`, shell: ['sh', '-c']}, "it's sh\n"],
	[
		'a shell with words in its options',
		{command: ['printf "%s." "$@"'], shell: ['sh', '-c', 'for last; do :; done; eval "$last"', "a 'b"]},
		`printf "%s." "$@".`,
	],
])('the command of %s is one text for sh -c', (_what, change, printed) => {
	const {command} = taskBody({...assignment, ...change});
	let output: string;
	try {
		output = execFileSync('sh', ['-c', command], {encoding: 'utf8', stdio: 'pipe'});
	} catch (error) {
		output = (error as {stdout: string}).stdout;
	}
	expect(output).toBe(printed);
});

test.each([
	[
		{status: 'success', output: 'hi', returncode: 0},
		{status: 'succeeded', exitCode: 0},
	],
	[{status: 'success'}, {status: 'succeeded'}],
	[{status: 'success', output: null, returncode: null, message: null}, {status: 'succeeded'}],
	[
		{status: 'error', output: '', returncode: 3, message: 'no'},
		{status: 'failed', exitCode: 3},
	],
	[{status: 'error'}, {status: 'failed'}],
	[
		{status: 'error', returncode: -9},
		{status: 'failed', signal: 'SIGKILL'},
	],
	[
		{status: 'error', returncode: -999},
		{status: 'failed', reason: 'return code -999'},
	],
	[
		{status: 'success', returncode: 3},
		{status: 'succeeded', reason: 'the agent says "success", with the return code 3'},
	],
	[
		{status: 'error', returncode: 0},
		{status: 'failed', reason: 'the agent says "error", with the return code 0'},
	],
])('the answer %j is %j', (answer, outcome) => {
	expect(readTaskReply(reply(answer))?.outcome).toEqual(outcome);
});

test('output is stdout and message stderr, as they are', () => {
	const end = readTaskReply(reply({status: 'error', output: 'half a line', returncode: 1, message: 'why\n'}));
	expect(end?.output).toEqual([
		{stream: 'stdout', text: 'half a line'},
		{stream: 'stderr', text: 'why\n'},
	]);
});

test.each([
	[reply('<html>'), 'something else than JSON'],
	[reply(''), 'something else than JSON'],
	[reply('"done"'), 'JSON that is no object'],
	[reply('null'), 'JSON that is no object'],
	[reply({}), 'no status "success" or "error"'],
	[reply({status: 'ok'}), 'no status "success" or "error"'],
	[reply({status: 'success', output: {}}), 'no text'],
	[reply({status: 'error', message: 3}), 'no text'],
	[reply({status: 'success', returncode: '0'}), 'no whole number'],
	[reply({detail: 'no such command'}, 422), 'it answers /task with 422 (no such command)'],
	[reply('', 500), 'it answers /task with 500'],
])('garbage fails the attempt, and says why: %#', (answer, words) => {
	const end = readTaskReply(answer);
	expect(end?.outcome).toEqual({status: 'failed', reason: expect.stringContaining(words)});
	expect(end?.output.map(({text}) => text).join('')).toBe(answer.body.toString());
});

test('an answer that ends with its connection, and is no JSON, broke off', () => {
	expect(readTaskReply(reply('{"status": "succ', 200, {}))).toBeUndefined();
	expect(readTaskReply(reply({status: 'success'}, 200, {}))?.outcome.status).toBe('succeeded');
});

/** An attempt whose calls are answered by the test, on a clock that it moves. */
function attempt(change: Partial<Assignment> = {}) {
	const clock = testClock();
	const abort = new AbortController();
	const waiting: Array<PromiseWithResolvers<HttpReply>> = [];
	const task = (_address: unknown, _body: unknown, signal: AbortSignal) => {
		const call = Promise.withResolvers<HttpReply>();
		waiting.push(call);
		signal.addEventListener('abort', () => call.reject(new ByoaiError('unavailable', 'given up')));
		return call.promise;
	};
	const never = () => Promise.reject(new Error('not called'));
	const end = runBasicTask({
		assignment: {...assignment, ...change},
		address: {agent: 'agent', url: 'http://agent'},
		calls: {health: never, exchange: never, task},
		clock,
		signal: abort.signal,
	});
	return {clock, abort, end, waiting, answer: (answer: HttpReply) => waiting.at(-1)?.resolve(answer)};
}

test('an answer may take hours, and is taken with the time that it took', async () => {
	const {clock, end, answer} = attempt();
	await clock.pass(7 * 3_600_000);
	answer(reply({status: 'success', returncode: 0}));
	expect((await end).outcome).toEqual({status: 'succeeded', exitCode: 0, durationMs: 7 * 3_600_000});
});

test('no answer by the timeout and the grace after it is a timeout; the request is given up', async () => {
	const {clock, end} = attempt({timeoutMs: 5000});
	await clock.pass(6001);
	expect((await end).outcome).toEqual({
		status: 'timed_out',
		reason: 'no answer within its timeout of 5 s; the command may still run there',
		durationMs: 6000,
	});
});

test('an error that is answered when the timeout has passed is a timeout, and a success is a success', async () => {
	for (const [status, outcome] of [
		['error', 'timed_out'],
		['success', 'succeeded'],
	]) {
		const {clock, end, answer} = attempt({timeoutMs: 5000});
		await clock.pass(5001);
		answer(reply({status}));
		expect((await end).outcome.status).toBe(outcome);
	}
	const {clock, end, answer} = attempt({timeoutMs: 5000});
	await clock.pass(4000);
	answer(reply({status: 'error'}));
	expect((await end).outcome.status).toBe('failed');
});

test('a connection that breaks loses the attempt; an answer that cannot be taken fails it', async () => {
	const broken = attempt();
	broken.waiting[0]?.reject(new ByoaiError('unavailable', 'host:1: the connection broke off'));
	expect(await broken.end).toEqual({
		outcome: {status: 'lost', reason: 'no answer from the agent: host:1: the connection broke off'},
		output: [],
		isBroken: true,
	});
	const vague = attempt();
	vague.answer(reply('<html>', 200, {}));
	expect((await vague.end).outcome).toMatchObject({
		status: 'lost',
		reason: expect.stringContaining('is no whole JSON; with a Content-Length'),
	});
	const huge = attempt();
	huge.waiting[0]?.reject(new ByoaiError('too_large', 'its answer is larger than the limit task_reply_bytes permits'));
	expect((await huge.end).outcome).toMatchObject({status: 'failed', reason: expect.stringContaining('limit task_reply_bytes')});
});

test('a busy agent is asked again, as it wishes; in the end the attempt is lost, and nothing of it has run', async () => {
	const patient = attempt();
	patient.answer(reply('', 503));
	await patient.clock.pass(999);
	expect(patient.waiting).toHaveLength(1);
	await patient.clock.pass(2);
	expect(patient.waiting).toHaveLength(2);
	patient.answer(reply('', 429, {'retry-after': '5'}));
	await patient.clock.pass(4900);
	expect(patient.waiting).toHaveLength(2);
	await patient.clock.pass(200);
	expect(patient.waiting).toHaveLength(3);
	patient.answer(reply({status: 'success'}));
	expect((await patient.end).outcome.status).toBe('succeeded');

	const {clock, end, waiting} = attempt();
	for (let asked = 0; asked < 100; asked++) {
		waiting.at(-1)?.resolve(reply({detail: 'no free slot'}, 429));
		await clock.pass(1000);
	}
	expect(await end).toEqual({
		outcome: {status: 'lost', reason: 'the agent did not take it for 60 s: it answers /task with 429 (no free slot)'},
		output: [],
	});
	expect(waiting.length).toBeLessThan(62);
});
