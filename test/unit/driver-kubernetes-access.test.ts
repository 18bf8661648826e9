import {readFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {KubeApi} from '../../source/drivers/kubernetes/api.ts';
import {openCluster} from '../../source/drivers/kubernetes/config.ts';
import {fakeToken} from '../helpers/fake-kubernetes/server.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

async function openPlace(tls = false): Promise<KubernetesPlace> {
	const place = await new KubernetesPlace({tls}).open();
	onTestFinished(() => place.close());
	return place;
}

async function openApi(kubeconfig: string): Promise<KubeApi> {
	const cluster = await openCluster({kubeconfig});
	onTestFinished(() => cluster.close());
	return new KubeApi(cluster);
}

const version = {doing: 'tell its version', path: '/version'};
const pods = {doing: 'list pods', path: '/api/v1/namespaces/byoai/pods'};

/** A kubeconfig whose user is what a program says. */
function withPlugin(place: KubernetesPlace, script: string): string {
	const exec = {apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script], interactiveMode: 'Never'};
	return place.write('plugin', JSON.stringify({...JSON.parse(place.server.kubeconfig('byoai')), users: [{name: 'fake', user: {exec}}]}));
}

const credential = (expires: string) =>
	JSON.stringify({
		apiVersion: 'client.authentication.k8s.io/v1',
		kind: 'ExecCredential',
		status: {token: fakeToken, expirationTimestamp: expires},
	});

test('a kubeconfig that cannot be read is told in words', async () => {
	const place = await openPlace();
	for (const [kubeconfig, words] of [
		[place.root, 'it is a directory'],
		[join(place.root, 'none'), 'it is not there'],
		[place.write('broken', 'not: [yaml\n'), 'deficient indentation'],
	] as const) {
		const error = await openApi(kubeconfig).catch((thrown: Error) => thrown);
		expect(error).toMatchObject({
			message: expect.stringMatching(new RegExp(`^The kubeconfig ${kubeconfig} cannot be read: .*${words}[^\n]*\\.$`)),
		});
	}
});

test('TLS: the certificate authority of the kubeconfig is trusted, and nobody else', async () => {
	const place = await openPlace(true);
	expect(await (await openApi(place.kubeconfig)).ask(version)).toMatchObject({major: '1'});
	const config = JSON.parse(readFileSync(place.kubeconfig, 'utf8'));
	delete config.clusters[0].cluster['certificate-authority-data'];
	const api = await openApi(place.write('untrusting', JSON.stringify(config)));
	await expect(api.ask(version)).rejects.toThrow(/self-signed certificate/);
});

describe('a plugin that says who we are', () => {
	test('is run once for many requests, and not again before its word expires', async () => {
		const place = await openPlace();
		const api = await openApi(withPlugin(place, `echo x >> ${place.root}/runs; sleep 0.2; echo '${credential('2100-01-01T00:00:00Z')}'`));
		await Promise.all(Array.from({length: 20}, () => api.ask(pods)));
		await api.ask(pods);
		expect(readFileSync(`${place.root}/runs`, 'utf8')).toBe('x\n');
	});

	test('is run again when it has expired', async () => {
		const place = await openPlace();
		const api = await openApi(withPlugin(place, `echo x >> ${place.root}/runs; echo '${credential('2020-01-01T00:00:00Z')}'`));
		await api.ask(pods);
		await api.ask(pods);
		expect(readFileSync(`${place.root}/runs`, 'utf8')).toBe('x\nx\n');
	});

	test('may take its time, which is not the time of the server', async () => {
		const place = await openPlace();
		const kubeconfig = withPlugin(place, `sleep 1.5; echo '${credential('2100-01-01T00:00:00Z')}'`);
		await place.createDriver({defaults: {kubeconfig}}).probe([instanceSpec('a', {type: 'kubernetes'}).agent]);
		expect(place.server.calls).toEqual([]);
	});

	test('says itself why it cannot', async () => {
		const place = await openPlace();
		const api = await openApi(withPlugin(place, 'echo "log in first" >&2; exit 1'));
		await expect(api.ask(pods)).rejects.toMatchObject({code: 'unavailable', message: expect.stringContaining('log in first')});
	});
});

test('a server that takes the connection and says nothing is given up soon', async () => {
	const silent = createServer(() => undefined);
	await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void silent.close());
	const place = await openPlace();
	const {port} = silent.address() as AddressInfo;
	const kubeconfig = place.write('silent', place.server.kubeconfig('byoai').replace(place.server.url, `http://127.0.0.1:${port}`));
	const probing = place.createDriver({defaults: {kubeconfig}}).probe();
	await expect(probing).rejects.toThrow('Kubernetes (context fake) cannot tell its version: it did not answer within 1.4 s');
});

test('no message, of any failure, has the token in it', async () => {
	const place = await openPlace();
	const driver = place.createDriver();
	const failures = await Promise.allSettled([
		driver.start(instanceSpec('a', {type: 'kubernetes', driverOptions: {kubernetes: {namespace: 'nowhere'}}})),
		driver.start(instanceSpec('b', {type: 'kubernetes', driverOptions: {kubernetes: {context: 'nowhere'}}})),
		driver.start(instanceSpec('c', {type: 'kubernetes', driverOptions: {kubernetes: {service_account: 'No!'}}})),
	]);
	for (const failure of failures) {
		expect(failure.status).toBe('rejected');
		const {message, cause} = (failure as PromiseRejectedResult).reason;
		expect(`${message} ${cause}`).not.toContain(fakeToken);
	}
	expect(readFileSync(`${place.root}/places.json`, 'utf8')).not.toContain(fakeToken);
});
