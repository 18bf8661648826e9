import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {RunDetail} from '../protocol/views.ts';
import {plural} from '../text/spans.ts';
import type {Invocation} from './command.ts';
import {statusOfRun, statusOfSignal} from './exit-status.ts';
import type {Interruption} from './interruptions.ts';
import type {Access} from './orchestrators.ts';
import {watchRuns} from './submission.ts';

/** How a run that is then followed comes about. `resumed`: it was there already. */
export type Begin = {
	readonly open: () => Promise<Access>;
	readonly begin: (access: Access) => Promise<{readonly run: RunDetail; readonly resumed: boolean}>;
};

/** Begins a run and follows it to its end; the first interruption cancels it. Resolves with the exit status. */
export async function beginAndFollow({open, begin}: Begin, invocation: Invocation): Promise<number> {
	const interrupted = Promise.withResolvers<Interruption>();
	let interruption: Interruption | undefined;
	invocation.interruptions.take(signal => {
		interruption ??= signal;
		interrupted.resolve(signal);
	});
	const access = await open();
	try {
		const status = interruption === undefined ? await follow(access, begin, invocation, interrupted.promise) : 0;
		return interruption === undefined ? status : statusOfSignal(interruption);
	} finally {
		await access.close();
	}
}

/** Resolves with the run's exit status, once the run has ended and nothing is left of what was started for it here. */
async function follow(access: Access, begin: Begin['begin'], invocation: Invocation, interrupted: Promise<Interruption>): Promise<number> {
	const {own} = access;
	const {run, resumed} = await begin(access);
	tellOthers(access, run.id, invocation);
	const watching = new AbortController();
	const watch = watchRuns(access, invocation, watching.signal, false);
	const cancelled = interrupted.then(async signal => {
		// What its output still lacks on the screen may be gigabytes, and nobody wants to see it any more.
		if (!(await cancelRun(access, run.id, signal, invocation))) watching.abort();
	});
	const failure = Promise.race([watch.done, cancelled, failureOf(own)].map(onlyFailure));
	try {
		const ended = await Promise.race([watch.follow(run, {resumed}), failure]);
		if (own !== undefined) await Promise.race([own.settled(), failure]);
		return statusOfRun((ended ?? run).status);
	} finally {
		watching.abort();
	}
}

function tellOthers({own}: Access, run: RunId, {diagnostics}: Invocation): void {
	const others = own?.unfinished.filter(id => id !== run).length ?? 0;
	if (others > 0) diagnostics.info(`${plural(others, 'other unfinished run')} ${others === 1 ? 'goes' : 'go'} on meanwhile: byoai ps`);
}

/** False: the run had ended before. */
async function cancelRun({client}: Access, run: RunId, signal: Interruption, {diagnostics}: Invocation): Promise<boolean> {
	const cause = signal === 'SIGPIPE' ? 'nobody reads its output any more' : signal;
	diagnostics.warn(`cancelling run ${run} (${cause}); SIGINT twice within 2 s ends at once and leaves it unfinished`);
	try {
		await client.cancelRun(run, `cancelled by ${signal}`);
		return true;
	} catch (error) {
		const hasEnded = error instanceof ByoaiError && error.code === 'conflict';
		if (!hasEnded) throw error;
		const {status} = await client.run(run);
		diagnostics.info(`run ${run} has ended already (${status}); what is not shown here: byoai logs ${run}`);
		return false;
	}
}

async function failureOf(own: Access['own']): Promise<void> {
	const error = await own?.fatal;
	if (error !== undefined) throw error;
}

/** Settles only if the promise is rejected. */
async function onlyFailure(promise: Promise<unknown>): Promise<never> {
	await promise;
	return new Promise<never>(() => undefined);
}
