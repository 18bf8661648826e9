import {ApiError} from './api.ts';
import type {PodFacts} from './pod.ts';
import type {Site} from './site.ts';

type PodEvent = {
	readonly type?: string;
	readonly reason?: string;
	readonly message?: string;
	readonly eventTime?: string | null;
	readonly lastTimestamp?: string | null;
	readonly metadata: {readonly creationTimestamp?: string};
};

/** Events of a pod that are looked at. */
const most = 50;

/** What the cluster warns of about a pod that does not start. `isFinal`: it will not start by itself. */
export async function eventWords(
	{api}: Site,
	{name, uid}: Pick<PodFacts, 'name' | 'uid'>,
	signal: AbortSignal,
): Promise<{words?: string; isFinal: boolean}> {
	const query = new URLSearchParams({fieldSelector: `involvedObject.name=${name},involvedObject.uid=${uid}`, limit: String(most)});
	const path = `/api/v1/namespaces/${encodeURIComponent(api.cluster.place.namespace)}/events?${query}`;
	const {items} = await api
		.ask<{items: readonly PodEvent[]}>({doing: `read the events of pod ${name}`, path, signal})
		.catch((error: unknown) => {
			// That they may not be read is no reason not to wait for the pod.
			if (error instanceof ApiError) return {items: []};
			throw error;
		});
	const newest = items.filter(({type}) => type === 'Warning').sort((a, b) => timeOf(b) - timeOf(a))[0];
	if (newest === undefined) return {isFinal: false};
	const message = (newest.message ?? '').replace(/\s+/g, ' ').trim();
	const missing = /(configmap|secret) "([^"]+)" not found/.exec(message);
	if (newest.reason === 'FailedMount' && missing !== null) {
		return {
			words: `one of its volumes cannot be mounted: there is no ${missing[1] === 'secret' ? 'secret' : 'config map'} ${missing[2]} in its namespace`,
			isFinal: true,
		};
	}
	return {words: inWords(newest.reason, message), isFinal: false};
}

function inWords(reason: string | undefined, message: string): string {
	if (reason === 'FailedMount' || reason === 'FailedAttachVolume') return `one of its volumes cannot be mounted: ${message}`;
	if (reason === 'FailedScheduling') return `no node takes it: ${message.replace(/\.$/, '')}`;
	if (reason === 'Unhealthy') return `its readiness probe says: ${message.replace(/^Readiness probe failed: /, '')}`;
	return `${reason ?? 'the cluster says'}: ${message}`;
}

/** Events of the scheduler have a time of their own only. */
function timeOf({eventTime, lastTimestamp, metadata}: PodEvent): number {
	return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}
