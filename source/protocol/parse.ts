import type {AttemptRef} from '../model/ids.ts';
import type {Outcome, OutcomeStatus} from '../model/run.ts';
import type {Assignment, LogChunk, LogStream, Orders, Report, ReportedOutcome} from './messages.ts';
import {boolean, environment, id, idLimit, list, malformed, record, text, textLimit, texts, time, whole} from './values.ts';

/** The most attempts that one message may name in one list. */
const attemptsLimit = 10_000;
/** The most pieces of output of one attempt in one Report. */
const chunksLimit = 100_000;

/** A Report from outside. Unknown keys are passed over, for newer agents. Throws `malformed`, naming the path. */
export function parseReport(value: unknown): Report {
	const report = record(value, 'report');
	return {
		session: id(report.session, 'session'),
		number: whole(report.number, 'number', 1),
		held: list(report.held, 'held', attemptsLimit, attemptRef),
		free: whole(report.free, 'free', 0),
		outcomes: list(report.outcomes, 'outcomes', attemptsLimit, reportedOutcome),
		logs: list(report.logs, 'logs', attemptsLimit, logs),
		waitMs: time(report.waitMs, 'waitMs'),
	};
}

/** Orders from outside. Unknown keys are passed over, for newer orchestrators. Throws `malformed`, naming the path. */
export function parseOrders(value: unknown): Orders {
	const orders = record(value, 'orders');
	const acknowledged = record(orders.acknowledged, 'acknowledged');
	return {
		session: id(orders.session, 'session'),
		answers: whole(orders.answers, 'answers', 0),
		leaseMs: time(orders.leaseMs, 'leaseMs'),
		start: list(orders.start, 'start', attemptsLimit, assignment),
		stop: list(orders.stop, 'stop', attemptsLimit, attemptRef),
		acknowledged: {
			outcomes: list(acknowledged.outcomes, 'acknowledged.outcomes', attemptsLimit, attemptRef),
			logs: list(acknowledged.logs, 'acknowledged.logs', attemptsLimit, (item, path) => {
				const {ref, offset} = record(item, path);
				return {ref: attemptRef(ref, `${path}.ref`), offset: whole(offset, `${path}.offset`, 0)};
			}),
		},
		drain: boolean(orders.drain, 'drain'),
	};
}

function attemptRef(value: unknown, path: string): AttemptRef {
	const ref = record(value, path);
	return {
		run: id(ref.run, `${path}.run`),
		task: whole(ref.task, `${path}.task`, 0),
		attempt: whole(ref.attempt, `${path}.attempt`, 1),
	};
}

function reportedOutcome(value: unknown, path: string): ReportedOutcome {
	const reported = record(value, path);
	return {
		ref: attemptRef(reported.ref, `${path}.ref`),
		outcome: outcome(reported.outcome, `${path}.outcome`),
		logBytes: whole(reported.logBytes, `${path}.logBytes`, 0),
	};
}

const outcomeStatuses: ReadonlySet<string> = new Set<OutcomeStatus>(['succeeded', 'failed', 'timed_out', 'cancelled', 'lost']);

function outcome(value: unknown, path: string): Outcome {
	const {status, exitCode, signal, reason, durationMs} = record(value, path);
	if (typeof status !== 'string' || !outcomeStatuses.has(status))
		throw malformed(`${path}.status`, `one of ${[...outcomeStatuses].join(', ')}`);
	return {
		status: status as OutcomeStatus,
		...(exitCode !== undefined && {exitCode: whole(exitCode, `${path}.exitCode`, 0)}),
		...(signal !== undefined && {signal: text(signal, `${path}.signal`, idLimit)}),
		...(reason !== undefined && {reason: text(reason, `${path}.reason`, textLimit)}),
		...(durationMs !== undefined && {durationMs: time(durationMs, `${path}.durationMs`)}),
	};
}

function logs(value: unknown, path: string): Report['logs'][number] {
	const {ref, offset, chunks} = record(value, path);
	return {
		ref: attemptRef(ref, `${path}.ref`),
		offset: whole(offset, `${path}.offset`, 0),
		chunks: list(chunks, `${path}.chunks`, chunksLimit, logChunk),
	};
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

function logChunk(value: unknown, path: string): LogChunk {
	const {stream, at, data} = record(value, path);
	if (stream !== 'stdout' && stream !== 'stderr') throw malformed(`${path}.stream`, 'stdout or stderr');
	if (typeof data !== 'string' || data.length % 4 !== 0 || !base64.test(data)) throw malformed(`${path}.data`, 'base64');
	return {stream: stream satisfies LogStream, at: time(at, `${path}.at`), data};
}

function assignment(value: unknown, path: string): Assignment {
	const {ref, task, command, shell, env, workingDir, timeoutMs, graceMs} = record(value, path);
	return {
		ref: attemptRef(ref, `${path}.ref`),
		task: text(task, `${path}.task`, textLimit),
		command: typeof command === 'string' ? text(command, `${path}.command`, textLimit) : texts(command, `${path}.command`),
		...(shell !== undefined && {shell: shellPrefix(shell, `${path}.shell`)}),
		env: environment(env, `${path}.env`),
		...(workingDir !== undefined && {workingDir: text(workingDir, `${path}.workingDir`, textLimit)}),
		...(timeoutMs !== undefined && {timeoutMs: time(timeoutMs, `${path}.timeoutMs`)}),
		graceMs: time(graceMs, `${path}.graceMs`),
	};
}

function shellPrefix(value: unknown, path: string): string[] {
	const argv = texts(value, path);
	if (!argv[0]) throw malformed(path, 'a list that begins with a program');
	return argv;
}
