import type {RunRequest} from '../client/queries.ts';
import {ByoaiError} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import {runEnded} from '../model/run.ts';
import type {RunDetail} from '../protocol/views.ts';
import {plural} from '../text/spans.ts';
import {version} from '../version.ts';
import type {Invocation, Run} from './command.ts';
import {wrongUsage} from './exit-status.ts';
import type {RunWatch} from './log-view/run-watch.ts';
import type {Access} from './orchestrators.ts';
import {openAlone} from './orchestrators.ts';
import type {Left} from './screen.ts';
import {showScreen, wantsScreen} from './screen.ts';
import {namedSource, prepare, watchRuns} from './submission.ts';

type Manager = Awaited<ReturnType<typeof openAlone>>;

/** `byoai agent-manager-mode`: serves until SIGTERM or SIGINT, or until somebody leaves its screen; runs go on with the next start, unless `--on-stop cancel`. */
export const runManager: Run = async invocation => {
	const {flags, interruptions, diagnostics} = invocation;
	const cancels = readOnStop(flags.onStop) === 'cancel';
	const prepared = prepare(namedSource(flags.workflow, invocation), invocation);
	if (prepared === undefined) return wrongUsage;
	const stop = Promise.withResolvers<string>();
	interruptions.take(stop.resolve);
	const manager = await openAlone(invocation, 'manager');
	const watching = new AbortController();
	try {
		diagnostics.info(`version ${version} listens on ${manager.own.url}`);
		const onScreen = wantsScreen(invocation);
		const detached = onScreen && (await showUntilLeft(manager, prepared.request, invocation)) === 'detach';
		let ends: Followed['ends'] = new Map();
		if (!onScreen || detached) {
			interruptions.take(stop.resolve);
			const watch = watchRuns(manager, invocation, watching.signal, true);
			const followed = followAll(manager, watch, detached);
			ends = followed.ends;
			if (!detached) await manager.client.submitRun(prepared.request);
			const signal = await Promise.race([stop.promise, failureOf(manager, watch, followed.failure)]);
			diagnostics.info(`${signal}: stopping${cancels ? ', and cancelling what runs' : ''}`);
		}
		if (cancels) await cancelAll(manager, ends);
		else await tellUnfinished(manager, invocation);
	} finally {
		watching.abort();
		await manager.close();
	}
	return 0;
};

/** Starts the run and shows everything on a screen. A signal that ends the manager leaves it as a person does. */
async function showUntilLeft(manager: Manager, request: RunRequest, invocation: Invocation): Promise<Left['how']> {
	const {run} = await manager.client.submitRun(request);
	const {how} = await showScreen(manager, invocation, {role: 'manager', run: run.id, failure: fatalOf(manager)});
	return how;
}

function readOnStop(text = 'keep'): 'keep' | 'cancel' {
	if (text === 'keep' || text === 'cancel') return text;
	throw new ByoaiError('usage', `--on-stop must be keep or cancel, not ${JSON.stringify(text)}`);
}

type Followed = {
	/** What is followed now, by run. */
	readonly ends: ReadonlyMap<RunId, Promise<unknown>>;
	/** Rejects when following breaks. */
	readonly failure: Promise<never>;
};

/** Shows every run, whoever started it; of those that went on before, what comes from now on. `detached`: all of them were seen on a screen. */
function followAll({client, own}: Manager, watch: RunWatch, detached: boolean): Followed {
	const openedAt = Date.now();
	const ends = new Map<RunId, Promise<RunDetail | undefined>>();
	const {promise: failure, reject} = Promise.withResolvers<never>();
	// Ids are ordered by time: what is newer than all before is followed even if it has ended already.
	let newest: RunId | undefined;
	watch.subscribe(rows => {
		const before = newest;
		for (const {id, status} of rows) {
			if (newest === undefined || id > newest) newest = id;
			const isNew = before !== undefined && id > before;
			if (ends.has(id) || (runEnded(status) && !isNew)) continue;
			const resumed = own.unfinished.includes(id) || (detached && before === undefined);
			const end = client.run(id).then(run => watch.follow(run, {resumed, ...(resumed && {since: openedAt})}));
			ends.set(id, end);
			end.then(() => ends.delete(id), reject);
		}
	});
	return {ends, failure};
}

async function failureOf(manager: Manager, watch: RunWatch, following: Promise<never>): Promise<never> {
	return Promise.race([following, watch.done.then(() => following), fatalOf(manager)]);
}

function fatalOf({own}: Manager): Promise<never> {
	return own.fatal.then(error => {
		throw error;
	});
}

async function cancelAll({client, own}: Manager, ends: Followed['ends']): Promise<void> {
	const active = (await client.runs({limit: 1000})).filter(({status}) => !runEnded(status));
	for (const {id} of active) await client.cancelRun(id, 'cancelled, as its manager stops');
	await Promise.all(active.map(({id}) => ends.get(id)));
	await own.settled();
}

async function tellUnfinished({client}: Access, {diagnostics}: Invocation): Promise<void> {
	const active = (await client.runs({limit: 1000})).filter(({status}) => !runEnded(status)).length;
	if (active > 0) diagnostics.info(`${plural(active, 'unfinished run')}: the next start goes on with ${active === 1 ? 'it' : 'them'}`);
}
