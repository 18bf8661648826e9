import type {AttemptRef} from '../model/ids.ts';
import {currentAttempt} from '../model/run.ts';
import type {State} from '../scheduler/state.ts';
import {taskOf} from '../scheduler/state.ts';
import type {Clock} from './clock.ts';

/** Whether an attempt is still running, so that more output of it may come. */
export function isActive(state: State, ref: AttemptRef): boolean {
	return currentAttempt(taskOf(state, ref))?.number === ref.attempt;
}

export type News = {
	/** Resolves once there was news since the last call, or the signal was aborted. */
	next(): Promise<void>;
	close(): void;
};

/** Waiting for something to happen without missing it: `listen` is given what to call, and returns how to stop. */
export function notify(listen: (wake: () => void) => () => void, signal: AbortSignal): News {
	let pending = false;
	let resolve: (() => void) | undefined;
	const wake = () => {
		pending = true;
		resolve?.();
	};
	const stop = listen(wake);
	signal.addEventListener('abort', wake);
	return {
		async next() {
			if (!pending && !signal.aborted) {
				await new Promise<void>(done => {
					resolve = done;
				});
			}
			resolve = undefined;
			pending = false;
		},
		close() {
			stop();
			signal.removeEventListener('abort', wake);
		},
	};
}

/** Resolves after so long, or when the signal is aborted. */
export async function rest({after}: Pick<Clock, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
	if (ms === 0 || signal.aborted) return;
	const {promise, resolve} = Promise.withResolvers<void>();
	const wake = () => resolve();
	const cancel = after(ms, wake);
	signal.addEventListener('abort', wake);
	await promise;
	cancel();
	signal.removeEventListener('abort', wake);
}
