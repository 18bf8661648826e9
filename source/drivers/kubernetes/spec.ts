import {createHash} from 'node:crypto';
import type {InstanceCommand, InstanceSpec} from '../../model/instance.ts';
import type {AgentSpec, PullPolicy, Resources} from '../../model/workflow.ts';
import {handedOverProblems, labelProblems} from '../agent-problems.ts';
import {agentVariables} from '../agent-variables.ts';
import type {PodOptions} from './options.ts';
import {optionProblems, podOptions} from './options.ts';
import {isMapping, patched} from './patch.ts';
import {podVolumeProblems, volumesOf} from './volumes.ts';

/** What an orchestrator says of all its pods. */
export type KubernetesDefaults = {
	/** Id of the state directory: what carries it is ours, and nothing else is ever touched. */
	readonly owner: string;
	/** `AGENT_IMAGE` */
	readonly image: string;
	/** How long a program may take to end after SIGTERM, before SIGKILL. */
	readonly stopGraceMs: number;
	/** What the agent of an instance is told besides: its token. */
	readonly instanceEnvironment: (instance: string) => Readonly<Record<string, string>>;
};

/** A pod as it is sent. */
export type PodManifest = {
	readonly apiVersion: 'v1';
	readonly kind: 'Pod';
	readonly metadata: {readonly name: string; readonly labels: Labels; readonly annotations: Labels};
	readonly spec: Readonly<Record<string, unknown>>;
};

type Labels = Readonly<Record<string, string>>;

export const ownerLabel = 'byoai.owner';
export const runLabel = 'byoai.run';
/** On pods that run one attempt of a task. */
export const attemptLabel = 'byoai.attempt';
export const instanceAnnotation = 'byoai.instance';
/** Of the one container that byoai looks at; a patch may add others. */
export const containerName = 'main';
const labelKey = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Where an agent listens in its pod, unless its `env` says otherwise. */
const defaultAgentPort = 5000;

/** The port of the agent's API in its pod. */
export function podAgentPort({env}: AgentSpec): number {
	const port = Number(env.AGENT_API_PORT);
	return Number.isInteger(port) && port > 0 && port < 65_536 ? port : defaultAgentPort;
}

/** The same for the same instance in every life of the orchestrator; a DNS label, as the host name of its pod is one. */
export function podName(owner: string, instance: string): string {
	const readable = instance
		.toLowerCase()
		.replaceAll(/[^a-z0-9-]+/g, '-')
		.slice(0, 38)
		.replaceAll(/^-+|-+$/g, '');
	const digest = createHash('sha256').update(instance).digest('hex').slice(0, 8);
	return ['byoai', owner.slice(0, 8), readable, digest].filter(part => part !== '').join('-');
}

/** What a pod cannot be, in words for the author of the workflow; empty: all fine. */
export function validateKubernetes({agent, command}: InstanceSpec): readonly string[] {
	return [
		...podVolumeProblems(agent.volumes),
		...resourceProblems(agent),
		...labelProblems(agent),
		...optionProblems(agent),
		...(agent.network === undefined ? [] : [`\`network\`: ${agent.network} is a network of Docker's; pods are on that of their cluster.`]),
		...(agent.user === undefined || /^\d+(?::\d+)?$/.test(agent.user)
			? []
			: [`\`user\`: ${agent.user} must be a number, or two (\`1000:1000\`): Kubernetes knows no names of users.`]),
		...(command === undefined ? handedOverProblems(agent) : []),
	];
}

function resourceProblems({resources}: AgentSpec): string[] {
	return (['requests', 'limits'] as const).flatMap(kind =>
		Object.keys(resources?.[kind] ?? {})
			.filter(key => key === 'pids')
			.map(key => `\`resources.${kind}.${key}\`: Kubernetes limits processes for a whole node only (the kubelet's podPidsLimit).`),
	);
}

/** All that the API server is told of an instance. */
export function podManifest(spec: InstanceSpec, defaults: KubernetesDefaults): PodManifest {
	const {agent, name, command} = spec;
	const options = podOptions(agent);
	const {volumes, mounts} = volumesOf(agent.volumes);
	const own = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {labels: userLabels(agent)},
		spec: {
			restartPolicy: 'Never',
			terminationGracePeriodSeconds: Math.ceil(defaults.stopGraceMs / 1000),
			automountServiceAccountToken: options.serviceAccount !== undefined,
			enableServiceLinks: false,
			securityContext: {seccompProfile: {type: 'RuntimeDefault'}},
			containers: [
				{
					name: containerName,
					image: agent.image ?? defaults.image,
					imagePullPolicy: pullPolicies[agent.pullPolicy],
					...(command === undefined ? agentProgram(spec, defaults) : commandProgram(command)),
					securityContext: securityContext(agent, options),
					...(agent.resources !== undefined && {resources: resourcesOf(agent.resources)}),
					...(mounts.length > 0 && {volumeMounts: mounts}),
				},
			],
			...(volumes.length > 0 && {volumes}),
			...placement(options),
		},
	};
	const all = options.patch === undefined ? own : patched(own, options.patch);
	const metadata = isMapping(all.metadata) ? all.metadata : {};
	return {
		...(all as PodManifest),
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {
			...metadata,
			name: podName(defaults.owner, name),
			labels: {...(metadata.labels as Labels), ...ownLabels(spec, defaults)},
			annotations: {...(metadata.annotations as Labels), [instanceAnnotation]: name},
		},
	};
}

