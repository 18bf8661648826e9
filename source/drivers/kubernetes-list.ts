import type {Handle} from '../model/instance.ts';
import {handleOf} from './kubernetes-handle.ts';
import {allPods} from './kubernetes-pages.ts';
import type {Site, Sites} from './kubernetes-site.ts';

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
			for (const {instance: name, name: pod, uid} of (await allPods(site.api, owner)).pods) {
				if (name !== undefined) found.push({name, handle: handleOf({place: site.place, pod, uid})});
			}
		} catch (error) {
			if (index === 0) throw error;
			warn(`pods of earlier runs were not looked for: ${String(error)}`);
		}
	}
	return found;
}
