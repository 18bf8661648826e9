import {ByoaiError, messageOf} from '../model/error.ts';
import type {InstanceEnd} from '../model/instance.ts';
import type {Outcome} from '../model/run.ts';

/** Why an attempt is ended before its time. */
export type ImageStop = Pick<Outcome, 'status' | 'reason'>;

/**
 * What came of an attempt whose instance has ended. What its program did by itself counts, also when its time was over before anybody came back to look; that it was
 * ended for its timeout, perhaps by an earlier life of the orchestrator, counts as that, whatever code it exited with then.
 */
export function imageOutcome(end: InstanceEnd, {stop, timeoutMs}: {stop: ImageStop | undefined; timeoutMs: number | undefined}): Outcome {
	const {cause, exitCode, signal, durationMs} = end;
	const facts = {
		...(exitCode !== undefined && {exitCode}),
		...(signal !== undefined && {signal}),
		...(durationMs !== undefined && {durationMs}),
	};
	if (stop?.status === 'cancelled') return {...stop, ...facts};
	if (timeoutMs !== undefined && isTimedOut(end, timeoutMs)) return {...timedOut(timeoutMs), ...facts};
	if (exitCode === undefined) return {status: 'lost', reason: cause, ...facts};
	if (exitCode === 0) return {status: 'succeeded', ...facts};
	// That it exited with its code, or was killed by its signal, code and signal say by themselves.
	const saysMore = !/^(?:exited with code \d+|killed by SIG[A-Z]+)$/.test(cause);
	return {status: 'failed', ...facts, ...(saysMore && {reason: cause})};
}

export function timedOut(timeoutMs: number): ImageStop {
	return {status: 'timed_out', reason: `timed out after ${timeoutMs / 1000} s`};
}

/** By so much of a span two clocks may differ: how long it ran is told by its engine's, its time was measured by the orchestrator's. */
const clocksDiffer = 0.05;

function isTimedOut({isAsked, exitCode, durationMs}: InstanceEnd, timeoutMs: number): boolean {
	// Nobody asks a program to end but for its timeout, or a wish that Orders tell again.
	if (isAsked) return true;
	return exitCode === undefined && durationMs !== undefined && durationMs >= timeoutMs * (1 - clocksDiffer);
}

/** What the machine cannot do now may be tried again elsewhere or later, on the account of losses. */
export function imageStartFailure(error: unknown): Outcome {
	const mayPass = error instanceof ByoaiError && error.code === 'unavailable' && error.retryable;
	const why = messageOf(error);
	return {status: mayPass ? 'lost' : 'failed', reason: `its instance could not be started: ${why}`};
}
