import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {loadAll} from 'js-yaml';
import {describe, expect, test} from 'vitest';
import type {KubeObject} from '../helpers/fake-kubernetes/objects.ts';
import {deployment, deploymentFiles, objectsIn, whyNoKubectl} from '../helpers/kubernetes-files.ts';

/** What deploy/kubernetes promises, as far as that can be seen without a cluster. */
const [kustomization] = objectsIn('kustomization.yaml');
const listed = kustomization?.resources as readonly string[];
const objects = listed.flatMap(objectsIn);

function one(kind: string): KubeObject {
	const found = objects.filter(object => object.kind === kind);
	if (found.length !== 1 || found[0] === undefined) throw new Error(`there are ${found.length} of ${kind}`);
	return found[0];
}

const pod = one('Deployment').spec.template;
const [container] = pod.spec.containers;
const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');

test('every file is applied, but for the one that is for orchestrators outside', () => {
	expect(deploymentFiles().filter(file => file.endsWith('.yaml'))).toEqual(
		[...listed, 'kustomization.yaml', 'role-outside.yaml'].sort((a, b) => a.localeCompare(b)),
	);
	for (const object of [...objects, ...objectsIn('role-outside.yaml')]) {
		expect(object).toMatchObject({apiVersion: expect.any(String), kind: expect.any(String), metadata: {name: expect.any(String)}});
	}
});

describe('what stands in one file agrees with what stands in another', () => {
	test('the account that the pod has is the one that the role is bound to', () => {
		expect(pod.spec.serviceAccountName).toBe(one('ServiceAccount').metadata.name);
		expect(one('RoleBinding').subjects).toEqual([{kind: 'ServiceAccount', name: pod.spec.serviceAccountName, namespace: 'byoai'}]);
		expect(one('RoleBinding').roleRef).toMatchObject({kind: 'Role', name: one('Role').metadata.name});
	});

	test('its volumes, its ports, its labels', () => {
		const names = pod.spec.volumes.map(({name}: {name: string}) => name);
		expect(container.volumeMounts.map(({name}: {name: string}) => name).sort()).toEqual([...names].sort());
		expect(pod.spec.volumes[0].persistentVolumeClaim.claimName).toBe(one('PersistentVolumeClaim').metadata.name);
		const [port] = one('Service').spec.ports;
		expect(container.ports.map(({name}: {name: string}) => name)).toContain(port.targetPort);
		expect(pod.metadata.labels).toMatchObject(one('Service').spec.selector);
		expect(pod.metadata.labels).toMatchObject(one('Deployment').spec.selector.matchLabels);
	});

	test('the image: its user, its port, its command', () => {
		const {runAsUser, runAsGroup, fsGroup} = pod.spec.securityContext;
		expect(dockerfile).toContain(`USER ${runAsUser}:${runAsGroup}`);
		expect(fsGroup).toBe(runAsGroup);
		expect(dockerfile).toContain(`EXPOSE ${container.ports[0].containerPort}`);
		expect(dockerfile).toContain(`CMD ${JSON.stringify(container.args).replaceAll(',', ', ')}`);
		expect(kustomization?.images).toMatchObject([{name: container.image.split(':')[0]}]);
	});
});

test('one orchestrator at a time, which asks for a token', () => {
	expect(one('Deployment').spec).toMatchObject({replicas: 1, strategy: {type: 'Recreate'}});
	const env = container.env as ReadonlyArray<{name: string; value?: string; valueFrom?: object}>;
	expect(env.find(({name}) => name === 'BYOAI_TOKEN')?.valueFrom).toMatchObject({secretKeyRef: {name: 'byoai-token'}});
	expect(env.map(({name}) => name)).not.toContain('BYOAI_AUTH');
});

test('it may do no more than it has to', () => {
	expect(pod.spec.securityContext).toMatchObject({runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}});
	expect(container.securityContext).toEqual({allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: ['ALL']}});
	for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) expect(container[probe].httpGet.path).toBe('/health');
});

test('kubectl makes it one', ({skip}) => {
	const without = whyNoKubectl();
	skip(without !== undefined, `needs ${without}`);
	const made = loadAll(execFileSync('kubectl', ['kustomize', deployment], {encoding: 'utf8'})) as unknown as KubeObject[];
	const named = (all: readonly KubeObject[]) => all.map(({kind, metadata}) => `${kind} ${metadata.name}`).sort();
	expect(named(made)).toEqual(named(objects));
	for (const {kind, metadata} of made) expect(metadata.namespace).toBe(kind === 'Namespace' ? undefined : 'byoai');
});
