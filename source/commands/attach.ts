import {httpUrl} from '../config.ts';
import {ByoaiError} from '../model/error.ts';
import {runEnded} from '../model/run.ts';
import {plural} from '../text/spans.ts';
import type {Invocation, Run} from './command.ts';
import {statusOfSignal} from './exit-status.ts';
import type {Access} from './orchestrators.ts';
import {findOrchestrator, followOwner, remote} from './orchestrators.ts';
import {showScreen, wantsScreen} from './screen.ts';

/**
 * `byoai attach [url]`: the full-screen display on an orchestrator that runs elsewhere. Leaving it ends nothing there. Rejects with
 * `unavailable` where none answers at the beginning; later on, a connection that is lost is shown, and made again.
 */
export const attach: Run = async invocation => {
	if (!wantsScreen(invocation)) {
		throw new ByoaiError('usage', 'byoai attach needs a terminal for its screen; `byoai ps` and `byoai logs -f` print what goes on');
	}
	const access = followOwner(await accessOf(invocation), invocation.config);
	try {
		// Whoever is not there, or does not know the token, is told of here and not on a screen.
		await access.client.runs({limit: 1});
		const left = await showScreen(access, invocation, {role: 'client'});
		if (left.how === 'signal') return statusOfSignal(left.signal);
		await tellWhatGoesOn(access, invocation);
		return 0;
	} finally {
		await access.close();
	}
};

async function accessOf(invocation: Invocation): Promise<Access> {
	const {operands, flags, config} = invocation;
	const [url] = operands;
	if (url === undefined) return findOrchestrator(invocation);
	if (flags.url !== undefined) throw new ByoaiError('usage', `name one orchestrator: ${url}, or --url ${flags.url}`);
	return remote({...config, told: {...config.told, url: '--url'}}, httpUrl(url, 'what is attached to'));
}

/** On the screen that stays: what was left behind there. */
async function tellWhatGoesOn({client}: Access, {diagnostics}: Invocation): Promise<void> {
	try {
		const active = (await client.runs({limit: 1000})).filter(({status}) => !runEnded(status));
		if (active.length > 0)
			diagnostics.info(`${plural(active.length, 'run')} at ${client.url} ${active.length === 1 ? 'goes' : 'go'} on without this screen`);
	} catch (error) {
		if (!(error instanceof ByoaiError && error.retryable)) throw error;
		diagnostics.info(`the orchestrator at ${client.url} does not answer now`);
	}
}
