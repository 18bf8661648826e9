import type {Clock} from '../engine/clock.ts';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {Assignment} from '../protocol/messages.ts';
import {taskPath} from '../protocol/routes.ts';
import type {Address, AgentCalls} from './calls.ts';
import {refusal} from './calls.ts';
import type {HttpReply} from './http-call.ts';
import {taskBody} from './task-body.ts';
import type {TaskEnd} from './task-reply.ts';
import {readTaskReply} from './task-reply.ts';

export type BasicTaskOptions = {
	readonly assignment: Assignment;
	readonly address: Address;
	readonly calls: AgentCalls;
	readonly clock: Clock;
	/** Gives it up: nothing that comes of it counts any more. */
	readonly signal: AbortSignal;
};

/** `isBroken`: the connection could not be made, or broke: the agent may be gone. */
export type BasicTaskEnd = TaskEnd & {readonly isBroken?: true};

/** Statuses by which an agent says that it does not take the task now: nothing of it has run. */
const busyStatuses: ReadonlySet<number> = new Set([429, 503]);
/** A busy agent is asked again after its own `Retry-After`, within these bounds, else after the shortest wait … */
const shortestWaitMs = 1000;
const longestWaitMs = 10_000;
/** … until so much time has passed; then the attempt is lost, so that the task may go elsewhere. */
const busyMs = 60_000;

/**
 * One attempt on a basic agent: a `POST /task` whose answer comes when the command has ended, in hours perhaps. Never rejects:
 *
 * - an answer: what it says, or `failed` for one that cannot be read; `timed_out` for an error that comes after the task's timeout;
 * - no connection, or one that breaks: `lost`, with the cause;
 * - no answer by the timeout and the grace after it: `timed_out`, and the request is given up.
 */
export async function runBasicTask({assignment, address, calls, clock, signal}: BasicTaskOptions): Promise<BasicTaskEnd> {
	const body = taskBody(assignment);
	const {timeoutMs, graceMs} = assignment;
	const begunAt = clock.monotonic();
	for (;;) {
		const sentAt = clock.monotonic();
		const late = new AbortController();
		const cancel = timeoutMs === undefined ? () => undefined : clock.after(timeoutMs + graceMs, () => late.abort());
		let reply: HttpReply;
		try {
			reply = await calls.task(address, body, AbortSignal.any([signal, late.signal]));
		} catch (error) {
			return brokenEnd(error, late.signal.aborted, {timeoutMs, durationMs: clock.monotonic() - sentAt});
		} finally {
			cancel();
		}
		const now = clock.monotonic();
		if (!busyStatuses.has(reply.status)) return answeredEnd(reply, {timeoutMs, durationMs: now - sentAt});
		const waitMs = retryAfterMs(reply);
		if (signal.aborted || now + waitMs - begunAt > busyMs) {
			const reason = `the agent did not take it for ${busyMs / 1000} s: ${refusal(taskPath, reply).message}`;
			return {outcome: {status: 'lost', reason}, output: []};
		}
		await pause(clock, waitMs, signal);
	}
}

type Times = {readonly timeoutMs: number | undefined; readonly durationMs: number};

function answeredEnd(reply: HttpReply, {timeoutMs, durationMs}: Times): BasicTaskEnd {
	const end = readTaskReply(reply);
	if (end === undefined)
		return lost('the connection ended, and what had come is no whole JSON; with a Content-Length its end can be told from a break');
	const {outcome, output} = end;
	const isLate = timeoutMs !== undefined && durationMs >= timeoutMs && outcome.status === 'failed';
	return {outcome: {...outcome, ...(isLate && {status: 'timed_out'}), durationMs}, output};
}

function brokenEnd(error: unknown, isLate: boolean, {timeoutMs = 0, durationMs}: Times): BasicTaskEnd {
	if (isLate) {
		const reason = `no answer within its timeout of ${timeoutMs / 1000} s; the command may still run there`;
		return {outcome: {status: 'timed_out', reason, durationMs}, output: []};
	}
	const message = messageOf(error);
	if (error instanceof ByoaiError && error.code !== 'unavailable') {
		return {outcome: {status: 'failed', reason: `the attempt on the agent failed: ${message}`, durationMs}, output: []};
	}
	return lost(message);
}

function lost(cause: string): BasicTaskEnd {
	return {outcome: {status: 'lost', reason: `no answer from the agent: ${cause}`}, output: [], isBroken: true};
}

function retryAfterMs({headers}: HttpReply): number {
	const seconds = Number(headers['retry-after'] ?? 0);
	return Math.min(longestWaitMs, Math.max(shortestWaitMs, Number.isFinite(seconds) ? seconds * 1000 : 0));
}

/** Shorter when it is given up. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
	return new Promise(resolve => {
		const done = () => {
			cancel();
			signal.removeEventListener('abort', done);
			resolve();
		};
		const cancel = clock.after(ms, done);
		signal.addEventListener('abort', done);
	});
}
