import {expect, test} from 'vitest';
import {imageOutcome, imageStartFailure, timedOut} from '../../source/agents/image-outcome.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {InstanceEnd} from '../../source/model/instance.ts';
import type {Outcome} from '../../source/model/run.ts';

const timeoutMs = 10_000;
const cancelled = {status: 'cancelled', reason: 'stopped by the orchestrator'} as const;
const timedOutFor = timedOut(timeoutMs);
const zero = {cause: 'exited with code 0', exitCode: 0};
const term = {cause: 'killed by SIGTERM', exitCode: 143, signal: 'SIGTERM'};
const outside = {cause: 'stopped by its Docker engine, or by somebody else (docker stop)'};

type Case = [what: string, end: InstanceEnd, stop: Parameters<typeof imageOutcome>[1]['stop'], outcome: Partial<Outcome>];

test.each<Case>([
	['it ended by itself', {...zero, durationMs: 20}, undefined, {status: 'succeeded', exitCode: 0, durationMs: 20}],
	['it failed by itself', {cause: 'exited with code 3', exitCode: 3}, undefined, {status: 'failed', exitCode: 3}],
	['it ended in time, and its time was over when somebody came back', zero, timedOutFor, {status: 'succeeded', exitCode: 0}],
	['it ended by itself after its time, while nobody was there', {...zero, durationMs: 20_000}, timedOutFor, {status: 'succeeded'}],
	['it was ended for its timeout', {...term, isAsked: true}, timedOutFor, {status: 'timed_out', exitCode: 143}],
	['the same, and it answered in good order', {...zero, isAsked: true}, timedOutFor, {status: 'timed_out', exitCode: 0}],
	['an earlier life ended it for its timeout', {...zero, isAsked: true}, undefined, {...timedOutFor, exitCode: 0}],
	[
		'an earlier life did, which its driver knows no more',
		{...outside, durationMs: 10_040},
		undefined,
		{...timedOutFor, durationMs: 10_040},
	],
	['the same, by a clock that goes slower', {...outside, durationMs: 9600}, undefined, timedOutFor],
	['somebody else ended it in time', {...outside, durationMs: 9000}, timedOutFor, {status: 'lost', reason: outside.cause}],
	['it is gone, and nobody knows when it ended', {cause: 'ended while nobody watched'}, timedOutFor, {status: 'lost'}],
	['it was cancelled', {...term, isAsked: true}, cancelled, {...cancelled, exitCode: 143}],
	['it was cancelled, and is gone', outside, cancelled, cancelled],
])('%s', (_, end, stop, outcome) => {
	expect(imageOutcome(end, {stop, timeoutMs})).toMatchObject(outcome);
});

test('without a timeout, that it was asked to end changes nothing of its code: its own specification may say so', () => {
	expect(imageOutcome({...term, isAsked: true}, {stop: undefined, timeoutMs: undefined})).toMatchObject({status: 'failed', exitCode: 143});
});

test('a start that may succeed later is a loss, one that cannot is a failure', () => {
	expect(imageStartFailure(new ByoaiError('unavailable', 'away', {retryable: true}))).toEqual({
		status: 'lost',
		reason: 'its instance could not be started: away',
	});
	expect(imageStartFailure(new ByoaiError('unavailable', 'no such image')).status).toBe('failed');
	expect(imageStartFailure(new ByoaiError('invalid', 'no such option')).status).toBe('failed');
	expect(imageStartFailure('a fault').status).toBe('failed');
});
