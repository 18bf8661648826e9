import type {Handle} from '../model/instance.ts';
import {handleOf} from './kubernetes-handle.ts';
import type {Pod} from './kubernetes-pod.ts';
import {factsOf} from './kubernetes-pod.ts';
import type {Site, Sites} from './kubernetes-site.ts';
import {ownerLabel} from './kubernetes-spec.ts';

type Page = {readonly metadata: {readonly continue?: string}; readonly items: readonly Pod[]};

const pageSize = '500';

/** All pods of ours, wherever they may be. A cluster of the past that is away is told of, and left out; the usual one must answer. */
export async function listPods(
	sites: Sites,
	{owner, warn}: {owner: string; warn: (message: string) => void},
): Promise<ReadonlyArray<{name: string; handle: Handle}>> {
	const found: Array<{name: string; handle: Handle}> = [];
	const asked = new Set<Site>();
	for (const [index, place] of sites.known.entries()) {
		try {
			const site = await sites.get(place);
			if (asked.has(site)) continue;
			asked.add(site);
			const {api, path} = site;
			for (let more: string | undefined = ''; more !== undefined; ) {
				const query = new URLSearchParams({labelSelector: `${ownerLabel}=${owner}`, limit: pageSize, ...(more && {continue: more})});
				const page: Page = await api.ask<Page>({doing: 'list pods', path: `${path}?${query}`});
				for (const facts of page.items.map(pod => factsOf(pod))) {
					if (facts.instance !== undefined)
						found.push({name: facts.instance, handle: handleOf({place: site.place, pod: facts.name, uid: facts.uid})});
				}
				more = page.metadata.continue || undefined;
			}
		} catch (error) {
			if (index === 0) throw error;
			warn(`pods of earlier runs were not looked for: ${String(error)}`);
		}
	}
	return found;
}
