import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {Driver} from '../../source/drivers/driver.ts';
import {factsOf} from '../../source/drivers/kubernetes/pod.ts';
import {stateOf} from '../../source/drivers/kubernetes/state.ts';
import {refusalInWords} from '../../source/drivers/kubernetes/words.ts';
import {ByoaiError} from '../../source/model/error.ts';
import type {Script} from '../helpers/fake-kubernetes/scripts.ts';
import {recorded, recordedStatuses, recording} from '../helpers/fake-kubernetes/scripts.ts';
import {StatusError} from '../helpers/fake-kubernetes/status.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {KubernetesPlace} from '../helpers/kubernetes-place.ts';

const never = new AbortController().signal;
let script: Script | undefined;
let place: KubernetesPlace;
let driver: Driver;

beforeEach(async () => {
	script = undefined;
	place = await new KubernetesPlace({
		script: () => script,
		syncMs: 5,
		quotas: {other: 0},
		images: {image: {argv: ['sleep', '1000']}},
	}).open();
	driver = place.createDriver();
});
afterEach(() => place.close());

const spec = (options: object = {}, agent: object = {}) =>
	instanceSpec('a', {type: 'kubernetes', image: 'image', driverOptions: {kubernetes: options}, ...agent});

async function failure(work: Promise<unknown>): Promise<ByoaiError> {
	const error = await work.catch((reason: unknown) => reason);
	expect(error).toBeInstanceOf(ByoaiError);
	return error as ByoaiError;
}

describe('a pod that cannot start: at once, in words, and nothing is left of it', () => {
	test.each<[recording: string, words: string, isFinal: boolean]>([
		['watch-pod-imagepullbackoff-not-found', 'its image image cannot be pulled: localhost:5000/team/missing:1: not found.', true],
		['watch-pod-imagepull-unauthorized', '401 Unauthorized.', true],
		['watch-pod-imagepull-no-such-host', 'no such host', false],
		['watch-pod-invalid-image-name', 'image can be the name of no image: Failed to apply default image tag "UPPER/Case:::bad"', true],
		['watch-pod-errimageneverpull', 'its image image is not on node ', true],
		['watch-pod-missing-secret-env', 'its container cannot be made: secret "absent" not found.', true],
		[
			'watch-pod-bad-command',
			'its program cannot be started: exec: "/no/such/binary": stat /no/such/binary: no such file or directory.',
			true,
		],
	])('%s', async (name, words, isFinal) => {
		script = recorded(name);
		const error = await failure(driver.start(spec()));
		expect(error.code).toBe('unavailable');
		expect(error.message).toMatch(/^Instance a cannot be started: /);
		expect(error.message).toContain(words);
		expect(error.retryable).toBe(!isFinal);
		expect(place.server.pods()).toEqual([]);
	});

	test('a volume whose config map is missing, which only events tell', async () => {
		const [event] = (
			recording('events-list-failed-mount').response.body.items as Array<{reason: string; message: string; type: string}>
		).filter(({type}) => type === 'Warning');
		script = {...recorded('watch-pod-missing-configmap-volume'), events: event ? [event] : []};
		const error = await failure(driver.start(spec()));
		expect(error.message).toBe(
			'Instance a cannot be started: one of its volumes cannot be mounted: there is no config map absent in its namespace.',
		);
		expect(error.retryable).toBe(false);
	});

	test('no node: the scheduler’s words at once, as progress; given up after start_timeout', async () => {
		script = recorded('watch-pod-unschedulable');
		const starting = failure(driver.start(spec({}, {startTimeoutMs: 700})));
		await vi.waitFor(() => expect(driver.progress?.('a')).toMatch(/^no node takes it: 0\/1 nodes are available: 1 Insufficient cpu/));
		const error = await starting;
		expect(error.message).toMatch(/: it did not start within 0.7 s \(start_timeout\): no node takes it: 0\/1 nodes are available/);
		expect(error.retryable).toBe(true);
		expect(driver.progress?.('a')).toBeUndefined();
		expect(place.server.pods()).toEqual([]);
	});

	test('a claim that is not there is no matter of time', async () => {
		const message = '0/1 nodes are available: persistentvolumeclaim "data" not found.';
		script = {type: 'statuses', statuses: [{conditions: [{type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message}]}]};
		const error = await failure(driver.start(spec()));
		expect(error.message).toBe('Instance a cannot be started: there is no persistent volume claim data in its namespace.');
		expect(error.retryable).toBe(false);
	});

	test('a claim without a volume may get one', async () => {
		script = recorded('watch-pod-unbound-pvc');
		const error = await failure(driver.start(spec({}, {startTimeoutMs: 300})));
		expect(error.message).toContain('pod has unbound immediate PersistentVolumeClaims');
		expect(error.retryable).toBe(true);
	});

	test('a readiness probe that does not pass', async () => {
		script = {
			type: 'runs',
			events: [{reason: 'Unhealthy', message: 'Readiness probe failed: dial tcp 10.88.1.11:1: connect: connection refused'}],
		};
		const error = await failure(driver.start(spec({}, {startTimeoutMs: 400, readinessProbe: {tcpSocket: {port: 1}, periodSeconds: 1}})));
		expect(error.message).toBe(
			'Instance a cannot be started: it was not ready within 0.4 s (start_timeout): its readiness probe says: dial tcp 10.88.1.11:1: connect: connection refused.',
		);
		expect(place.server.pods()).toEqual([]);
	});
});

