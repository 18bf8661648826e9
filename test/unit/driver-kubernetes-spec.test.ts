import {describe, expect, test} from 'vitest';
import {podOptions} from '../../source/drivers/kubernetes/options.ts';
import {patched} from '../../source/drivers/kubernetes/patch.ts';
import type {KubernetesDefaults} from '../../source/drivers/kubernetes/spec.ts';
import {podManifest, podName, validateKubernetes} from '../../source/drivers/kubernetes/spec.ts';
import {parsePodVolume, volumesOf} from '../../source/drivers/kubernetes/volumes.ts';
import type {RunId} from '../../source/model/ids.ts';
import type {InstanceCommand} from '../../source/model/instance.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';

const defaults: KubernetesDefaults = {
	owner: 'a1b2c3d4e5f60718',
	image: 'byoai-agent:latest',
	stopGraceMs: 14_500,
	instanceEnvironment: instance => ({BYOAI_TOKEN: `token of ${instance}`}),
};
const name = 'builder~r01jabcdefgh~2';

const manifest = (agent: Partial<AgentSpec> = {}) => podManifest(instanceSpec(name, {type: 'kubernetes', ...agent}), defaults);
const withOptions = (kubernetes: object, agent: Partial<AgentSpec> = {}) => manifest({...agent, driverOptions: {kubernetes}});
const problems = (agent: Partial<AgentSpec>) => validateKubernetes(instanceSpec('a', {type: 'kubernetes', ...agent}));

// biome-ignore lint/suspicious/noExplicitAny: a manifest, as loosely typed as JSON is
function main(pod: {spec: any}): any {
	return pod.spec.containers[0];
}

describe('a pod', () => {
	test('of an agent: no rights, no account, its token, and labels as ours', () => {
		expect(manifest({slots: 3, labels: {os: 'linux', 'not a key': 'x'}, env: {A: 'costs $(PRICE) $', BYOAI_TOKEN: 'mine'}})).toEqual({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: {
				name: expect.stringMatching(/^byoai-a1b2c3d4-builder-r01jabcdefgh-2-[0-9a-f]{8}$/),
				labels: {os: 'linux', 'byoai.owner': defaults.owner, 'byoai.agent': 'builder', 'byoai.run': 'r01jabcdefgh'},
				annotations: {'byoai.instance': name},
			},
			spec: {
				restartPolicy: 'Never',
				terminationGracePeriodSeconds: 15,
				automountServiceAccountToken: false,
				enableServiceLinks: false,
				securityContext: {seccompProfile: {type: 'RuntimeDefault'}},
				containers: [
					{
						name: 'main',
						image: 'byoai-agent:latest',
						imagePullPolicy: 'IfNotPresent',
						env: [
							{name: 'A', value: 'costs $$(PRICE) $$'},
							{name: 'BYOAI_TOKEN', value: `token of ${name}`},
							{name: 'AGENT_HOST', value: '0.0.0.0'},
							{name: 'AGENT_API_PORT', value: '5000'},
							{name: 'AGENT_NAME', value: name},
							{name: 'AGENT_SLOTS', value: '3'},
							{name: 'AGENT_LABELS', value: 'os=linux,not a key=x'},
						],
						ports: [{containerPort: 5000, protocol: 'TCP'}],
						securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ['ALL']}},
					},
				],
			},
		});
	});

	test('of a task: its command as it stands, no port, no token', () => {
		const ref = {run: 'r01jabcdefgh' as RunId, task: 3, attempt: 2};
		const command: InstanceCommand = {ref, task: 'a task!', argv: ['sh', '-c', 'echo $HOME'], env: {A: '1'}, workingDir: '/src'};
		const pod = podManifest({...instanceSpec('r01jabcdefgh.3#2', {type: 'kubernetes', image: 'any'}), command}, defaults);
		expect(pod.metadata.labels).toEqual({
			'byoai.owner': defaults.owner,
			'byoai.agent': 'r01jabcdefgh.3-2',
			'byoai.run': 'r01jabcdefgh',
			'byoai.task': 'a-task',
			'byoai.attempt': '2',
		});
		expect(main(pod)).toMatchObject({command: ['sh', '-c', 'echo $$HOME'], env: [{name: 'A', value: '1'}], workingDir: '/src'});
		expect(main(pod)).not.toHaveProperty('ports');
	});

	test('keys that have the same meaning everywhere', () => {
		const pod = manifest({
			image: 'i',
			user: '1000:100',
			pullPolicy: 'always',
			ports: ['8080', '127.0.0.1:53:53/udp', '5000'],
			resources: {requests: {cpu: '500m'}, limits: {memory: '1Gi'}},
			readinessProbe: {tcpSocket: {port: 5000}},
			env: {AGENT_API_PORT: '6000'},
		});
		expect(main(pod)).toMatchObject({
			image: 'i',
			imagePullPolicy: 'Always',
			resources: {requests: {cpu: '500m'}, limits: {memory: '1Gi'}},
			readinessProbe: {tcpSocket: {port: 5000}},
			securityContext: {runAsUser: 1000, runAsGroup: 100, runAsNonRoot: true},
		});
		expect(main(pod).ports).toEqual([
			{containerPort: 6000, protocol: 'TCP'},
			{containerPort: 8080, protocol: 'TCP'},
			{containerPort: 53, protocol: 'UDP', hostPort: 53, hostIP: '127.0.0.1'},
			{containerPort: 5000, protocol: 'TCP'},
		]);
		expect(main(manifest({user: '0'})).securityContext).not.toHaveProperty('runAsNonRoot');
	});

	test('what only pods have', () => {
		const pod = withOptions({
			service_account: 'builder',
			node_selector: {disk: 'ssd'},
			tolerations: [{operator: 'Exists'}],
			affinity: {nodeAffinity: {}},
			image_pull_secrets: ['one', {name: 'two'}],
			security_context: {readOnlyRootFilesystem: true, capabilities: {add: ['CHOWN']}},
		});
		expect(pod.spec).toMatchObject({
			serviceAccountName: 'builder',
			automountServiceAccountToken: true,
			nodeSelector: {disk: 'ssd'},
			tolerations: [{operator: 'Exists'}],
			affinity: {nodeAffinity: {}},
			imagePullSecrets: [{name: 'one'}, {name: 'two'}],
		});
		expect(main(pod).securityContext).toEqual({
			allowPrivilegeEscalation: false,
			capabilities: {drop: ['ALL'], add: ['CHOWN']},
			readOnlyRootFilesystem: true,
		});
	});

	test('a patch reaches everything, but not what the pod is found by', () => {
		const pod = withOptions({
			patch: {
				kind: 'Job',
				metadata: {name: 'mine', labels: {team: 'a', 'byoai.owner': 'x'}, annotations: {note: 'n', 'byoai.instance': 'x'}},
				spec: {
					priorityClassName: 'batch',
					containers: [
						{name: 'main', env: [{name: 'AGENT_SLOTS', value: '9'}]},
						{name: 'beside', image: 'b'},
					],
				},
			},
		});
		expect(pod.kind).toBe('Pod');
		expect(pod.metadata.name).toBe(podName(defaults.owner, name));
		expect(pod.metadata.labels).toMatchObject({team: 'a', 'byoai.owner': defaults.owner});
		expect(pod.metadata.annotations).toEqual({note: 'n', 'byoai.instance': name});
		expect(pod.spec).toMatchObject({priorityClassName: 'batch', containers: [{name: 'main'}, {name: 'beside', image: 'b'}]});
		expect(main(pod).env).toContainEqual({name: 'AGENT_SLOTS', value: '9'});
		expect(main(pod).env).toContainEqual({name: 'AGENT_HOST', value: '0.0.0.0'});
	});
});

