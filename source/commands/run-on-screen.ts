import {runEnded} from '../model/run.ts';
import type {RunDetail} from '../protocol/views.ts';
import {createStyle} from '../text/style.ts';
import type {Invocation} from './command.ts';
import {statusOfRun, statusOfSignal} from './exit-status.ts';
import type {Begin} from './follow-run.ts';
import {failureOf, followBegun, onlyFailure} from './follow-run.ts';
import {formatSummary} from './log-view/summary.ts';
import type {Access} from './orchestrators.ts';
import {showScreen} from './screen.ts';
import type {Interruption} from './terminal/interruptions.ts';

/** Begins a run and shows it on a screen until somebody leaves that; resolves with the exit status. */
export async function beginOnScreen({open, begin}: Begin, invocation: Invocation): Promise<number> {
	const access = await open();
	try {
		const {run} = await begin(access);
		const failure = onlyFailure(failureOf(access.own));
		const role = access.own === undefined ? 'client' : 'owner';
		const left = await showScreen(access, invocation, {role, run: run.id, failure});
		switch (left.how) {
			case 'quit':
				return await quit(access, run, invocation);
			case 'cancel':
				await cancelOthers(access, run);
				return await followBegun(access, {run, resumed: true, since: Date.now()}, invocation, {
					stop: Promise.resolve({reason: 'cancelled from the terminal'}),
				});
			case 'detach':
				return await followBegun(access, {run, resumed: true, since: Date.now()}, invocation);
			case 'signal':
				if (runEnded((await access.client.run(run.id)).status)) {
					await quit(access, run, invocation);
					return statusOfSignal(left.signal);
				}
				return await followBegun(access, {run, resumed: true, since: Date.now()}, invocation, {stop: Promise.resolve(stopOf(left.signal))});
		}
	} finally {
		await access.close();
	}
}

function stopOf(signal: Interruption) {
	return {reason: `cancelled by ${signal}`, signal};
}

/** Tells how the run is, on the screen that stays. */
async function quit({client, own}: Access, {id}: RunDetail, {config, output, diagnostics}: Invocation): Promise<number> {
	const run = await client.run(id);
	const style = createStyle({colour: config.colour.out, unicode: config.unicode, columns: output.columns});
	if (!runEnded(run.status)) {
		diagnostics.info(`run ${id} goes on; back to it: byoai attach ${client.url}`);
		return 0;
	}
	output.write(formatSummary(run, () => [], style).replace(/^\n/, ''));
	await own?.settled();
	return statusOfRun(run.status);
}

/** Runs that were started from the screen end with it. */
async function cancelOthers({client}: Access, {id}: RunDetail): Promise<void> {
	const active = (await client.runs({limit: 1000})).filter(run => run.id !== id && !runEnded(run.status));
	for (const run of active) await client.cancelRun(run.id, 'cancelled from the terminal');
}
