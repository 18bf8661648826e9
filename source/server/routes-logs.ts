import {isUtf8} from 'node:buffer';
import type {H3Event} from 'h3';
import * as z from 'zod';
import {readAttempt} from '../engine/follow.ts';
import {readLines} from '../engine/merged-lines.ts';
import {notify} from '../engine/news.ts';
import type {LogPiece, LogSlice} from '../engine/task-logs.ts';
import {ByoaiError} from '../model/error.ts';
import type {AttemptRef} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import {taskEnded} from '../model/run.ts';
import type {LogRecord} from '../protocol/views.ts';
import type {Route} from './request.ts';
import {pathParam, queryFlag, queryNumber, readQuery} from './request.ts';
import type {Services} from './services.ts';
import type {Streams} from './stream.ts';

const attemptQuery = z.strictObject({
	attempt: queryNumber(1).optional(),
	offset: queryNumber(0).default(0),
	follow: queryFlag,
	stream: z.enum(['stdout', 'stderr']).optional(),
	format: z.enum(['text', 'ndjson']).default('text'),
});

type AttemptQuery = z.output<typeof attemptQuery>;

const linesQuery = z.strictObject({
	run: z.string().min(1).max(100).default('latest'),
	task: z.string().min(1).max(1000).optional(),
	agent: z.string().min(1).max(200).optional(),
	follow: queryFlag,
});

/** Output of tasks. Both replies come bit by bit, and with `follow` go on until the attempt, or the run, has ended. */
export function logRoutes(services: Services, streams: Streams): Route[] {
	return [
		{
			// One attempt's output: as `text` its very bytes, as `ndjson` a `LogRecord` a line. `:task` is a name or an index; without
			// `attempt` it is the newest, and `follow` waits for the first. `offset` counts bytes of both streams together.
			method: 'GET',
			path: '/v1/runs/:id/tasks/:task/logs',
			access: 'token',
			handle(event) {
				const query = readQuery(event, attemptQuery);
				const run = services.history.run(services.history.resolve(pathParam(event, 'id')));
				const task = taskIndex(run, pathParam(event, 'task'));
				const known = run.tasks[task]?.attempts.length ?? 0;
				if (query.attempt !== undefined && query.attempt > known) {
					throw new ByoaiError('not_found', `task ${run.workflow.tasks[task]?.name} of run ${run.id} has no attempt ${query.attempt}`);
				}
				return query.format === 'text'
					? textReply(streams.open(signal => asText(readTask(services, run, task, query, signal), query)))
					: lineReply(streams, signal => asRecords(readTask(services, run, task, query, signal), query));
			},
		},
		{
			// Lines of all tasks of a run, merged by time: a `LogLine` a line. Those of one task, or one agent, on demand.
			method: 'GET',
			path: '/v1/logs',
			access: 'token',
			handle: event => mergedLines(event, services, streams),
		},
	];
}

function mergedLines(event: H3Event, services: Services, streams: Streams): Response {
	const {run: name, task, agent, follow} = readQuery(event, linesQuery);
	const run = services.history.run(services.history.resolve(name));
	const only = task === undefined ? undefined : taskIndex(run, task);
	const lineBytes = services.limits.shown_line_bytes;
	return lineReply(streams, async function* (signal) {
		for await (const line of readLines(services, {run, task: only, agent, follow, signal, lineBytes})) yield `${JSON.stringify(line)}\n`;
	});
}

/** The task of this name, else of this index in file order. */
function taskIndex({id, workflow}: Run, name: string): number {
	const named = workflow.tasks.findIndex(task => task.name === name);
	const index = named < 0 && /^\d{1,9}$/.test(name) ? Number(name) : named;
	if (workflow.tasks[index] === undefined) throw new ByoaiError('not_found', `run ${id} has no task ${name}`);
	return index;
}

async function* readTask(
	services: Services,
	run: Run,
	task: number,
	{attempt, offset, follow}: AttemptQuery,
	signal: AbortSignal,
): AsyncGenerator<LogSlice> {
	const ref = {run: run.id, task, attempt: attempt ?? (await newestAttempt(services, {run: run.id, task}, follow, signal))};
	if (ref.attempt > 0) yield* readAttempt(services, ref, {offset, follow, signal});
}

/** Number of the newest attempt; with `wait` the first is waited for, as long as there may be one. 0: there is none. */
async function newestAttempt(
	{engine, history}: Services,
	of: Pick<AttemptRef, 'run' | 'task'>,
	wait: boolean,
	signal: AbortSignal,
): Promise<number> {
	const news = notify(wake => engine.subscribe(({before, after}) => before.runs[of.run] !== after.runs[of.run] && wake()), signal);
	try {
		for (;;) {
			const task = history.run(of.run).tasks[of.task];
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

function textReply(body: ReadableStream<Uint8Array>): Response {
	return new Response(body, {headers: {'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff'}});
}

/** NDJSON; empty lines mean nothing but that the connection is alive. */
function lineReply(streams: Streams, lines: (signal: AbortSignal) => AsyncGenerator<string>): Response {
	return new Response(streams.open(lines, {heartbeat: '\n'}), {headers: {'content-type': 'application/x-ndjson'}});
}
