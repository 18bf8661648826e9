import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test, vi} from 'vitest';
import type {KubeObject} from '../helpers/fake-kubernetes/objects.ts';
import {podResource} from '../helpers/fake-kubernetes/pods.ts';
import {FakeKubernetes, fakeToken} from '../helpers/fake-kubernetes/server.ts';
import {processesWith} from '../helpers/found-processes.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

async function openServer(): Promise<FakeKubernetes> {
	const server = new FakeKubernetes();
	await server.start();
	onTestFinished(() => server.close());
	return server;
}

const get = ({url}: FakeKubernetes, path: string) =>
	fetch(`${url}/api/v1/namespaces/byoai/pods${path}`, {headers: {authorization: `Bearer ${fakeToken}`}});

function makePod({store}: FakeKubernetes, script: string, env: Record<string, string> = {}): KubeObject {
	return store.create(podResource, {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name: 'a', namespace: 'byoai'},
		spec: {
			containers: [
				{name: 'main', image: 'any', command: ['sh', '-c', script], env: Object.entries(env).map(([name, value]) => ({name, value}))},
			],
			restartPolicy: 'Never',
		},
		status: {phase: 'Pending'},
	});
}

test('a frozen server takes no request and tells nothing, over old connections and new ones, and then goes on where it was', async () => {
	const server = await openServer();
	const {body} = await get(server, '?watch=true');
	const events = body?.pipeThrough(new TextDecoderStream()).getReader();
	const told = events?.read();
	server.freeze();
	const answer = get(server, '');
	const calls = server.calls.length;
	const pod = makePod(server, 'true');
	await vi.waitFor(() => expect(server.store.get(podResource, 'byoai', 'a')?.status.phase).toBe('Succeeded'));
	expect(await Promise.race([told, answer, 'nothing'])).toBe('nothing');
	expect(server.calls).toHaveLength(calls);
	server.thaw();
	expect((await told)?.value).toContain(pod.metadata.uid);
	expect(((await (await answer).json()) as {items: unknown[]}).items).toHaveLength(1);
});

test('changes are told in their order, also that of a pod which goes when it has ended', async () => {
	const server = await openServer();
	const types: string[] = [];
	const pod = makePod(server, 'sleep 300');
	await vi.waitFor(() => expect(server.store.get(podResource, 'byoai', 'a')?.status.phase).toBe('Running'));
	const versions: number[] = [];
	server.store.subscribe(({type, version}) => {
		types.push(type);
		versions.push(version);
	});
	await fetch(`${server.url}/api/v1/namespaces/byoai/pods/a?gracePeriodSeconds=5`, {
		method: 'DELETE',
		headers: {authorization: `Bearer ${fakeToken}`},
	});
	await vi.waitFor(() => expect(server.store.get(podResource, 'byoai', pod.metadata.name)).toBeUndefined());
	expect(types.at(-1)).toBe('DELETED');
	expect(versions).toEqual(versions.toSorted((a, b) => a - b));
});

test('a request whose answer is lost has been done', async () => {
	const server = await openServer();
	makePod(server, 'true');
	server.losesAnswer = ({verb}) => verb === 'delete';
	const removal = fetch(`${server.url}/api/v1/namespaces/byoai/pods/a?gracePeriodSeconds=0`, {
		method: 'DELETE',
		headers: {authorization: `Bearer ${fakeToken}`},
	});
	await expect(removal).rejects.toThrow('fetch failed');
	expect(server.pods()).toEqual([]);
});

test.skipIf(!existsSync('/proc/self/environ'))(
	'nothing of a container outlives its first process, not even in a group of its own',
	async () => {
		const server = await openServer();
		const directory = temporaryDirectory();
		makePod(server, 'setsid sleep 300 & echo > "$BEGAN"; sleep 300', {BEGAN: join(directory, 'began')});
		await vi.waitFor(() => expect(readFileSync(join(directory, 'began'), 'utf8')).toBe('\n'));
		await vi.waitFor(() => expect(processesWith(directory).filter(({command}) => command.startsWith('sleep'))).toHaveLength(2));
		process.kill(server.kubelet.running[0]?.pid ?? 0, 'SIGKILL');
		await vi.waitFor(() => expect(server.store.get(podResource, 'byoai', 'a')?.status.phase).toBe('Failed'));
		expect(processesWith(directory)).toEqual([]);
	},
);