const pullPolicies: Readonly<Record<PullPolicy, string>> = {always: 'Always', missing: 'IfNotPresent', never: 'Never'};

function placement({serviceAccount, nodeSelector, tolerations, affinity, imagePullSecrets}: PodOptions): object {
	return {
		...(serviceAccount !== undefined && {serviceAccountName: serviceAccount}),
		...(nodeSelector !== undefined && {nodeSelector}),
		...(tolerations !== undefined && {tolerations}),
		...(affinity !== undefined && {affinity}),
		...(imagePullSecrets.length > 0 && {imagePullSecrets: imagePullSecrets.map(name => ({name}))}),
	};
}

function agentProgram(spec: InstanceSpec, {instanceEnvironment}: KubernetesDefaults): object {
	const {agent, name} = spec;
	const env = {
		...agent.env,
		AGENT_HOST: '0.0.0.0',
		AGENT_API_PORT: String(podAgentPort(agent)),
		...agentVariables(spec),
		...instanceEnvironment(name),
	};
	return {
		env: environment(env),
		ports: [{containerPort: podAgentPort(agent), protocol: 'TCP'}, ...portsOf(agent)],
		...(agent.readinessProbe !== undefined && {readinessProbe: agent.readinessProbe}),
	};
}

function commandProgram({argv, env, workingDir}: InstanceCommand): object {
	return {
		command: argv.map(literal),
		env: environment(env),
		...(workingDir !== undefined && {workingDir}),
	};
}

function environment(variables: Labels): readonly object[] {
	return Object.entries(variables).map(([name, value]) => ({name, value: literal(value)}));
}

/** Kubernetes itself would replace `$(NAME)` in commands and values; a doubled dollar is one. */
function literal(text: string): string {
	return text.replaceAll('$', '$$$$');
}

function portsOf(agent: AgentSpec): readonly object[] {
	return agent.ports.flatMap(text => {
		const [, address, host, port, protocol = 'tcp'] = /^(?:(?:(.+):)?(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text) ?? [];
		if (port === undefined || (Number(port) === podAgentPort(agent) && host === undefined)) return [];
		const onNode =
			host === undefined ? {} : {hostPort: Number(host), ...(address !== undefined && {hostIP: address.replace(/^\[(.*)\]$/, '$1')})};
		return [{containerPort: Number(port), protocol: protocol.toUpperCase(), ...onNode}];
	});
}

function resourcesOf({requests, limits}: Resources): object {
	return {...(requests && {requests}), ...(limits && {limits})};
}

/** What Docker's containers have, too: nothing more than the program's own user may do. */
function securityContext({user}: AgentSpec, {securityContext: added}: PodOptions): object {
	const [uid, gid] = (user ?? '').split(':');
	const own = {
		allowPrivilegeEscalation: false,
		capabilities: {drop: ['ALL']},
		...(uid && {runAsUser: Number(uid)}),
		...(Number(uid) > 0 && {runAsNonRoot: true}),
		...(gid && {runAsGroup: Number(gid)}),
	};
	return added === undefined ? own : patched(own, added);
}

/** Those that Kubernetes permits; the agent has all of them in `AGENT_LABELS`. */
function userLabels({labels}: AgentSpec): Labels {
	return Object.fromEntries(Object.entries(labels).filter(([key, value]) => labelKey.test(key) && labelValue.test(value)));
}

function ownLabels({agent, name, command}: InstanceSpec, {owner}: KubernetesDefaults): Labels {
	const run = /~(r[0-9a-z]{11})(?:~|$)/.exec(name)?.[1] ?? command?.ref.run;
	return {
		[ownerLabel]: owner,
		'byoai.agent': labelText(agent.name),
		...(run !== undefined && {[runLabel]: run}),
		...(command !== undefined && {'byoai.task': labelText(command.task), [attemptLabel]: String(command.ref.attempt)}),
	};
}

/** For people who select by it; what it really is the annotations say. */
function labelText(text: string): string {
	return text
		.replaceAll(/[^A-Za-z0-9_.-]/g, '-')
		.slice(0, 63)
		.replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
