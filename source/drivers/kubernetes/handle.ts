import {ByoaiError} from '../../model/error.ts';
import type {Handle} from '../../model/instance.ts';

/** Where pods are: a namespace of a cluster, as this machine's kubeconfig names it. */
export type Place = {
	/** Absent: what `KUBECONFIG` says, or its usual file, or the service account of the pod that byoai runs in. */
	readonly kubeconfig?: string;
	/** Absent: the current one. */
	readonly context?: string;
	/** Absent: that of the context, else `default`. */
	readonly namespace?: string;
};

/** The uid tells a pod from another one of its name. */
export type PodHandle = {readonly place: Place; readonly pod: string; readonly uid: string};

export function handleOf({place, pod, uid}: PodHandle): Handle {
	return {driver: 'kubernetes', ...place, pod, uid};
}

export function fromHandle({driver, pod, uid, kubeconfig, context, namespace}: Handle): PodHandle {
	if (driver !== 'kubernetes' || typeof pod !== 'string' || typeof uid !== 'string') {
		throw new ByoaiError('internal', 'This handle is none of the Kubernetes driver.');
	}
	return {place: placeOf({kubeconfig, context, namespace}), pod, uid};
}

/** The keys that name a place; what is no text counts as absent. */
export function placeOf(named: Readonly<Partial<Record<keyof Place, unknown>>>): Place {
	const {kubeconfig, context, namespace} = named;
	return {
		...(typeof kubeconfig === 'string' && {kubeconfig}),
		...(typeof context === 'string' && {context}),
		...(typeof namespace === 'string' && {namespace}),
	};
}

/** The same for the same place. */
export function placeKey({kubeconfig = '', context = '', namespace = ''}: Place): string {
	return JSON.stringify([kubeconfig, context, namespace]);
}
