import type {RunRequest} from '../client/client.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {Invocation, Run} from './command.ts';
import {statusOfRun, statusOfSignal, wrongUsage} from './exit-status.ts';
import type {Interruption} from './interruptions.ts';
import type {Access} from './orchestrators.ts';
import {openOrJoin, remote} from './orchestrators.ts';
import {plural} from './spans.ts';
import {namedSource, prepare, watchRuns} from './submission.ts';

/** `byoai [-f <file>]` without a full-screen display: runs a workflow to its end. */
export const runDefault: Run = invocation => runOnce(invocation, invocation.flags.workflow);

/** `byoai run <file>` */
export const runFile: Run = invocation => runOnce(invocation, invocation.operands[0]);

async function runOnce(invocation: Invocation, name: string | undefined): Promise<number> {
	const {flags, config, output, interruptions} = invocation;
	const prepared = prepare(namedSource(name, invocation), invocation);
	if (prepared === undefined) return wrongUsage;
	if (flags.dryRun === true) {
		const {text, json} = prepared.plan();
		output.write(flags.json === true ? json : text);
		return 0;
	}
	const interrupted = Promise.withResolvers<Interruption>();
	let interruption: Interruption | undefined;
	interruptions.take(signal => {
		interruption ??= signal;
		interrupted.resolve(signal);
	});
	const isElsewhere = flags.url !== undefined && config.url !== undefined;
	const access = isElsewhere ? remote(config, config.url) : await openOrJoin(invocation, 'once');
	try {
		const status = interruption === undefined ? await submitAndFollow(access, prepared.request, invocation, interrupted.promise) : 0;
		return interruption === undefined ? status : statusOfSignal(interruption);
	} finally {
		await access.close();
	}
}

/** Resolves with the run's exit status, once the run has ended and nothing is left of what was started for it here. */
async function submitAndFollow(
	access: Access,
	request: RunRequest,
	invocation: Invocation,
	interrupted: Promise<Interruption>,
): Promise<number> {
	const {client, own} = access;
	const {run, resumed} = await client.submitRun(request);
	tellCircumstances(access, run.id, invocation);
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

function tellCircumstances({own, client}: Access, run: RunId, {diagnostics, flags}: Invocation): void {
	if (own === undefined) {
		const whose = flags.url === undefined ? 'which has this state directory; its' : 'and its';
		diagnostics.info(`the run goes to the orchestrator at ${client.url}, ${whose} tasks see that one's environment`);
		return;
	}
	const others = own.unfinished.filter(id => id !== run).length;
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
