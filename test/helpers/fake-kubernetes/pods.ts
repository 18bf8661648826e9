import type {KubeObject} from './objects.ts';
import {resources} from './objects.ts';
import {invalid} from './status.ts';

export const podResource = resources.find(({name}) => name === 'pods') as (typeof resources)[number];
export const eventResource = resources.find(({name}) => name === 'events') as (typeof resources)[number];

const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelKey = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const quantity = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/;

type Cause = {field: string; reason: string; message: string};

/** Throws 422 for what no API server takes, as far as a driver could do it. */
export function validatePod({metadata, spec}: KubeObject): void {
	const causes: Cause[] = [];
	const say = (field: string, reason: string, message: string) => causes.push({field, reason, message});
	if (!dnsName.test(metadata.name) || metadata.name.length > 253) {
		say(
			'metadata.name',
			'FieldValueInvalid',
			`Invalid value: ${JSON.stringify(metadata.name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
		);
	}
	for (const [key, value] of Object.entries(metadata.labels ?? {})) {
		if (!labelKey.test(key))
			say(
				'metadata.labels',
				'FieldValueInvalid',
				`Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.'`,
			);
		if (!labelValue.test(value))
			say(
				'metadata.labels',
				'FieldValueInvalid',
				`Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'`,
			);
	}
	const containers: unknown[] = spec?.containers ?? [];
	if (containers.length === 0) say('spec.containers', 'FieldValueRequired', 'Required value');
	for (const [index, container] of (containers as KubeObject[]).entries())
		validateContainer(container, `spec.containers[${index}]`, spec, say);
	if (!['Always', 'OnFailure', 'Never', undefined].includes(spec?.restartPolicy)) {
		say(
			'spec.restartPolicy',
			'FieldValueNotSupported',
			`Unsupported value: "${spec.restartPolicy}": supported values: "Always", "OnFailure", "Never"`,
		);
	}
	if (spec?.serviceAccountName !== undefined && !dnsName.test(spec.serviceAccountName)) {
		say(
			'spec.serviceAccountName',
			'FieldValueInvalid',
			`Invalid value: ${JSON.stringify(spec.serviceAccountName)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`,
		);
	}
	if (causes.length > 0) throw invalid('Pod', metadata.name, causes);
}

// biome-ignore lint/suspicious/noExplicitAny: what a client sent
function validateContainer(container: any, path: string, spec: any, say: (field: string, reason: string, message: string) => void): void {
	if (!container.image) say(`${path}.image`, 'FieldValueRequired', 'Required value');
	if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(container.name ?? ''))
		say(`${path}.name`, 'FieldValueInvalid', `Invalid value: ${JSON.stringify(container.name)}`);
	for (const [index, {containerPort}] of (container.ports ?? []).entries()) {
		if (!(containerPort >= 1 && containerPort <= 65_535))
			say(
				`${path}.ports[${index}].containerPort`,
				'FieldValueInvalid',
				`Invalid value: ${containerPort}: must be between 1 and 65535, inclusive`,
			);
	}
	for (const kind of ['requests', 'limits']) {
		for (const [key, value] of Object.entries(container.resources?.[kind] ?? {})) {
			if (!quantity.test(String(value)))
				say(
					`${path}.resources.${kind}[${key}]`,
					'FieldValueInvalid',
					`Invalid value: ${JSON.stringify(value)}: quantities must match the regular expression`,
				);
		}
	}
	const volumes = new Set((spec.volumes ?? []).map(({name}: {name: string}) => name));
	for (const [index, {name, mountPath}] of (container.volumeMounts ?? []).entries()) {
		if (!volumes.has(name)) say(`${path}.volumeMounts[${index}].name`, 'FieldValueNotFound', `Not found: ${JSON.stringify(name)}`);
		if (!mountPath) say(`${path}.volumeMounts[${index}].mountPath`, 'FieldValueRequired', 'Required value');
	}
}

/** What an API server fills in. */
export function withDefaults(pod: KubeObject): KubeObject {
	const {spec} = pod;
	return {
		...pod,
		spec: {
			restartPolicy: 'Always',
			terminationGracePeriodSeconds: 30,
			dnsPolicy: 'ClusterFirst',
			serviceAccountName: 'default',
			securityContext: {},
			schedulerName: 'default-scheduler',
			enableServiceLinks: true,
			...spec,
			containers: spec.containers.map((container: object) => ({
				resources: {},
				terminationMessagePath: '/dev/termination-log',
				imagePullPolicy: 'IfNotPresent',
				...container,
			})),
			tolerations: [
				...(spec.tolerations ?? []),
				{key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300},
				{key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300},
			],
		},
		status: {phase: 'Pending', qosClass: 'BestEffort'},
	};
}

/** `$(NAME)` of a known variable is replaced, `$$` is a dollar, everything else stays: as the kubelet reads commands and values. */
export function expanded(text: string, known: Readonly<Record<string, string>>): string {
	return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name?: string) => {
		if (name === undefined) return '$';
		return Object.hasOwn(known, name) ? (known[name] ?? '') : whole;
	});
}