describe('the API server refuses', () => {
	test.each<[name: string, words: string]>([
		[
			'error-403-forbidden-create',
			'Kubernetes cannot make pod p: system:serviceaccount:orch-demo:limited may not create pods. It may with this rule in a Role of namespace orch-demo that is bound to it: {apiGroups: [""], resources: ["pods"], verbs: ["create"]} (deploy/kubernetes/role.yaml has all that byoai needs).',
		],
		['error-403-forbidden-list', '{apiGroups: [""], resources: ["pods"], verbs: ["list"]}'],
		['error-403-forbidden-log-subresource', '{apiGroups: [""], resources: ["pods/log"], verbs: ["get"]}'],
		[
			'error-403-quota-exceeded',
			'the quota of the namespace is used up (q, requested: pods=1, used: pods=0, limited: pods=0). Wait for other pods to end',
		],
		[
			'error-403-pod-security-restricted',
			'the namespace permits pods of the level restricted:latest only: allowPrivilegeEscalation != false',
		],
		['error-403-anonymous', 'system:anonymous may not list pods'],
		['error-401-bad-token', 'Kubernetes does not know who we are (context c)'],
		['error-404-namespace-missing-on-create', 'there is no namespace nope-ns (context c): make it (`kubectl create namespace nope-ns`)'],
		['error-422-invalid-pod', 'Kubernetes cannot make pod p: Pod "Bad_Name" is invalid: [metadata.name: Invalid value: "Bad_Name"'],
	])('%s', (name, words) => {
		const {status, body} = recording(name).response;
		const said = {message: body.message ?? ''};
		expect(refusalInWords({doing: 'make pod p', status, said, cluster: 'context c'})).toContain(words);
	});

	test('as the user of a start reads it', async () => {
		place.server.intercept = ({verb}) =>
			verb === 'create'
				? new StatusError(403, 'Forbidden', recording('error-403-forbidden-create').response.body.message ?? '')
				: undefined;
		const error = await failure(driver.start(spec()));
		expect(error.message).toContain('may not create pods. It may with this rule');
		expect(error.retryable).toBe(false);
	});

	test('a quota: asked again until start_timeout, with the reason as progress', async () => {
		const starting = failure(driver.start(spec({namespace: 'other'}, {startTimeoutMs: 1500})));
		await vi.waitFor(() => expect(driver.progress?.('a')).toContain('the quota of the namespace is used up (q, requested: pods=1'));
		const error = await starting;
		expect(error.message).toContain('the quota of the namespace is used up');
		expect(error.retryable).toBe(true);
		expect(place.server.calls.filter(({verb}) => verb === 'create').length).toBeGreaterThan(1);
	});
});

