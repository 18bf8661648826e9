import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../model/error.ts';
import type {OutputPiece} from '../model/instance.ts';
import {ApiError} from './kubernetes-api.ts';
import type {PodHandle} from './kubernetes-handle.ts';
import type {LogCursor} from './kubernetes-log-cursor.ts';
import type {PodFacts} from './kubernetes-pod.ts';
import type {Site} from './kubernetes-site.ts';
import {containerName} from './kubernetes-spec.ts';
import {stateOf} from './kubernetes-state.ts';

export type Log = {readonly site: Site; readonly pod: PodHandle; readonly cursor: LogCursor; readonly signal: AbortSignal};

/** While a node says that it has no log yet. */
const againMs = 300;
/** For the news of an end to come after the end of the output. */
const endNewsMs = 2000;

/**
 * What the program of a pod prints, from byte `from` on, to its end. The stream of a server that is shut down ends as one whose program has
 * ended: so what came is only whole when it was read after the program's end.
 */
export async function* podOutput({site, pod, cursor, signal}: Log, from: number): AsyncIterable<OutputPiece> {
	for (let at = from; ; ) {
		const before = await site.watch.until(pod.pod, facts => begun(facts, pod.uid), signal);
		if (before === 'gone') return;
		for await (const piece of read({site, pod, cursor, signal}, at, before === 'runs')) {
			at += piece.data.length;
			yield piece;
		}
		if (before === 'ended') return;
		await site.watch
			.until(
				pod.pod,
				facts => (begun(facts, pod.uid) === 'runs' ? undefined : true),
				AbortSignal.any([signal, AbortSignal.timeout(endNewsMs)]),
			)
			.catch(() => signal.throwIfAborted());
	}
}

/** Undefined: it has not begun to run. */
function begun(facts: PodFacts | undefined, uid: string): 'runs' | 'ended' | 'gone' | undefined {
	if (facts === undefined || facts.uid !== uid || facts.isGone) return 'gone';
	const {type} = stateOf(facts, Date.now());
	if (type === 'ended' || type === 'failed') return 'ended';
	return type === 'runs' ? 'runs' : undefined;
}

/** Reads once, to where the server ends it. */
async function* read({site, pod, cursor, signal}: Log, from: number, follow: boolean): AsyncIterable<OutputPiece> {
	const start = cursor.startFor(from);
	const query = new URLSearchParams({
		container: containerName,
		timestamps: 'true',
		...(follow && {follow: 'true'}),
		...(start.since && {sinceTime: start.since}),
	});
	const chunks = await open(site, `${site.path}/${pod.pod}/log?${query}`, pod.pod, signal);
	if (chunks === undefined) return;
	const lines = cursor.read(start);
	for await (const chunk of chunks) {
		for (const piece of lines.push(chunk)) {
			const skip = Math.max(0, from - piece.offset);
			if (skip < piece.data.length) yield {stream: 'stdout', at: piece.at, data: piece.data.subarray(skip)};
		}
	}
	if (lines.hasRest) throw new ByoaiError('unavailable', `The output of pod ${pod.pod} broke off.`, {retryable: true});
}

/** Undefined: there is none yet, or none any more. */
async function open(site: Site, path: string, pod: string, signal: AbortSignal): Promise<AsyncIterable<Buffer> | undefined> {
	try {
		return await site.api.open({doing: `read the output of pod ${pod}`, path, signal});
	} catch (error) {
		if (!(error instanceof ApiError) || ![400, 404].includes(error.status)) throw error;
		await sleep(againMs, undefined, {signal}).catch(() => signal.throwIfAborted());
		return undefined;
	}
}

/** The last of what a pod printed; undefined: nothing, or it cannot be had any more. */
export async function lastWords({api, path}: Site, {name}: PodFacts, {previous = false} = {}): Promise<string | undefined> {
	const query = new URLSearchParams({container: containerName, tailLines: '20', ...(previous && {previous: 'true'})});
	try {
		const chunks: Buffer[] = [];
		for await (const chunk of (await api.open({doing: `read the output of pod ${name}`, path: `${path}/${name}/log?${query}`})) ?? [])
			chunks.push(chunk);
		return Buffer.concat(chunks).subarray(-4096).toString().trimEnd() || undefined;
	} catch {
		return undefined; // that its last words are lost is no reason not to tell of its end
	}
}
