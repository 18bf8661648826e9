import {setTimeout as sleep} from 'node:timers/promises';
import {ByoaiError} from '../../model/error.ts';
import type {OutputPiece} from '../../model/instance.ts';
import {ApiError} from './api.ts';
import type {PodHandle} from './handle.ts';
import type {LogCursor, LogStart} from './log-cursor.ts';
import type {PodFacts} from './pod.ts';
import type {Site} from './site.ts';
import {containerName} from './spec.ts';
import {stateOf} from './state.ts';

export type Log = {
	readonly site: Site;
	readonly pod: PodHandle;
	readonly cursor: LogCursor;
	readonly signal: AbortSignal;
	readonly warn: (message: string) => void;
};

/** While a node says that it has no log yet. */
const againMs = 300;
/** So often a node that says it has none of a program that has ended is asked again; one that never came to start has none. */
const mostRefusals = 10;
/** For the news of an end to come after the end of the output. */
const endNewsMs = 2000;

/**
 * What the program of a pod prints, from byte `from` on, to its end. The stream of a server that is shut down ends as one whose program has
 * ended: so what came is only whole when it was read after the program's end.
 */
export async function* podOutput({site, pod, cursor, signal, warn}: Log, from: number): AsyncIterable<OutputPiece> {
	let at = from;
	for (let refusals = 0; refusals < mostRefusals; ) {
		const before = await site.watch.until(pod.pod, facts => begun(facts, pod.uid), signal);
		if (before === 'gone') throw new ByoaiError('unavailable', `Pod ${pod.pod} is not there any more.`, {retryable: true});
		const start = cursor.startFor(at);
		const chunks = await open({site, pod, signal}, before === 'runs', start);
		if (chunks !== undefined) {
			for await (const piece of piecesOf(chunks, {cursor, start, pod: pod.pod, warn}, at)) {
				at += piece.data.length;
				yield piece;
			}
			if (before === 'ended') return;
			await newsOfEnd({site, pod, signal});
		} else if (before === 'ended') refusals++;
	}
}

/** Waits for what usually follows the end of a stream: that the program has ended. */
async function newsOfEnd({site, pod, signal}: Pick<Log, 'site' | 'pod' | 'signal'>): Promise<void> {
	const either = AbortSignal.any([signal, AbortSignal.timeout(endNewsMs)]);
	const look = (facts: PodFacts | undefined) => (begun(facts, pod.uid) === 'runs' ? undefined : true);
	await site.watch.until(pod.pod, look, either).catch(() => signal.throwIfAborted());
}

/** Undefined: it has not begun to run. */
function begun(facts: PodFacts | undefined, uid: string): 'runs' | 'ended' | 'gone' | undefined {
	if (facts === undefined || facts.uid !== uid || facts.isGone) return 'gone';
	const {type} = stateOf(facts, Date.now());
	if (type === 'ended' || type === 'failed') return 'ended';
	return type === 'runs' ? 'runs' : undefined;
}

/** What comes after `from`, of what comes after the start of a reading. */
async function* piecesOf(
	chunks: AsyncIterable<Buffer>,
	{cursor, start, pod, warn}: Pick<Log, 'cursor' | 'warn'> & {start: LogStart; pod: string},
	from: number,
): AsyncIterable<OutputPiece> {
	const lines = cursor.read(start);
	let next = from;
	let hasGap = false;
	for await (const chunk of chunks) {
		for (const {offset, at, data} of lines.push(chunk)) {
			hasGap ||= offset > next;
			next = Math.max(next, offset + data.length);
			const skip = Math.max(0, from - offset);
			if (skip < data.length) yield {stream: 'stdout', at, data: data.subarray(skip)};
		}
	}
	if (lines.hasGap || hasGap)
		warn(`some output of pod ${pod} is lost: its node threw it away before it was read (containerLogMaxSize of the kubelet)`);
	if (lines.hasRest) throw new ByoaiError('unavailable', `The output of pod ${pod} broke off.`, {retryable: true});
}

/** Undefined: there is none yet, or none any more. */
async function open(
	{site, pod: {pod}, signal}: Pick<Log, 'site' | 'pod' | 'signal'>,
	follow: boolean,
	{since}: LogStart,
): Promise<AsyncIterable<Buffer> | undefined> {
	const query = new URLSearchParams({
		container: containerName,
		timestamps: 'true',
		...(follow && {follow: 'true'}),
		...(since && {sinceTime: since}),
	});
	try {
		const found = await site.api.open({doing: `read the output of pod ${pod}`, path: `${site.path}/${pod}/log?${query}`, signal});
		if (found !== undefined) return found;
	} catch (error) {
		if (!(error instanceof ApiError) || ![400, 404].includes(error.status)) throw error;
	}
	await sleep(againMs, undefined, {signal}).catch(() => signal.throwIfAborted());
	return undefined;
}

/** So much of the last lines is kept, and so long they are waited for. */
const lastBytes = 4096;
const lastWordsMs = 10_000;

/** The last of what a pod printed; undefined: nothing, or it cannot be had any more. */
export async function lastWords({api, path}: Site, {name}: Pick<PodFacts, 'name'>, {previous = false} = {}): Promise<string | undefined> {
	const query = new URLSearchParams({container: containerName, tailLines: '20', ...(previous && {previous: 'true'})});
	const signal = AbortSignal.timeout(lastWordsMs);
	try {
		let last = Buffer.alloc(0);
		const chunks = await api.open({doing: `read the output of pod ${name}`, path: `${path}/${name}/log?${query}`, signal});
		for await (const chunk of chunks ?? []) last = Buffer.concat([last, chunk]).subarray(-lastBytes);
		return last.toString().trimEnd() || undefined;
	} catch {
		return undefined; // that its last words are lost is no reason not to tell of its end
	}
}
