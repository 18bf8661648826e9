import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {deployment, rulesIn, whyNoKubectl} from '../helpers/kubernetes-files.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

/**
 * Kubernetes' own client on the server that stands for a cluster: what it can read and write there was not made up for byoai alone. It also
 * applies what the project deploys.
 */
const without = whyNoKubectl();
const agent = {argv: ['sh', '-c', 'echo hello; sleep 1000']};
let place: KubernetesPlace;

beforeEach(async ({skip}) => {
	skip(without !== undefined, `needs ${without}`);
	place = await new KubernetesPlace({tls: true, images: {'agent-image': agent}}).open();
});
afterEach(async () => {
	if (without === undefined) await place.close();
});

async function kubectl(...argv: readonly string[]): Promise<string> {
	const env = {PATH: process.env.PATH, HOME: place.root, KUBECONFIG: place.kubeconfig};
	return (await promisify(execFile)('kubectl', argv, {env})).stdout.trim();
}

describe('deploy/kubernetes', () => {
	test('is applied, unchanged when it is applied again, and removed', async () => {
		const first = await kubectl('apply', '-k', deployment);
		expect(first.split('\n')).toHaveLength(7);
		for (const line of first.split('\n')) expect(line).toMatch(/ (?:created|configured)$/);
		for (const line of (await kubectl('apply', '-k', deployment)).split('\n')) expect(line).toMatch(/ unchanged$/);
		expect(await kubectl('get', 'deployments,services,persistentvolumeclaims,roles', '--output', 'name')).toBe(
			['deployment.apps/byoai', 'service/byoai', 'persistentvolumeclaim/byoai-state', 'role.rbac.authorization.k8s.io/byoai'].join('\n'),
		);
		await kubectl('delete', '-k', deployment, '--wait=false');
		expect(await kubectl('get', 'deployments,services,persistentvolumeclaims,roles', '--output', 'name')).toBe('');
	}, 60_000);
});

describe('a pod of byoai’s', () => {
	test('is listed, read, and removed, as byoai hears', async () => {
		const driver = place.createDriver();
		const handle = await driver.start(instanceSpec('a', {type: 'kubernetes'}));
		const ended = driver.watch('a', handle, new AbortController().signal);
		const pod = String(handle.pod);
		expect(await kubectl('get', 'pods', '--selector', `byoai.owner=${place.owner}`, '--output', 'name')).toBe(`pod/${pod}`);
		expect(await kubectl('logs', pod)).toBe('hello');
		await kubectl('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=20s');
		await kubectl('delete', 'pod', pod);
		expect((await ended).cause).toMatch(/^killed by SIGTERM|^its pod was removed by somebody else/);
		expect(place.server.pods()).toEqual([]);
	}, 60_000);

	test('what the role does not permit is refused', async () => {
		await place.close();
		place = await new KubernetesPlace({tls: true, rules: rulesIn('role.yaml')}).open();
		expect(await kubectl('get', 'pods', '--output', 'name')).toBe('');
		const forbidden = (verb: string, resource: string) => ({stderr: expect.stringContaining(`cannot ${verb} resource "${resource}"`)});
		await expect(kubectl('get', 'secrets')).rejects.toMatchObject(forbidden('list', 'secrets'));
		await expect(kubectl('get', '--raw', '/api/v1/namespaces/byoai/pods/a:5000/proxy/')).rejects.toMatchObject(
			forbidden('get', 'pods/proxy'),
		);
	}, 60_000);
});
