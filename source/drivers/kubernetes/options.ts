import type {AgentSpec} from '../../model/workflow.ts';
import type {Place} from './handle.ts';
import {placeOf} from './handle.ts';
import {isMapping} from './patch.ts';

type Mapping = Readonly<Record<string, unknown>>;

/** `driver_options.kubernetes` of an agent, once `optionProblems` has nothing to say. */
export type PodOptions = {
	readonly place: Place;
	readonly serviceAccount?: string;
	readonly nodeSelector?: Mapping;
	readonly tolerations?: readonly unknown[];
	readonly affinity?: Mapping;
	/** Names of secrets. */
	readonly imagePullSecrets: readonly string[];
	/** Of the container, merged with what byoai sets. */
	readonly securityContext?: Mapping;
	/** A strategic merge patch of the whole pod. */
	readonly patch?: Mapping;
};

const shapes = {
	text: {is: (value: unknown) => typeof value === 'string' && value !== '', words: 'a text'},
	mapping: {is: isMapping, words: 'a mapping'},
	list: {is: (value: unknown) => Array.isArray(value) && value.every(isMapping), words: 'a list of mappings'},
	names: {
		is: (value: unknown) =>
			Array.isArray(value) && value.every(item => typeof item === 'string' || (isMapping(item) && typeof item.name === 'string')),
		words: 'a list of names',
	},
} as const;

const keys: Readonly<Record<string, keyof typeof shapes>> = {
	context: 'text',
	namespace: 'text',
	kubeconfig: 'text',
	service_account: 'text',
	node_selector: 'mapping',
	tolerations: 'list',
	affinity: 'mapping',
	image_pull_secrets: 'names',
	security_context: 'mapping',
	patch: 'mapping',
};

/** What is wrong with `driver_options.kubernetes`, in words for the author of the workflow. */
export function optionProblems({driverOptions}: AgentSpec): string[] {
	const options = driverOptions?.kubernetes ?? {};
	if (!isMapping(options)) return ['`driver_options.kubernetes` must be a mapping.'];
	return Object.entries(options).flatMap(([key, value]) => {
		const shape = Object.hasOwn(keys, key) ? keys[key] : undefined;
		if (shape === undefined) {
			return [
				`\`driver_options.kubernetes.${key}\` is not known: it has ${Object.keys(keys).join(', ')}; what else a pod may have goes into \`patch\`.`,
			];
		}
		return shapes[shape].is(value) ? [] : [`\`driver_options.kubernetes.${key}\` must be ${shapes[shape].words}.`];
	});
}

/** Reads them. */
export function podOptions({driverOptions}: AgentSpec): PodOptions {
	const options = driverOptions?.kubernetes;
	const {service_account, node_selector, tolerations, affinity, image_pull_secrets, security_context, patch, ...named} = isMapping(options)
		? options
		: {};
	const secrets = Array.isArray(image_pull_secrets) ? image_pull_secrets : [];
	return {
		place: placeOf(named),
		imagePullSecrets: secrets.map(secret => String(isMapping(secret) ? secret.name : secret)),
		...(typeof service_account === 'string' && {serviceAccount: service_account}),
		...(isMapping(node_selector) && {nodeSelector: node_selector}),
		...(Array.isArray(tolerations) && {tolerations}),
		...(isMapping(affinity) && {affinity}),
		...(isMapping(security_context) && {securityContext: security_context}),
		...(isMapping(patch) && {patch}),
	};
}
