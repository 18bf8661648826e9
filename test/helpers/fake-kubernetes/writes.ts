import type {KubeObject, Resource} from './objects.ts';
import {apiVersionOf, resources} from './objects.ts';
import {validatePod, withDefaults} from './pods.ts';
import type {ApiRequest} from './request.ts';
import {alreadyExists, badRequest, invalid, notFound, quotaExceeded, StatusError, uidConflict} from './status.ts';
import type {Store} from './store.ts';
import {now} from './store.ts';

type Quotas = Readonly<Record<string, number>>;
type DeleteOptions = {
	readonly gracePeriodSeconds?: number;
	readonly propagationPolicy?: string;
	readonly preconditions?: {readonly uid?: string};
};

const namespaceKind = resources.find(({name}) => name === 'namespaces') as Resource;

export function create(store: Store, {kind, namespace, query}: ApiRequest, body: KubeObject | undefined, quotas: Quotas): KubeObject {
	if (body === undefined) throw badRequest('the body is empty');
	if (body.kind !== undefined && body.kind !== kind.kind)
		throw badRequest(`${body.kind} in version "${body.apiVersion}" cannot be handled as a ${kind.kind}`);
	const name =
		body.metadata.name ??
		(body.metadata.generateName !== undefined ? `${body.metadata.generateName}${Math.random().toString(36).slice(2, 7)}` : undefined);
	if (name === undefined)
		throw invalid(kind.kind, '', [
			{field: 'metadata.name', reason: 'FieldValueRequired', message: 'Required value: name or generateName is required'},
		]);
	if (kind.namespaced && store.get(namespaceKind, '', namespace) === undefined) throw notFound('namespaces', namespace);
	const object = {
		...body,
		kind: kind.kind,
		apiVersion: apiVersionOf(kind),
		metadata: {...body.metadata, name, ...(kind.namespaced && {namespace})},
	};
	if (kind.name === 'pods') validatePod(object);
	const there = store.get(kind, kind.namespaced ? namespace : '', name);
	if (there !== undefined) throw alreadyExists(kind.name, name, there.metadata.deletionTimestamp !== undefined);
	const quota = kind.name === 'pods' ? quotas[namespace] : undefined;
	if (quota !== undefined && store.list(kind, namespace).length >= quota) {
		throw quotaExceeded(name, `q, requested: pods=1, used: pods=${quota}, limited: pods=${quota}`);
	}
	if (query.get('dryRun') === 'All') return object;
	return store.create(kind, kind.name === 'pods' ? withDefaults(object) : object);
}

export function remove(store: Store, kind: Resource, found: KubeObject, {query}: ApiRequest, options: DeleteOptions = {}): KubeObject {
	const {metadata} = found;
	const {uid} = options.preconditions ?? {};
	if (uid !== undefined && uid !== metadata.uid) throw uidConflict(kind.kind, metadata.name, uid, metadata.uid ?? '');
	if (kind.name !== 'pods') {
		store.remove(kind, found);
		return {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {} as KubeObject['metadata'],
			status: 'Success',
			details: {name: metadata.name, kind: kind.name, uid: metadata.uid},
		};
	}
	const asked = query.get('gracePeriodSeconds') ?? options.gracePeriodSeconds ?? found.spec.terminationGracePeriodSeconds;
	const isOver = found.spec.nodeName === undefined || ['Succeeded', 'Failed'].includes(found.status.phase);
	const seconds = isOver ? 0 : Number(asked);
	const before = metadata.deletionGracePeriodSeconds;
	const grace = before === undefined ? seconds : Math.min(before, seconds);
	const marked = store.update(kind, found, object => ({
		...object,
		metadata: {
			...object.metadata,
			generation: (object.metadata.generation ?? 1) + (before === undefined ? 1 : 0),
			deletionTimestamp: before === grace ? (metadata.deletionTimestamp ?? now()) : now(Date.now() + grace * 1000),
			deletionGracePeriodSeconds: grace,
		},
	}));
	// Without a grace period, and with nothing that holds it, it is gone at once; a node ends its processes by itself.
	if (grace === 0 && (metadata.finalizers ?? []).length === 0) store.remove(kind, found);
	return marked ?? found;
}

/** PUT and PATCH. */
export function change(
	store: Store,
	kind: Resource,
	found: KubeObject,
	{request, verb, query}: ApiRequest,
	body: KubeObject | undefined,
): KubeObject {
	if (body === undefined) throw badRequest('the body is empty');
	const type = request.headers['content-type'] ?? '';
	if (verb === 'patch' && !/^application\/(?:merge-patch|strategic-merge-patch|apply-patch)\+(?:json|yaml)/.test(type)) {
		throw new StatusError(
			415,
			'UnsupportedMediaType',
			`the body of the request was in an unknown format - accepted media types include: application/merge-patch+json, application/strategic-merge-patch+json`,
		);
	}
	const changed = store.update(kind, found, object => {
		const next = verb === 'update' ? {...body, status: object.status} : (merged(object, body) as KubeObject);
		if (kind.name === 'pods') refuseChange(object, next);
		return query.get('dryRun') === 'All' ? object : {...next, metadata: {...next.metadata, uid: object.metadata.uid ?? ''}};
	});
	if (changed === undefined) throw notFound(kind.name, found.metadata.name);
	if (kind.name === 'pods' && changed.metadata.deletionTimestamp !== undefined && (changed.metadata.finalizers ?? []).length === 0) {
		if (['Succeeded', 'Failed'].includes(changed.status.phase)) store.remove(kind, changed);
	}
	return changed;
}

/** Of a pod's spec hardly anything may change: its images, its tolerations, and its deadline, which may be set and come earlier. */
function refuseChange(before: KubeObject, after: KubeObject): void {
	const fixed = ({spec: {activeDeadlineSeconds: _, tolerations: __, ...rest}}: KubeObject) => JSON.stringify(rest);
	const [old, next] = [before.spec.activeDeadlineSeconds, after.spec.activeDeadlineSeconds];
	if (old !== undefined && (next === undefined || next > old)) {
		throw invalid('Pod', before.metadata.name, [
			{
				field: 'spec.activeDeadlineSeconds',
				reason: 'FieldValueInvalid',
				message: `Invalid value: ${next}: must be less than or equal to previous value`,
			},
		]);
	}
	if (fixed(before) !== fixed(after)) {
		throw invalid('Pod', before.metadata.name, [
			{
				field: 'spec',
				reason: 'FieldValueForbidden',
				message:
					'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
			},
		]);
	}
}

function merged(target: unknown, patch: unknown): unknown {
	if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
	const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? {...target} : {};
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) delete result[key];
		else result[key] = merged(result[key], value);
	}
	return result;
}
