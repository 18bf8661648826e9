import type {AttemptRef} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Engine} from './engine.ts';
import {isActive, notify} from './news.ts';
import type {LogSlice, TaskLogs} from './task-logs.ts';

const readBytes = 256 * 1024;

export type LogSource = {readonly engine: Engine; readonly logs: TaskLogs};

/**
 * One attempt's output from `offset` on; with `follow` to its end, as it comes, until `signal` ends it. Returns the offset after the last byte that there was, or
 * undefined where the signal ended it.
 */
export async function* readAttempt(
	{engine, logs}: LogSource,
	ref: AttemptRef,
	{offset, follow, signal}: {offset: number; follow: boolean; signal: AbortSignal},
): AsyncGenerator<LogSlice, number | undefined> {
	const news = notify(wake => {
		const stopLogs = logs.subscribe(of => attemptKey(of) === attemptKey(ref) && wake());
		const stopEngine = engine.subscribe(({after}) => !isActive(after, ref) && wake());
		return () => {
			stopLogs();
			stopEngine();
		};
	}, signal);
	try {
		for (let at = offset; !signal.aborted; ) {
			const isLast = !follow || !isActive(engine.state, ref);
			const slice = await logs.read(ref, at, readBytes);
			if (slice.pieces.length > 0 || (isLast && slice.dropped > 0)) yield slice;
			if (slice.next === at || slice.next >= slice.end) {
				if (isLast) return slice.end;
				await news.next();
			}
			at = Math.max(at, slice.next);
		}
		return undefined;
	} finally {
		news.close();
	}
}
