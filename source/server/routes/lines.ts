import * as z from 'zod';
import {readLines} from '../../engine/merged-lines.ts';
import {durationMs} from '../../model/durations.ts';
import type {Run} from '../../model/run.ts';
import type {Workflow} from '../../model/workflow.ts';
import type {LogLine, RunRow} from '../../protocol/views.ts';
import {agentParam, runParam, runRefusals, taskParam} from '../params.ts';
import {queryEvery, queryFlag} from '../query.ts';
import {lineReply} from '../replies.ts';
import type {Route} from '../route.ts';
import {route} from '../route.ts';
import {logLine} from '../schemas/log.ts';
import type {Services} from '../services.ts';
import type {Streams} from '../stream.ts';
import {findTask, taskIndex} from '../tasks.ts';

const sinceWords = 'must be a duration back from now such as `10m`, or a time such as `2026-01-31T12:00:00Z`';

const linesQuery = z.strictObject({
	run: z.string().min(1).max(100).describe(`${runParam.description} By default all that are active, and those before them.`).optional(),
	task: z.string().min(1).max(1000).describe(taskParam.description).optional(),
	agent: z.string().min(1).max(200).describe(agentParam.description).optional(),
	since: z
		.string()
		.max(40)
		.refine(text => sinceOf(text, 0) !== undefined, sinceWords)
		.describe('Leave out earlier lines: a duration back from now (`10m`), or a time (`2026-01-31T12:00:00Z`).')
		.optional(),
	grep: z.string().min(1).max(1000).describe('Only lines that hold this text.').optional(),
	follow: queryFlag.describe('Go on until the run has ended; without `run`, without end, and with runs that begin later.'),
	every: queryEvery,
});

type LinesQuery = z.output<typeof linesQuery>;

/** `GET /v1/logs`: lines of many tasks, merged by time. */
export function linesRoute(services: Services, streams: Streams): Route {
	return route({
		method: 'GET',
		path: '/v1/logs',
		id: 'readLogs',
		summary: 'Read lines of many tasks',
		description: [
			'Of one run, or of the newest ones, as many as the limit `log_runs` permits; merged by time.',
			'A `LogLine` a line; empty lines say only that the connection is alive.',
		].join(' '),
		tag: 'logs',
		access: 'token',
		query: linesQuery,
		replies: {
			200: {description: 'Lines of output, one JSON value each.', contentType: 'application/x-ndjson', schema: logLine},
			404: {description: 'There is no such run, or it has no such task.'},
			409: runRefusals[409],
		},
		handle({query, isOwn}) {
			const {grep, follow, every: everyMs} = query;
			const run = namedRun(services, query);
			const filter = {
				later: run === undefined,
				wants: wantedBy(query),
				since: sinceOf(query.since ?? '', services.clock.now()) ?? Number.NEGATIVE_INFINITY,
				grep,
				...{follow, everyMs},
				lineBytes: services.limits.shown_line_bytes,
			};
			const source = {...services, loadRun: (id: string) => services.history.run(id)};
			return lineReply(streams, {isOwn}, async function* (signal) {
				// Chosen only now, lest one that begins in between be neither old nor new.
				const runs = run === undefined ? newestRuns(services) : [run];
				for await (const lines of readLines(source, {...filter, runs, signal})) yield textOf(lines);
			});
		},
	});
}

function textOf(lines: readonly LogLine[]): string {
	let text = '';
	for (const line of lines) text += `${JSON.stringify(line)}\n`;
	return text;
}

/** The run that is meant, where one is; a name that is none is told before the reply begins. */
function namedRun({history}: Services, {run: name, task}: LinesQuery): Run | undefined {
	if (name === undefined) return undefined;
	const run = history.run(history.resolve(name));
	if (task !== undefined) taskIndex(run, task);
	return run;
}

/** As many as are read at once: the newest, active ones first. */
function newestRuns({history, engine, limits}: Services): RunRow[] {
	const rows = history.list({limit: limits.log_runs + engine.state.runs.size});
	const isActive = ({id}: RunRow) => engine.state.runs.get(id) !== undefined;
	const chosen = [...rows.filter(isActive), ...rows.filter(row => !isActive(row))].slice(0, limits.log_runs);
	return chosen.sort((a, b) => a.createdAt - b.createdAt);
}

function wantedBy({task, agent}: LinesQuery): (run: Run, index: number, agent: string) => boolean {
	// Asked of every attempt, and looked for in each workflow once.
	const found = new WeakMap<Workflow, number | undefined>();
	const indexIn = (run: Run, name: string) => {
		if (!found.has(run.workflow)) found.set(run.workflow, findTask(run, name));
		return found.get(run.workflow);
	};
	return (run, index, of) => (agent === undefined || agent === of) && (task === undefined || index === indexIn(run, task));
}

/** Milliseconds since 1970; undefined: it is none. */
function sinceOf(text: string, now: number): number | undefined {
	const back = durationMs(text);
	if (back !== undefined) return now - back;
	const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
	return Number.isNaN(time) ? undefined : time;
}
