import * as http from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {KubeApi} from '../../source/drivers/kubernetes/api.ts';
import {openCluster} from '../../source/drivers/kubernetes/config.ts';
import type {PodFacts} from '../../source/drivers/kubernetes/pod.ts';
import {PodWatch} from '../../source/drivers/kubernetes/watch.ts';
import {eventsOf} from '../../source/drivers/kubernetes/watch-events.ts';
import type {RunId} from '../../source/model/ids.ts';
import type {InstanceSpec} from '../../source/model/instance.ts';
import type {KubeObject} from '../helpers/fake-kubernetes/objects.ts';
import {podResource} from '../helpers/fake-kubernetes/pods.ts';
import {recording} from '../helpers/fake-kubernetes/scripts.ts';
import type {FakeOptions} from '../helpers/fake-kubernetes/server.ts';
import {FakeKubernetes} from '../helpers/fake-kubernetes/server.ts';
import {StatusError} from '../helpers/fake-kubernetes/status.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

const never = new AbortController().signal;
const owner = 'a1b2';

async function openPlace(options: FakeOptions = {}): Promise<KubernetesPlace> {
	const place = await new KubernetesPlace({script: () => ({type: 'statuses', statuses: []}), ...options}).open();
	onTestFinished(() => place.close());
	return place;
}

async function openWatch(kubeconfig: string): Promise<PodWatch> {
	const cluster = await openCluster({kubeconfig});
	const watch = new PodWatch(new KubeApi(cluster), {owner, warn: () => undefined});
	onTestFinished(() => {
		watch.close();
		cluster.close();
	});
	return watch;
}

function makePod({store}: FakeKubernetes, name: string, labels: Record<string, string> = {'byoai.owner': owner}): KubeObject {
	return store.create(podResource, {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'byoai', labels},
		spec: {containers: [{name: 'main', image: 'i'}]},
		status: {phase: 'Pending'},
	});
}

function setPhase({store}: FakeKubernetes, pod: KubeObject, phase: string): void {
	store.update(podResource, pod, object => ({...object, status: {...object.status, phase}}));
}

const isIn = (phase: string) => (facts: PodFacts | undefined) => facts?.phase === phase || undefined;
const isGone = (facts: PodFacts | undefined) => facts === undefined || facts.isGone || undefined;
const count = ({calls}: FakeKubernetes, verb: string) => calls.filter(call => call.verb === verb).length;
const isWatch = ({url = ''}: http.IncomingMessage) => url.includes('watch=true');

describe('a watch that ends', () => {
	test('in good order, as servers do after some minutes, goes on where it ended, without a list', async () => {
		const {server, kubeconfig} = await openPlace();
		const watch = await openWatch(kubeconfig);
		const pod = makePod(server, 'a');
		await watch.until('a', isIn('Pending'), never);
		await vi.waitFor(() => expect(server.endStreams(isWatch)).toBe(1));
		setPhase(server, pod, 'Running');
		await watch.until('a', isIn('Running'), never);
		expect(count(server, 'list')).toBe(1);
	});

	test('by 410 in its stream: a new list tells what was missed', async () => {
		const {server, kubeconfig} = await openPlace();
		const watch = await openWatch(kubeconfig);
		const [pod, other] = [makePod(server, 'a'), makePod(server, 'b')];
		await watch.until('a', isIn('Pending'), never);
		const ended = watch.until('b', isGone, never);
		await vi.waitFor(() => expect(server.endStreams(isWatch)).toBe(1));
		// All of it before the next watch can begin.
		setPhase(server, pod, 'Running');
		server.store.remove(podResource, other);
		server.store.compact();
		await watch.until('a', isIn('Running'), never);
		await ended;
		expect(count(server, 'list')).toBe(2);
	});

	test('by 410 of HTTP at once after a list, and again: it pauses in between, and goes on in the end', async () => {
		const {server, kubeconfig} = await openPlace();
		const watch = await openWatch(kubeconfig);
		const {body} = recording('error-410-gone-list-continue-expired').response;
		let refusals = 0;
		server.intercept = ({verb}) => (verb === 'watch' && refusals++ < 3 ? new StatusError(410, body.reason, body.message ?? '') : undefined);
		const pod = makePod(server, 'a');
		await watch.until('a', isIn('Pending'), never);
		await vi.waitFor(() => expect(refusals).toBeGreaterThan(3), {timeout: 5000});
		setPhase(server, pod, 'Running');
		await watch.until('a', isIn('Running'), never);
		expect(count(server, 'list')).toBe(4);
	});

	test('after bookmarks goes on from the last, though nothing of ours had changed for long', async () => {
		const {server, kubeconfig} = await openPlace({bookmarkMs: 20});
		const watch = await openWatch(kubeconfig);
		const pod = makePod(server, 'a');
		await watch.until('a', isIn('Pending'), never);
		const following = watch.until('a', isIn('Running'), never);
		for (let index = 0; index < 5; index++) makePod(server, `other-${index}`, {});
		await new Promise(resolve => setTimeout(resolve, 200)); // for a bookmark after all of that
		server.store.compact();
		await vi.waitFor(() => expect(server.endStreams(isWatch)).toBe(1));
		setPhase(server, pod, 'Running');
		await following;
		expect(count(server, 'list')).toBe(1);
	});
});

