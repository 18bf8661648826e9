import {isUtf8} from 'node:buffer';
import * as z from 'zod';
import {readAttempt} from '../../engine/follow.ts';
import {notify} from '../../engine/news.ts';
import type {LogPiece, LogSlice} from '../../engine/task-logs.ts';
import {ByoaiError} from '../../model/error.ts';
import type {AttemptRef} from '../../model/ids.ts';
import type {Run} from '../../model/run.ts';
import {taskEnded} from '../../model/run.ts';
import type {LogRecord} from '../../protocol/views.ts';
import {runParam, runRefusals, taskParam} from '../params.ts';
import {queryFlag, queryNumber, queryNumberOr} from '../query.ts';
import {lineReply, textReply} from '../replies.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {logRecord} from '../schemas/log.ts';
import type {Services} from '../services.ts';
import type {Streams} from '../stream.ts';
import {taskIndex} from '../tasks.ts';
import {linesRoute} from './lines.ts';

const attemptQuery = z.strictObject({
	attempt: queryNumber(1).describe('By default the newest.').optional(),
	offset: queryNumberOr(0, 0).describe('Bytes of both streams together to leave out.'),
	follow: queryFlag.describe('Go on until the attempt has ended.'),
	stream: z.enum(['stdout', 'stderr']).describe('By default both.').optional(),
	format: z.enum(['text', 'ndjson']).default('text'),
});

type AttemptQuery = z.output<typeof attemptQuery>;

/** Output of tasks. Both replies come bit by bit, and with `follow` go on until the attempt, or the run, has ended. */
export function logRoutes(services: Services, streams: Streams): Route[] {
	return [attemptRoute(services, streams), linesRoute(services, streams)];
}

function attemptRoute(services: Services, streams: Streams): Route {
	return route({
		method: 'GET',
		path: '/v1/runs/:id/tasks/:task/logs',
		id: 'readTaskLog',
		summary: "Read one attempt's output",
		description: [
			'As `text` its very bytes, as `ndjson` a `LogRecord` a line; empty lines say only that the connection is alive.',
			'With `follow` it goes on until the attempt has ended, and waits for the first.',
		].join(' '),
		tag: 'logs',
		access: 'token',
		params: {id: runParam, task: taskParam},
		query: attemptQuery,
		replies: {
			200: {
				description: 'Output as it was printed, or pieces of it with their time and stream, one JSON value a line.',
				contentType: 'text/plain',
				schema: z.string(),
				also: {contentType: 'application/x-ndjson', schema: logRecord},
			},
			404: {description: 'There is no such run, task or attempt.'},
			409: runRefusals[409],
		},
		handle({params, query, isOwn}) {
			const asked = services.history.run(services.history.resolve(params.id));
			const task = taskIndex(asked, params.task);
			const run = services.history.sourceOf(asked, task);
			const known = run.tasks.at(task)?.attempts.length ?? 0;
			if (query.attempt !== undefined && query.attempt > known) {
				throw new ByoaiError('not_found', `task ${run.workflow.tasks[task]?.name} of run ${run.id} has no attempt ${query.attempt}`);
			}
			return query.format === 'text'
				? textReply(streams.open({isOwn}, signal => asText(readTask(services, run, task, query, signal), query)))
				: lineReply(streams, {isOwn}, signal => asRecords(readTask(services, run, task, query, signal), query));
		},
	});
}

async function* readTask(
	services: Services,
	run: Run,
	task: number,
	{attempt, offset, follow}: AttemptQuery,
	signal: AbortSignal,
): AsyncGenerator<LogSlice> {
	const ref = {run: run.id, task, attempt: attempt ?? (await newestAttempt(services, {run: run.id, task}, follow, signal))};
	if (ref.attempt === 0) return;
	const end = yield* readAttempt(services, ref, {offset, follow, signal});
	if (end !== undefined) refuseRemoved(services, ref, end);
}

/** What was removed while it was read ends like what is complete; whoever reads it must hear of that. `end`: of the output, as it was in the end. */
function refuseRemoved({history}: Services, {run, task, attempt}: AttemptRef, end: number): void {
	const {logBytes = 0} = history.run(run).tasks.at(task)?.attempts[attempt - 1] ?? {};
	if (end < logBytes) throw new ByoaiError('not_found', `the output of run ${run} was removed (limits kept_runs, kept_days)`);
}

/** Number of the newest attempt; with `wait` the first is waited for, as long as there may be one. 0: there is none. */
async function newestAttempt(
	{engine, history}: Services,
	of: Pick<AttemptRef, 'run' | 'task'>,
	wait: boolean,
	signal: AbortSignal,
): Promise<number> {
	const news = notify(wake => engine.subscribe(({before, after}) => before.runs.get(of.run) !== after.runs.get(of.run) && wake()), signal);
	try {
		for (;;) {
			const task = history.run(of.run).tasks.at(of.task);
			const attempts = task?.attempts.length ?? 0;
			if (!wait || attempts > 0 || task === undefined || taskEnded(task.status) || signal.aborted) return attempts;
			await news.next();
		}
	} finally {
		news.close();
	}
}

async function* asText(slices: AsyncGenerator<LogSlice>, {stream}: AttemptQuery): AsyncGenerator<Uint8Array | string> {
	let dropped = 0;
	for await (const slice of slices) {
		for (const {data} of slice.pieces.filter(isOf(stream))) yield data;
		dropped = slice.dropped;
	}
	if (dropped > 0) yield `\n[byoai: ${dropped} bytes more than the limit attempt_log_bytes permits were not kept]\n`;
}

async function* asRecords(slices: AsyncGenerator<LogSlice>, {stream}: AttemptQuery): AsyncGenerator<string> {
	let dropped = 0;
	for await (const slice of slices) {
		for (const {data: bytes, ...about} of slice.pieces.filter(isOf(stream))) {
			const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
			const content = isUtf8(data) ? {text: data.toString('utf8')} : {base64: data.toString('base64')};
			yield recordLine({...about, ...content});
		}
		dropped = slice.dropped;
	}
	if (dropped > 0) yield recordLine({dropped});
}

function recordLine(record: LogRecord): string {
	return `${JSON.stringify(record)}\n`;
}

function isOf(stream: LogPiece['stream'] | undefined): (piece: LogPiece) => boolean {
	return piece => stream === undefined || piece.stream === stream;
}
