import {StatusError} from './status.ts';

/** One call, as RBAC sees it. */
export type Access = {
	readonly verb: string;
	readonly group: string;
	readonly resource: string;
	readonly subresource: string;
	readonly namespace: string;
	readonly name: string;
};

/** A rule of a Role. */
export type Rule = {
	readonly apiGroups: readonly string[];
	readonly resources: readonly string[];
	readonly verbs: readonly string[];
	readonly resourceNames?: readonly string[];
};

/** Whether rules permit a call. Everybody may ask what he may, and for the version, as in a real cluster. */
export function permits(rules: readonly Rule[], {verb, group, resource, subresource, name}: Access): boolean {
	if (group === 'authorization.k8s.io' || resource === '') return true;
	const wanted = subresource === '' ? resource : `${resource}/${subresource}`;
	return rules.some(
		rule =>
			has(rule.apiGroups, group) &&
			has(rule.verbs, verb) &&
			has(rule.resources, wanted) &&
			(rule.resourceNames === undefined || rule.resourceNames.includes(name)),
	);
}

function has(list: readonly string[], item: string): boolean {
	return list.includes('*') || list.includes(item);
}

export function forbidden({verb, group, resource, subresource, namespace, name}: Access, user: string): StatusError {
	const what = name === '' ? resource : `${resource} "${name}"`;
	const wanted = subresource === '' ? resource : `${resource}/${subresource}`;
	const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
	return new StatusError(
		403,
		'Forbidden',
		`${what} is forbidden: User "${user}" cannot ${verb} resource "${wanted}" in API group "${group}" ${where}`,
		{...(name !== '' && {name}), kind: resource},
	);
}
