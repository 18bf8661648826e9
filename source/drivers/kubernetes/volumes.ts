/** A volume of a pod, and where it is mounted, in the API's own shape. */
export type PodVolume = {readonly source: Readonly<Record<string, unknown>>; readonly target: string; readonly readOnly: boolean};

const kinds = ['pvc', 'configmap', 'secret'] as const;
const objectName = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
/** What would give whoever writes to it the whole node. */
const engineSocket = /(?:^|\/)(?:docker|containerd|podman|crio)\.sock$/;

const forms =
	'`/path/on/the/node:/path`, `pvc:name:/path`, `emptydir:/path`, `configmap:name:/path` or `secret:name:/path`, each also with `:ro`';

/** Reads one item of `volumes`; a text is why it cannot be. */
export function parsePodVolume(text: string): PodVolume | string {
	const [, kind, name = '', target = '', mode] = /^(?:(pvc|configmap|secret):)?([^:]+):(\/[^:]*)(:ro)?$/i.exec(text) ?? [];
	if (target === '') return `\`volumes\`: ${text} must be ${forms}.`;
	const readOnly = mode !== undefined;
	const named = kinds.find(each => each === kind?.toLowerCase());
	if (named === undefined)
		return name.toLowerCase() === 'emptydir' ? {source: {emptyDir: {}}, target, readOnly} : hostVolume(text, name, target, readOnly);
	if (!objectName.test(name))
		return `\`volumes\`: ${name} of ${text} can be the name of nothing in Kubernetes (a-z, 0-9, \`-\` and \`.\`).`;
	return {source: sourceOf(named, name), target, readOnly: readOnly || named !== 'pvc'};
}

function sourceOf(kind: (typeof kinds)[number], name: string): PodVolume['source'] {
	if (kind === 'pvc') return {persistentVolumeClaim: {claimName: name}};
	return kind === 'configmap' ? {configMap: {name}} : {secret: {secretName: name}};
}

function hostVolume(text: string, host: string, target: string, readOnly: boolean): PodVolume | string {
	if (engineSocket.test(host)) {
		return `\`volumes\`: ${host} would give the agent, and every task in it, the whole node. If that is meant, say it in driver_options: {kubernetes: {patch: …}}.`;
	}
	if (host.startsWith('/')) return {source: {hostPath: {path: host}}, target, readOnly};
	const isPath = host.includes('/') || host.startsWith('.');
	const why = isPath
		? 'is relative to the directory of the workflow file, which the nodes of a cluster do not have'
		: "is a named volume of Docker's, which a cluster does not have";
	return `\`volumes\`: ${host} of ${text} ${why}: it must be ${forms}.`;
}

/** What cannot be mounted, in words for the author of the workflow. */
export function podVolumeProblems(volumes: readonly string[]): string[] {
	return volumes.map(parsePodVolume).filter(volume => typeof volume === 'string');
}

/** The parts of a pod that its volumes make. */
export function volumesOf(volumes: readonly string[]): {volumes: readonly object[]; mounts: readonly object[]} {
	const all = volumes.map(parsePodVolume).filter(volume => typeof volume !== 'string');
	return {
		volumes: all.map(({source}, index) => ({name: `volume-${index + 1}`, ...source})),
		mounts: all.map(({target, readOnly}, index) => ({name: `volume-${index + 1}`, mountPath: target, ...(readOnly && {readOnly})})),
	};
}
