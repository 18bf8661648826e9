import {homedir} from 'node:os';
import {join, resolve} from 'node:path';

/** How agents in containers are started. */
export type DockerSettings = {
	/** `DOCKER_HOST`; absent: the usual socket. */
	readonly host?: string;
	/** `AGENT_IMAGE`: of agents that name none. */
	readonly image: string;
	/** `DEFAULT_NETWORK`: of agents that name none. */
	readonly network: string;
	/** Where `docker login` keeps logins: `DOCKER_CONFIG`, else `~/.docker`. */
	readonly loginDirectory: string;
};

/** How agents in pods are started. */
export type KubernetesSettings = {
	/** `--kubeconfig`, `KUBECONFIG`: files, as that variable lists them; absent: the usual one, or the service account of the pod this is in. */
	readonly kubeconfig?: string;
	/** `--context`, `BYOAI_KUBE_CONTEXT`: of agents that name none; absent: the current one. */
	readonly context?: string;
	/** `--namespace`, `BYOAI_KUBE_NAMESPACE`: of agents that name none; absent: that of the context. */
	readonly namespace?: string;
	/** `AGENT_IMAGE`: of agents that name none. */
	readonly image: string;
};

/** What the command line says of clusters. */
export type KubernetesFlags = {readonly kubeconfig?: string; readonly context?: string; readonly namespace?: string};

/** Looks a variable up; an empty one is unset. */
type Variable = (name: string) => string | undefined;

export function dockerSettings(variable: Variable): DockerSettings {
	const host = variable('DOCKER_HOST');
	return {
		...(host !== undefined && {host}),
		image: variable('AGENT_IMAGE') ?? 'byoai-agent:latest',
		network: variable('DEFAULT_NETWORK') ?? 'bridge',
		loginDirectory: resolve(variable('DOCKER_CONFIG') ?? join(homedir(), '.docker')),
	};
}

export function kubernetesSettings(flags: KubernetesFlags, variable: Variable): KubernetesSettings {
	const kubeconfig = flags.kubeconfig === undefined ? variable('KUBECONFIG') : resolve(flags.kubeconfig);
	const context = flags.context ?? variable('BYOAI_KUBE_CONTEXT');
	const namespace = flags.namespace ?? variable('BYOAI_KUBE_NAMESPACE');
	return {
		...(kubeconfig !== undefined && {kubeconfig}),
		...(context !== undefined && {context}),
		...(namespace !== undefined && {namespace}),
		image: variable('AGENT_IMAGE') ?? 'byoai-agent:latest',
	};
}
