import type {AgentSpec} from '../../model/workflow.ts';
import type {Place} from './handle.ts';
import {placeKey} from './handle.ts';
import {podOptions} from './options.ts';
import type {Sites} from './site.ts';

/** For an API server to say that it is there, so that with all the rest nobody waits for two seconds. */
const answerMs = 1400;

/** Whether the clusters of these agents answer; without any, the usual one is asked. Rejects with `unavailable`, and what to do. */
export async function probePlaces(sites: Sites, agents: readonly AgentSpec[] = []): Promise<void> {
	const places = new Map<string, Place>();
	for (const agent of agents) {
		const place = sites.resolve(podOptions(agent).place);
		places.set(placeKey(place), place);
	}
	if (places.size === 0) places.set('', sites.resolve({}));
	await Promise.all(
		[...places.values()].map(async place => {
			const {api} = await sites.get(place);
			await api.ask({doing: 'tell its version', path: '/version', timeoutMs: answerMs});
		}),
	);
}