test('cut at every place of its stream, it loses nothing', async () => {
	const place = await openPlace();
	const {server} = place;
	// Each watch is let through a little further than the last: through its events' beginnings, midst and ends.
	let allowed = 0;
	const proxy = await cutting(server, () => (allowed += 61));
	const watch = await openWatch(place.write('cut', proxy.kubeconfig));
	const pod = makePod(server, 'a');
	const [cuts, phases] = [25, [] as string[]];
	const stop = watch.follow('a', () => {
		const phase = watch.get('a')?.phase;
		if (phase !== undefined && phase !== phases.at(-1)) phases.push(phase);
	});
	for (let index = 1; index <= cuts; index++) {
		setPhase(server, pod, `phase-${index}`);
		await watch.until('a', isIn(`phase-${index}`), never);
	}
	server.store.remove(podResource, pod);
	await watch.until('a', isGone, never);
	stop();
	expect(phases.filter(phase => phase.startsWith('phase'))).toEqual(Array.from({length: cuts}, (_, index) => `phase-${index + 1}`));
	expect(proxy.cuts()).toBeGreaterThan(cuts / 2);
}, 60_000);

test('events are found wherever their bytes are cut', async () => {
	const {events = []} = recording('watch-pod-failed-exit-3');
	const text = Buffer.from(
		`${events
			.slice(0, 2)
			.map(event => JSON.stringify(event))
			.join('\n')}\n`,
	);
	for (let at = 1; at < text.length; at += 7) {
		const found = await Array.fromAsync(eventsOf([text.subarray(0, at), text.subarray(at)]));
		expect(found.map(({type}) => type)).toEqual(events.slice(0, 2).map(({type}) => type));
	}
	await expect(Array.fromAsync(eventsOf([text.subarray(0, -1)]))).rejects.toThrow('in the midst of an event');
	await expect(Array.fromAsync(eventsOf([Buffer.alloc(9_000_000, 'x')]))).rejects.toMatchObject({code: 'too_large'});
});

test('cut again and again while tasks run: each end is told, with its own exit code', async () => {
	const place = await openPlace({script: () => undefined});
	const driver = place.createDriver();
	const cutting = setInterval(() => place.server.cut(isWatch), 150);
	onTestFinished(() => clearInterval(cutting));
	const specs = Array.from({length: 12}, (_, index): InstanceSpec => {
		const ref = {run: 'r0123456789a' as RunId, task: index, attempt: 1};
		const command = {ref, task: 't', argv: ['sh', '-c', `sleep 0.${index}; exit ${index}`], env: {}};
		return {...instanceSpec(`r0123456789a.${index}#1`, {type: 'kubernetes', image: 'any'}), command};
	});
	const ends = specs.map(async spec => driver.watch(spec.name, await driver.start(spec), never));
	expect((await Promise.all(ends)).map(({exitCode}) => exitCode)).toEqual(specs.map((_, index) => index));
	await Promise.all(specs.map(({name}) => driver.stop({name})));
	expect(place.server.pods()).toEqual([]);
}, 60_000);

