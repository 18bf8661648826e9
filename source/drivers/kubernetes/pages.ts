import type {KubeApi} from './api.ts';
import type {Pod, PodFacts} from './pod.ts';
import {factsOf} from './pod.ts';
import {ownerLabel} from './spec.ts';

/** Pods in one answer to a list. */
const pageSize = '500';

type Page = {readonly metadata: {readonly resourceVersion?: string; readonly continue?: string}; readonly items: readonly Pod[]};

/** All pods of an owner in the cluster's namespace, page by page, and the version that they make up. A page that has expired rejects with 410. */
export async function allPods(
	api: KubeApi,
	owner: string,
	signal?: AbortSignal,
): Promise<{readonly pods: readonly PodFacts[]; readonly version: string}> {
	const pods: PodFacts[] = [];
	let version = '';
	for (let more: string | undefined = ''; more !== undefined; ) {
		const query = new URLSearchParams({labelSelector: `${ownerLabel}=${owner}`, limit: pageSize, ...(more && {continue: more})});
		const path = `/api/v1/namespaces/${encodeURIComponent(api.cluster.place.namespace)}/pods?${query}`;
		const page: Page = await api.ask<Page>({doing: 'list pods', path, ...(signal && {signal})});
		for (const pod of page.items) pods.push(factsOf(pod));
		version = page.metadata.resourceVersion ?? '';
		more = page.metadata.continue || undefined;
	}
	return {pods, version};
}
