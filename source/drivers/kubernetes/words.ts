/** What the API server says of its refusal. */
export type Status = {
	readonly message?: string;
	readonly reason?: string;
	readonly code?: number;
	readonly metadata?: {readonly continue?: string};
};

export type Refusal = {
	/** What was to be done: `make pod x`. */
	readonly doing: string;
	/** Of HTTP. */
	readonly status: number;
	readonly said: Status;
	/** Which cluster. */
	readonly cluster: string;
};

/** What the API server refused, in words: what, why, and what would help. */
export function refusalInWords({doing, status, said: {message = ''}, cluster}: Refusal): string {
	const said = message.replace(/\s+/g, ' ').trim();
	const quota = /exceeded quota: (.*)$/.exec(said)?.[1];
	if (quota !== undefined)
		return `Kubernetes cannot ${doing}: the quota of the namespace is used up (${quota}). Wait for other pods to end, or have the quota raised.`;
	const security = /violates PodSecurity "([^"]+)": (.*)$/.exec(said);
	if (security !== null) {
		return `Kubernetes cannot ${doing}: the namespace permits pods of the level ${security[1]} only: ${security[2]}. Set what is missing (\`user\` with a number other than 0, driver_options.kubernetes.security_context), or use another namespace.`;
	}
	const denied =
		/User "([^"]+)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)" (?:in the namespace "([^"]+)"|at the cluster scope)/.exec(said);
	if (status === 403 && denied !== null) {
		const [, user = '', verb, resource, group, namespace] = denied;
		const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
		const where = namespace === undefined ? 'a ClusterRole' : `a Role of namespace ${namespace}`;
		const file = resource === 'pods/proxy' ? 'role-outside.yaml' : 'role.yaml';
		return `Kubernetes cannot ${doing}: ${user} may not ${verb} ${resource}. It may with this rule in ${where} that is bound to it: ${rule} (deploy/kubernetes/${file} has all that byoai needs).`;
	}
	if (status === 401)
		return `Kubernetes does not know who we are (${cluster}): the credentials of the kubeconfig are not valid, or not valid any more: log in anew. (${said})`;
	if (status === 403) return `Kubernetes cannot ${doing}: it is forbidden: ${said}.`;
	const namespace = /^namespaces "([^"]+)" not found$/.exec(said)?.[1];
	if (namespace !== undefined) {
		return `Kubernetes cannot ${doing}: there is no namespace ${namespace} (${cluster}): make it (\`kubectl create namespace ${namespace}\`), or name another (BYOAI_KUBE_NAMESPACE, driver_options.kubernetes.namespace).`;
	}
	return `Kubernetes cannot ${doing}: ${said || `it answers with ${status}`}`;
}

/** Whether other pods have to end before there is room for this one. */
export function isQuota({message = ''}: Status): boolean {
	return message.includes('exceeded quota');
}