test('more pods than one page holds', async () => {
	const {server, kubeconfig} = await openPlace();
	for (let index = 0; index < 1100; index++) makePod(server, `p${index}`);
	const watch = await openWatch(kubeconfig);
	await watch.until('p1099', isIn('Pending'), never);
	expect([watch.get('p0')?.name, watch.get('p777')?.name]).toEqual(['p0', 'p777']);
	expect(count(server, 'list')).toBe(3);
});

test('two contexts: each its own watch, and one that is away does not hold up the other', async () => {
	const first = await openPlace({script: () => undefined, images: {'agent-image': {argv: ['sleep', '1000']}}});
	const second = new FakeKubernetes({images: {'agent-image': {argv: ['sleep', '1000']}}});
	await second.start();
	onTestFinished(() => second.close());
	const [one, two] = [first.server, second].map(server => JSON.parse(server.kubeconfig('byoai')));
	two.clusters[0].name = 'two';
	const contexts = [...one.contexts, {name: 'second', context: {...two.contexts[0].context, cluster: 'two'}}];
	const kubeconfig = first.write('both', JSON.stringify({...one, clusters: [...one.clusters, ...two.clusters], contexts}));
	const driver = first.createDriver({defaults: {kubeconfig}});
	const here = instanceSpec('here', {type: 'kubernetes'});
	const there = instanceSpec('there', {type: 'kubernetes', driverOptions: {kubernetes: {context: 'second'}}});
	const [, handle] = await Promise.all([driver.start(here), driver.start(there)]);
	expect([first.server, second].map(server => server.pods().map(({metadata}) => metadata.annotations?.['byoai.instance']))).toEqual([
		['here'],
		['there'],
	]);
	const ended = driver.watch('there', handle, never);
	await first.server.stop();
	for (const container of second.kubelet.running) container.kill('SIGKILL');
	expect(await ended).toMatchObject({signal: 'SIGKILL'});
	await driver.stop({name: 'there', handle});
	await first.server.start();
	expect((await driver.list()).map(({name}) => name)).toEqual(['here']);
	await driver.stop({name: 'here'});
	expect([...first.server.pods(), ...second.pods()]).toEqual([]);
}, 60_000);

test('a cluster of earlier runs that is away holds up no stop by name, and is told of', async () => {
	const place = await openPlace({script: () => undefined, images: {'agent-image': {argv: ['sleep', '1000']}}});
	const past = place.write('past', place.server.kubeconfig('byoai').replace(place.server.url, 'http://127.0.0.1:1'));
	place.write('places.json', JSON.stringify([{kubeconfig: past, context: 'fake', namespace: 'byoai'}]));
	await place.createDriver().start(instanceSpec('a', {type: 'kubernetes'}));
	await place.createDriver({awayMs: 0}).stop({name: 'a'});
	expect(place.server.pods()).toEqual([]);
	expect(place.warnings).toEqual([expect.stringMatching(/^pods of earlier runs were not looked for: .*127\.0\.0\.1:1/)]);
});

/** A way to a server that lets each watch through for so many bytes only. */
async function cutting(server: FakeKubernetes, bytesOf: () => number): Promise<{kubeconfig: string; cuts: () => number}> {
	let cuts = 0;
	const proxy = http.createServer((request, response) => {
		let left = isWatch(request) ? bytesOf() : Number.POSITIVE_INFINITY;
		const {method, headers, url} = request;
		const onward = http.request(`${server.url}${url}`, {method, headers, agent: false}, reply => {
			response.writeHead(reply.statusCode ?? 502, reply.headers);
			response.flushHeaders();
			reply.on('data', (chunk: Buffer) => {
				response.write(chunk.subarray(0, left), () => {
					if (left > 0 || response.destroyed) return;
					cuts++;
					response.destroy();
				});
				left = Math.max(0, left - chunk.length);
			});
			reply.on('end', () => response.end());
			reply.on('error', () => response.destroy());
		});
		onward.on('error', () => response.destroy());
		response.on('close', () => onward.destroy());
		request.pipe(onward);
	});
	await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		proxy.closeAllConnections();
		proxy.close();
	});
	const {port} = proxy.address() as AddressInfo;
	return {kubeconfig: server.kubeconfig('byoai').replace(server.url, `http://127.0.0.1:${port}`), cuts: () => cuts};
}
