import {messageOf} from '../../model/error.ts';
import type {Handle} from '../../model/instance.ts';
import {handleOf} from './handle.ts';
import {allPods} from './pages.ts';
import type {Site, Sites} from './site.ts';

type Found = {readonly name: string; readonly handle: Handle};

/**
 * Does something at each site where pods of ours may be. A cluster of the past that is away is told of, and left out, for it may be gone for
 * good; the usual one must answer.
 */
export async function atEachSite(sites: Sites, warn: (message: string) => void, work: (site: Site) => Promise<void>): Promise<void> {
	const done = new Set<Site>();
	for (const [index, place] of sites.known.entries()) {
		try {
			const site = await sites.get(place);
			if (done.has(site)) continue;
			done.add(site);
			await work(site);
		} catch (error) {
			if (index === 0) throw error;
			warn(`pods of earlier runs were not looked for: ${messageOf(error)}`);
		}
	}
}

/** All pods of ours, wherever they may be. */
export async function listPods(sites: Sites, {owner, warn}: {owner: string; warn: (message: string) => void}): Promise<readonly Found[]> {
	const found: Found[] = [];
	await atEachSite(sites, warn, async ({api, place}) => {
		for (const {instance: name, name: pod, uid} of (await allPods(api, owner)).pods) {
			if (name !== undefined) found.push({name, handle: handleOf({place, pod, uid})});
		}
	});
	return found;
}
