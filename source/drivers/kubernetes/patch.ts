/** Which key tells the items of a list apart, where Kubernetes merges them instead of replacing the list. */
const mergeKeys: Readonly<Record<string, string>> = {
	containers: 'name',
	initContainers: 'name',
	ephemeralContainers: 'name',
	env: 'name',
	imagePullSecrets: 'name',
	volumes: 'name',
	volumeMounts: 'mountPath',
	volumeDevices: 'devicePath',
	ports: 'containerPort',
	hostAliases: 'ip',
	topologySpreadConstraints: 'topologyKey',
	resourceClaims: 'name',
};

type Mapping = Readonly<Record<string, unknown>>;

/**
 * A strategic merge patch of a pod, as `kubectl patch` has it: mappings are merged, null removes a key, lists of named things are merged by
 * their names, other lists replaced. `$patch: replace` in a mapping takes it as it is, `$patch: delete` in an item of a list removes the item.
 */
export function patched(target: Mapping, patch: Mapping): Mapping {
	const {$patch: directive, ...rest} = patch;
	if (directive === 'replace') return rest;
	const result: Record<string, unknown> = {...target};
	for (const [key, value] of Object.entries(rest)) {
		const own = result[key];
		if (value === null) delete result[key];
		else if (Array.isArray(value)) result[key] = patchedList(Array.isArray(own) ? own : [], value, mergeKeys[key]);
		else result[key] = isMapping(value) ? patched(isMapping(own) ? own : {}, value) : value;
	}
	return result;
}

function patchedList(target: readonly unknown[], patch: readonly unknown[], mergeKey: string | undefined): readonly unknown[] {
	if (mergeKey === undefined || !patch.every(isMapping)) return patch;
	if (patch.some(item => item.$patch === 'replace')) return patch.filter(item => item.$patch !== 'replace');
	const result = [...target];
	for (const item of patch) {
		const index = result.findIndex(own => isMapping(own) && own[mergeKey] === item[mergeKey]);
		const own = result[index];
		if (item.$patch === 'delete') {
			if (index >= 0) result.splice(index, 1);
		} else if (index < 0) result.push(item);
		else result[index] = patched(isMapping(own) ? own : {}, item);
	}
	return result;
}

export function isMapping(value: unknown): value is Mapping {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