describe('names', () => {
	test.each(['a', 'A_b.C~r01jabcdefgh~2', '-', 'x'.repeat(300), 'r01jabcdefgh.12#3', 'é'])('%s', instance => {
		expect(podName(defaults.owner, instance)).toMatch(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
	});

	test('differ where instances do, though they read alike', () => {
		const names = ['a.b', 'a~b', 'a-b', 'A-b', `${'x'.repeat(60)}1`, `${'x'.repeat(60)}2`].map(each => podName(defaults.owner, each));
		expect(new Set(names).size).toBe(names.length);
	});
});

describe('a strategic merge patch', () => {
	test.each<[what: string, target: object, patch: object, result: object]>([
		['mappings are merged', {a: {b: 1, c: 2}}, {a: {c: 3}}, {a: {b: 1, c: 3}}],
		['null removes', {a: 1, b: {c: 1}}, {a: null, b: {c: null}}, {b: {}}],
		['a mapping in place of a text', {a: 'x'}, {a: {b: 1}}, {a: {b: 1}}],
		['$patch: replace', {a: {b: 1}}, {a: {$patch: 'replace', c: 2}}, {a: {c: 2}}],
		['plain lists are replaced', {args: [1, 2]}, {args: [3]}, {args: [3]}],
		[
			'named ones are merged, in their order',
			{env: [{name: 'a', value: '1'}, {name: 'b'}]},
			{env: [{name: 'c'}, {name: 'a', value: '2'}]},
			{env: [{name: 'a', value: '2'}, {name: 'b'}, {name: 'c'}]},
		],
		['$patch: delete', {volumes: [{name: 'a'}, {name: 'b'}]}, {volumes: [{name: 'a', $patch: 'delete'}]}, {volumes: [{name: 'b'}]}],
		['deleting what is not there', {volumes: []}, {volumes: [{name: 'a', $patch: 'delete'}]}, {volumes: []}],
		['$patch: replace in a list', {env: [{name: 'a'}]}, {env: [{$patch: 'replace'}, {name: 'b'}]}, {env: [{name: 'b'}]}],
		[
			'mounts go by their path',
			{volumeMounts: [{name: 'v', mountPath: '/a'}]},
			{volumeMounts: [{mountPath: '/a', readOnly: true}]},
			{volumeMounts: [{name: 'v', mountPath: '/a', readOnly: true}]},
		],
	])('%s', (_, target, patch, result) => {
		const before = structuredClone(target);
		expect(patched(target as Record<string, unknown>, patch as Record<string, unknown>)).toEqual(result);
		expect(target).toEqual(before);
	});
});

describe('volumes', () => {
	test.each<[text: string, source: object, readOnly: boolean]>([
		['pvc:data:/data', {persistentVolumeClaim: {claimName: 'data'}}, false],
		['pvc:data:/data:ro', {persistentVolumeClaim: {claimName: 'data'}}, true],
		['emptyDir:/data', {emptyDir: {}}, false],
		['configmap:a.b:/data', {configMap: {name: 'a.b'}}, true],
		['secret:s:/data', {secret: {secretName: 's'}}, true],
		['/srv/on node:/data', {hostPath: {path: '/srv/on node'}}, false],
		['/srv:/data:ro', {hostPath: {path: '/srv'}}, true],
	])('%s', (text, source, readOnly) => {
		expect(parsePodVolume(text)).toEqual({source, target: '/data', readOnly});
	});

	test.each<[text: string, words: RegExp]>([
		['./data:/data', /\.\/data of .* is relative to the directory of the workflow file, which the nodes of a cluster do not have/],
		['data/x:/data', /is relative to the directory/],
		['cache:/data', /cache of cache:\/data is a named volume of Docker's, which a cluster does not have: it must be .*pvc:name/],
		['pvc:Data_1:/data', /Data_1 of .* can be the name of nothing in Kubernetes/],
		['/var/run/docker.sock:/s', /would give the agent, and every task in it, the whole node/],
		['nothing', /nothing must be .*emptydir/],
		['pvc:data', /must be/],
	])('%s is refused', (text, words) => {
		expect(parsePodVolume(text)).toMatch(words);
		expect(problems({volumes: [text]})).toEqual([expect.stringMatching(words)]);
	});

	test('each has a name, and its mount the same', () => {
		expect(volumesOf(['pvc:a:/a', 'emptydir:/b:ro'])).toEqual({
			volumes: [
				{name: 'volume-1', persistentVolumeClaim: {claimName: 'a'}},
				{name: 'volume-2', emptyDir: {}},
			],
			mounts: [
				{name: 'volume-1', mountPath: '/a'},
				{name: 'volume-2', mountPath: '/b', readOnly: true},
			],
		});
	});
});

describe('refused, in words', () => {
	test.each<[agent: Partial<AgentSpec>, words: RegExp]>([
		[{network: 'mine'}, /`network`: mine is a network of Docker's/],
		[{user: 'root'}, /`user`: root must be a number, or two/],
		[{resources: {limits: {pids: '5'}}}, /`resources\.limits\.pids`: Kubernetes limits processes for a whole node only/],
		[{labels: {a: 'b,c'}}, /`labels`: a=b,c of agent a cannot be passed on/],
		[{workflow: 'w.yml'}, /`workflow` of agent a is handed over by an agent that dials: set ORCHESTRATOR_URL/],
		[{driverOptions: {kubernetes: 'x'}}, /`driver_options\.kubernetes` must be a mapping/],
		[{driverOptions: {kubernetes: {nodeSelector: {}}}}, /`driver_options\.kubernetes\.nodeSelector` is not known: it has context, /],
		[{driverOptions: {kubernetes: {tolerations: ['x']}}}, /\.tolerations` must be a list of mappings/],
		[{driverOptions: {kubernetes: {namespace: ''}}}, /\.namespace` must be a text/],
		[{driverOptions: {kubernetes: {toString: 1}}}, /\.toString` is not known/],
	])('%j', (agent, words) => {
		expect(problems(agent)).toEqual([expect.stringMatching(words)]);
	});

	test('where it goes', () => {
		const kubernetes = {context: 'c', namespace: 'n', kubeconfig: '/k'};
		expect(podOptions(instanceSpec('a', {driverOptions: {kubernetes}}).agent).place).toEqual(kubernetes);
		expect(problems({driverOptions: {kubernetes}, workflow: 'w', env: {ORCHESTRATOR_URL: 'http://x'}})).toEqual([]);
	});
});
