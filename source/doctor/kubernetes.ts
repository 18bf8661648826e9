import type {ClusterFacts} from '../drivers/kubernetes/survey.ts';
import {ByoaiError} from '../model/error.ts';
import type {Check} from './check.ts';
import {note, ok, problem, reasonOf, warning} from './check.ts';
import {leftoversOf} from './left-behind.ts';
import type {Place} from './place.ts';

/** Whether a cluster answers where one is configured. That none does is a problem where somebody counts on one, else a note. */
export const kubernetesCluster: Check = {
	name: 'kubernetes',
	find: async place => {
		try {
			const found = await place.cluster();
			if (found === undefined) return [note('No Kubernetes cluster is configured. Only agents of type kubernetes need one.')];
			const {version, address, name, namespace} = found;
			return [ok(`Kubernetes ${version} answers at ${address} (${name}); pods go to namespace ${namespace}.`)];
		} catch (error) {
			return [(await isNeeded(place)) ? problem(reasonOf(error)) : note(reasonOf(error), 'only agents of type kubernetes need one')];
		}
	},
};

/** Whether our user may do there what has to be done, and a pod of an agent would be taken. */
export const kubernetesRights: Check = {
	name: 'rights',
	find: async place => {
		const cluster = await answering(place);
		if (cluster === undefined) return [];
		const say = (await isNeeded(place)) ? problem : warning;
		const missing = await place.kubernetes.missingRights();
		if (missing.length > 0) {
			return [
				say(
					`In namespace ${cluster.namespace} our user may not ${missing.join(', ')}.`,
					'deploy/kubernetes/role.yaml has the rules, and role-outside.yaml that for pods/proxy; or name another namespace in BYOAI_KUBE_NAMESPACE',
				),
			];
		}
		try {
			await place.kubernetes.tryPod();
		} catch (error) {
			if (error instanceof ByoaiError) return [say(error.message)];
			throw error;
		}
		return [ok(`All that has to be done in namespace ${cluster.namespace} is permitted.`)];
	},
};

/** Pods that carry the id of this state directory, and that neither its agents nor its unfinished runs know. */
export const leftPods: Check = {
	name: 'pods',
	find: async place => {
		const {kubernetes} = place;
		if ((await answering(place)) === undefined) return [];
		const kind = {noun: 'pod', list: () => kubernetes.pods(), remove: (id: string) => kubernetes.remove(id)};
		return [await leftoversOf(place, kind, await kubernetes.pods())];
	},
};

/** Undefined: there is none, or it does not answer, of which its own check has told. */
function answering({cluster}: Place): Promise<ClusterFacts | undefined> {
	return cluster().catch(() => undefined);
}

/** Somebody named a cluster, or the state has agents on one. */
async function isNeeded({config: {kubernetes}, holder}: Place): Promise<boolean> {
	const {kubeconfig, context, namespace} = kubernetes;
	if ([kubeconfig, context, namespace].some(told => told !== undefined)) return true;
	// A state directory that cannot be asked is a problem of its own, told by its own check.
	const agents = await holder()
		.then(found => found?.agents())
		.catch(() => undefined);
	return agents?.some(({type}) => type === 'kubernetes') ?? false;
}