describe('how a pod ends', () => {
	test.each<[recording: string, end: object]>([
		['watch-pod-oomkilled', {cause: 'out of memory', exitCode: 137}],
		['watch-pod-failed-exit-3', {cause: 'exited with code 3', exitCode: 3}],
		['watch-pod-deadline-exceeded', {cause: 'killed by SIGKILL (its activeDeadlineSeconds are over)', signal: 'SIGKILL', exitCode: 137}],
		['watch-pod-crashloopbackoff', {cause: 'exited with code 1', exitCode: 1}],
	])('%s', async (name, end) => {
		const first = recordedStatuses(name).find(status => status.phase !== 'Pending' || JSON.stringify(status).includes('terminated'));
		script = {type: 'then', statuses: [first ?? {}, ...recordedStatuses(name).slice(-1)]};
		const handle = await driver.start(spec());
		expect(await driver.watch('a', handle, never)).toMatchObject(end);
	});

	test('out of memory says how much there was', () => {
		const status = recordedStatuses('watch-pod-oomkilled').at(-1);
		const containers = [{name: 'main', resources: {limits: {memory: '32Mi'}}}];
		const facts = factsOf({metadata: {name: 'p'}, spec: {containers}, ...(status && {status})});
		expect(stateOf(facts, 0)).toMatchObject({end: {cause: 'out of memory: it may have 32Mi (resources.limits.memory)'}});
	});

	test('in a loop of crashes, which a patch can bring about, with its last words', () => {
		const status = recordedStatuses('watch-pod-crashloopbackoff').at(-1);
		expect(stateOf(factsOf({metadata: {name: 'p'}, ...(status && {status})}), 0)).toMatchObject({
			type: 'ended',
			end: {cause: 'its program ended and was started again 2 times: the last time it exited with code 1', exitCode: 1, output: 'crashing'},
		});
	});

	test('evicted by its node', async () => {
		const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 88Mi. ';
		script = {type: 'then', statuses: [{phase: 'Failed', reason: 'Evicted', message, containerStatuses: []}]};
		const handle = await driver.start(spec());
		expect(await driver.watch('a', handle, never)).toEqual({
			cause: 'evicted by its node: The node was low on resource: memory. Threshold quantity: 100Mi, available: 88Mi',
		});
	});

	test('ended with its pod by somebody else, or by its node: the exit code is not its own', () => {
		const ends = (recording('watch-pod-delete-graceful').events ?? [])
			.map(({type, object}) => stateOf(factsOf(object, type === 'DELETED'), Date.parse('2026-11-23T03:44:45Z')))
			.filter(({type}) => type !== 'runs');
		expect(ends).toHaveLength(3);
		for (const end of ends) expect(end).toEqual({type: 'ended', end: {cause: 'its pod was removed by somebody else'}});
		const terminated = {exitCode: 143, reason: 'Error'};
		const status = {
			phase: 'Failed',
			reason: 'Terminated',
			message: 'Pod was terminated in response to imminent node shutdown.',
			containerStatuses: [{name: 'main', state: {terminated}}],
		};
		expect(stateOf(factsOf({metadata: {name: 'p'}, status}), 0)).toEqual({
			type: 'ended',
			end: {cause: 'Terminated: Pod was terminated in response to imminent node shutdown'},
		});
	});

	test('its node is lost: not ready alone is no end; when the cluster has given the pod up, it is one', () => {
		const stuck = recording('pod-get-stuck-terminating-node-notready').response.body;
		const {metadata, spec: wanted, status} = stuck;
		const at = (ms: number, deletionTimestamp = metadata.deletionTimestamp) =>
			stateOf(factsOf({metadata: {...metadata, ...(deletionTimestamp && {deletionTimestamp})}, spec: wanted, status}), ms);
		const {deletionTimestamp: _, ...undeleted} = metadata;
		expect(stateOf(factsOf({metadata: undeleted, spec: wanted, status}), Date.parse('2030-01-01'))).toEqual({type: 'runs'});
		expect(at(Date.parse(metadata.deletionTimestamp ?? ''))).toEqual({type: 'runs'});
		expect(at(Date.parse(metadata.deletionTimestamp ?? '') + 31_000)).toEqual({
			type: 'ended',
			end: {cause: 'its node node-1 does not answer any more, and the cluster has given its pod up'},
		});
	});

	test('removed by somebody else', async () => {
		const handle = await driver.start(spec());
		const end = driver.watch('a', handle, never);
		const [pod] = place.server.pods();
		if (pod !== undefined) place.server.store.remove((await import('../helpers/fake-kubernetes/pods.ts')).podResource, pod);
		expect(await end).toEqual({cause: 'its pod was removed by somebody else'});
	});
});
