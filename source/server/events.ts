import * as z from 'zod';
import {notify, rest} from '../engine/news.ts';
import type {Views} from '../engine/views.ts';
import type {ViewChange} from '../protocol/views.ts';
import {Backlog} from './backlog.ts';
import {queryEvery} from './query.ts';
import type {Route} from './route.ts';
import {route} from './route.ts';
import {snapshot, viewChange} from './schemas/row.ts';
import type {Services} from './services.ts';
import type {Streams} from './stream.ts';

const eventsQuery = z.strictObject({every: queryEvery});

/** `GET /v1/events`: the views as they are, then as they change. */
export function eventsRoute(services: Services, streams: Streams): Route {
	return route({
		method: 'GET',
		path: '/v1/events',
		id: 'followEvents',
		summary: 'Follow runs, tasks and agents',
		description: [
			'Server-Sent Events with ids `<epoch>-<sequence>`. First a `snapshot` (data: `Snapshot`), then a `change` (data: `ViewChange`) for',
			'whatever changed since the reader took the last one. A reader who is too slow gets a snapshot again, and forgets what it knew.',
		].join(' '),
		tag: 'events',
		access: 'token',
		query: eventsQuery,
		headers: {
			'Last-Event-ID': {
				description: 'The id of the last event that was read: it goes on after that, where it can; else with a snapshot.',
				example: '5ac8e1f0-4f0b-4f6e-9f6e-0d1c4b6a7e21-41',
			},
		},
		replies: {
			200: {description: 'Events without end.', contentType: 'text/event-stream', schema: z.union([snapshot, viewChange])},
		},
		handle: ({req, query, isOwn}) => {
			const lastId = req.headers.get('last-event-id') ?? undefined;
			const body = streams.open({isOwn}, signal => viewEvents(services, {lastId, everyMs: query.every}, signal), {heartbeat: ':\n\n'});
			return new Response(body, {
				headers: {'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no'},
			});
		},
	});
}

type EventsWanted = {
	readonly lastId: string | undefined;
	/** Milliseconds between one change and the next. */
	readonly everyMs: number;
};

async function* viewEvents(
	{views, epoch, limits, clock}: Services,
	{lastId, everyMs}: EventsWanted,
	signal: AbortSignal,
): AsyncGenerator<string> {
	const backlog = new Backlog(limits.event_rows);
	const event = (type: 'snapshot' | 'change', sequence: number, data: unknown) =>
		`id: ${epoch}-${sequence}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
	const snapshot = () => {
		backlog.clear();
		return event('snapshot', views.sequence, views.snapshot());
	};
	const news = notify(
		wake =>
			views.subscribe((sequence, change) => {
				backlog.add(sequence, change);
				wake();
			}),
		signal,
	);
	try {
		const missed = changesAfter(views, epoch, lastId);
		if (missed === undefined) {
			yield snapshot();
		} else {
			for (const {sequence, change} of missed) backlog.add(sequence, change);
			// Said even when nothing was missed, so that the reader knows that it is up to date.
			const {sequence, change} = backlog.take() ?? {sequence: views.sequence, change: {}};
			yield backlog.overflowed ? snapshot() : event('change', sequence, change);
		}
		while (!signal.aborted) {
			const next = backlog.take();
			if (backlog.overflowed) yield snapshot();
			else if (next === undefined) await news.next();
			else {
				yield event('change', next.sequence, next.change);
				await rest(clock, everyMs, signal);
			}
		}
	} finally {
		news.close();
	}
}

/** What the reader of an earlier stream missed; undefined when that is not known. */
function changesAfter(
	views: Views,
	epoch: string,
	id: string | undefined,
): ReadonlyArray<{sequence: number; change: ViewChange}> | undefined {
	const sequence = id?.startsWith(`${epoch}-`) ? id.slice(epoch.length + 1) : '';
	return /^\d{1,15}$/.test(sequence) ? views.changesSince(Number(sequence)) : undefined;
}
