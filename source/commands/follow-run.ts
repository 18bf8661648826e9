import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {RunDetail} from '../protocol/views.ts';
import {plural} from '../text/spans.ts';
import type {Invocation} from './command.ts';
import {statusOfRun, statusOfSignal} from './exit-status.ts';
import type {Access} from './orchestrators.ts';
import {watchRuns} from './submission.ts';
import type {Interruption} from './terminal/interruptions.ts';

/** How a run that is then followed comes about. `resumed`: it was there already. */
export type Begin = {
	readonly open: () => Promise<Access>;
	readonly begin: (access: Access) => Promise<Begun>;
};

export type Begun = {
	readonly run: RunDetail;
	readonly resumed: boolean;
	/** Older lines are left out, in milliseconds since 1970. */
	readonly since?: number;
};

/** A wish that the run be cancelled. */
export type Stop = {
	/** In words, for the run. */
	readonly reason: string;
	/** What brought it, where it was a signal: it decides the exit status. */
	readonly signal?: Interruption;
};

/** Begins a run and follows it to its end; the first interruption cancels it. Resolves with the exit status. */
export async function beginAndFollow({open, begin}: Begin, invocation: Invocation): Promise<number> {
	const interrupted = takeInterruptions(invocation);
	const access = await open();
	try {
		const early = interrupted.signal();
		if (early !== undefined) return statusOfSignal(early);
		return await followBegun(access, await begin(access), invocation, {interrupted});
	} finally {
		await access.close();
	}
}

type Interrupted = {
	readonly promise: Promise<Interruption>;
	/** The first one, where there was one. */
	readonly signal: () => Interruption | undefined;
};

function takeInterruptions({interruptions}: Invocation): Interrupted {
	const {promise, resolve} = Promise.withResolvers<Interruption>();
	let first: Interruption | undefined;
	interruptions.take(signal => {
		first ??= signal;
		resolve(signal);
	});
	return {promise, signal: () => first};
}

/**
 * Follows a run in the log view until it has ended and nothing is left of what was started for it here; an interruption, or `stop`,
 * cancels it. Resolves with the exit status.
 */
export async function followBegun(
	access: Access,
	{run, resumed, since}: Begun,
	invocation: Invocation,
	{interrupted = takeInterruptions(invocation), stop}: {readonly interrupted?: Interrupted; readonly stop?: Promise<Stop>} = {},
): Promise<number> {
	const {own} = access;
	tellOthers(access, run.id, invocation);
	const watching = new AbortController();
	const watch = watchRuns(access, invocation, watching.signal, false);
	let stopped: Stop | undefined;
	const bySignal = interrupted.promise.then((signal): Stop => ({reason: `cancelled by ${signal}`, signal}));
	const cancelled = Promise.race([bySignal, ...(stop === undefined ? [] : [stop])]).then(async wish => {
		stopped = wish;
		// What its output still lacks on the screen may be gigabytes, and nobody wants to see it any more.
		if (!(await cancelRun(access, run.id, wish, invocation))) watching.abort();
	});
	const failure = Promise.race([watch.done, cancelled, failureOf(own)].map(onlyFailure));
	try {
		const ended = await Promise.race([watch.follow(run, {resumed, ...(since !== undefined && {since})}), failure]);
		if (own !== undefined) await Promise.race([own.settled(), failure]);
		const signal = interrupted.signal() ?? stopped?.signal;
		return signal === undefined ? statusOfRun((ended ?? run).status) : statusOfSignal(signal);
	} finally {
		watching.abort();
	}
}

function tellOthers({own}: Access, run: RunId, {diagnostics}: Invocation): void {
	const others = own?.unfinished.filter(id => id !== run).length ?? 0;
	if (others > 0) diagnostics.info(`${plural(others, 'other unfinished run')} ${others === 1 ? 'goes' : 'go'} on meanwhile: byoai ps`);
}

/** False: the run had ended before. */
async function cancelRun({client}: Access, run: RunId, {reason, signal}: Stop, {diagnostics}: Invocation): Promise<boolean> {
	const cause = signal === 'SIGPIPE' ? 'nobody reads its output any more' : (signal ?? reason);
	diagnostics.warn(`cancelling run ${run} (${cause}); SIGINT twice within 2 s ends at once and leaves it unfinished`);
	try {
		await client.cancelRun(run, reason);
		return true;
	} catch (error) {
		const hasEnded = error instanceof ByoaiError && error.code === 'conflict';
		if (!hasEnded) throw error;
		const {status} = await client.run(run);
		diagnostics.info(`run ${run} has ended already (${status}); what is not shown here: byoai logs ${run}`);
		return false;
	}
}

/** Rejects when the orchestrator of this process cannot go on. */
export async function failureOf(own: Access['own']): Promise<void> {
	const error = await own?.fatal;
	if (error !== undefined) throw error;
}

/** Settles only if the promise is rejected. */
export async function onlyFailure(promise: Promise<unknown>): Promise<never> {
	await promise;
	return new Promise<never>(() => undefined);
}
