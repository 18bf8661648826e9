/** What the fake API server keeps, as loosely typed as JSON is. */
export type KubeObject = {
	apiVersion?: string;
	kind?: string;
	metadata: Metadata;
	// biome-ignore lint/suspicious/noExplicitAny: objects of every kind are kept, as a client sent them
	spec?: any;
	// biome-ignore lint/suspicious/noExplicitAny: the same
	status?: any;
	[key: string]: unknown;
};

export type Metadata = {
	name: string;
	namespace?: string;
	uid?: string;
	resourceVersion?: string;
	generation?: number;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	deletionGracePeriodSeconds?: number;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	finalizers?: string[];
	generateName?: string;
};

/** A kind of objects, as discovery tells of it. */
export type Resource = {
	/** '' is the core group. */
	readonly group: string;
	readonly version: string;
	/** Plural, as in paths. */
	readonly name: string;
	readonly kind: string;
	readonly singular: string;
	readonly short?: readonly string[];
	readonly namespaced: boolean;
};

export const resources: readonly Resource[] = [
	core('pods', 'Pod', true, ['po']),
	core('events', 'Event', true, ['ev']),
	core('namespaces', 'Namespace', false, ['ns']),
	core('nodes', 'Node', false, ['no']),
	core('services', 'Service', true, ['svc']),
	core('configmaps', 'ConfigMap', true, ['cm']),
	core('secrets', 'Secret', true),
	core('serviceaccounts', 'ServiceAccount', true, ['sa']),
	core('persistentvolumeclaims', 'PersistentVolumeClaim', true, ['pvc']),
	{...core('deployments', 'Deployment', true, ['deploy']), group: 'apps'},
	{...core('replicasets', 'ReplicaSet', true, ['rs']), group: 'apps'},
	{...core('roles', 'Role', true), group: 'rbac.authorization.k8s.io'},
	{...core('rolebindings', 'RoleBinding', true), group: 'rbac.authorization.k8s.io'},
	{...core('networkpolicies', 'NetworkPolicy', true, ['netpol']), group: 'networking.k8s.io'},
	{...core('selfsubjectaccessreviews', 'SelfSubjectAccessReview', false), group: 'authorization.k8s.io'},
];

function core(name: string, kind: string, namespaced: boolean, short?: readonly string[]): Resource {
	return {group: '', version: 'v1', name, kind, singular: kind.toLowerCase(), namespaced, ...(short && {short})};
}

export function apiVersionOf({group, version}: Resource): string {
	return group === '' ? version : `${group}/${version}`;
}

/** Whether an object carries all of `a=b,c!=d,e,!f`. */
export function matchesLabels({metadata: {labels = {}}}: KubeObject, selector: string): boolean {
	return selector
		.split(',')
		.filter(term => term !== '')
		.every(term => {
			const [, key = '', operator, value] = /^([^=!]+)(!=|==?)?(.*)$/.exec(term) ?? [];
			if (term.startsWith('!')) return !Object.hasOwn(labels, term.slice(1));
			if (operator === undefined) return Object.hasOwn(labels, key);
			return (labels[key] === value) === (operator !== '!=');
		});
}

/** The same for fields: `metadata.name=a`, `involvedObject.name=b`. */
export function matchesFields(object: KubeObject, selector: string): boolean {
	return selector
		.split(',')
		.filter(term => term !== '')
		.every(term => {
			const [, path = '', operator, value = ''] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? [];
			const found = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
			return (String(found ?? '') === value) === (operator !== '!=');
		});
}
