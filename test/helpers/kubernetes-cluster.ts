import {execFileSync} from 'node:child_process';
import type {Driver} from '../../source/drivers/driver.ts';
import {createKubernetesDriver} from '../../source/drivers/kubernetes/kubernetes.ts';

const kubeconfig = process.env.BYOAI_TEST_KUBECONFIG ?? '';

/** An image with a shell that the nodes have, or can pull. */
export const clusterImage = process.env.BYOAI_TEST_IMAGE ?? '';

/** Why tests that need a real cluster are passed over; undefined: there is one. */
export function whyNoCluster(): string | undefined {
	if (kubeconfig !== '' && clusterImage !== '') return undefined;
	const why = 'BYOAI_TEST_KUBECONFIG, and BYOAI_TEST_IMAGE with a shell in it';
	if ((process.env.BYOAI_TEST_REQUIRE ?? '').split(',').includes('kubernetes'))
		throw new Error(`BYOAI_TEST_REQUIRE asks for Kubernetes: set ${why}`);
	return `a cluster: ${why}`;
}

/** A driver for that cluster. */
export function clusterDriver(owner: string): Driver {
	return createKubernetesDriver({
		owner,
		image: clusterImage,
		defaults: {kubeconfig},
		instanceEnvironment: () => ({}),
		stopGraceMs: 10_000,
		awayMs: 10_000,
		warn: () => undefined,
	});
}

/** Runs `kubectl` on that cluster, and returns what it prints. */
export function kubectl(...argv: readonly string[]): string {
	return execFileSync('kubectl', ['--kubeconfig', kubeconfig, ...argv], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/** Names of all pods of an owner, told by Kubernetes' own client. */
export function podsOf(owner: string, ...more: readonly string[]): readonly string[] {
	const listed = kubectl('get', 'pods', '--selector', `byoai.owner=${owner}`, '--output', 'name', ...more);
	return listed.split('\n').filter(name => name !== '');
}

/** Removes whatever is left of an owner. */
export function removePods(owner: string): void {
	kubectl('delete', 'pods', '--selector', `byoai.owner=${owner}`, '--now', '--ignore-not-found');
}
