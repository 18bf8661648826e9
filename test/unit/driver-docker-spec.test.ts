import {describe, expect, test} from 'vitest';
import {quantity} from '../../source/drivers/docker/quantities.ts';
import type {DockerDefaults} from '../../source/drivers/docker/spec.ts';
import {containerName, createOptions, validateDocker} from '../../source/drivers/docker/spec.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';

const defaults: DockerDefaults = {
	owner: 'a1b2c3d4e5f60718',
	image: 'byoai-agent:latest',
	network: 'bridge',
	user: '1000:100',
	pids: 4096,
	instanceEnvironment: instance => ({BYOAI_TOKEN: `token of ${instance}`}),
};

function options(agent: Partial<AgentSpec> = {}, name = 'builder~r01jabcdefgh~2') {
	return createOptions(instanceSpec(name, {type: 'docker', ...agent}, '/srv/flows'), defaults);
}

function problems(agent: Partial<AgentSpec>): readonly string[] {
	return validateDocker(instanceSpec('a', {type: 'docker', ...agent}, '/srv/flows'), defaults);
}

test('what every container is: bounded, without privileges, reached from this host alone, and labelled as ours', () => {
	expect(options({slots: 3, labels: {os: 'linux', gpu: 'no'}, env: {A: 'b', BYOAI_TOKEN: 'mine'}})).toEqual({
		name: expect.stringMatching(/^byoai-a1b2c3d4-builder\.r01jabcdefgh\.2-[0-9a-f]{6}$/),
		Image: 'byoai-agent:latest',
		User: '1000:100',
		Env: [
			'A=b',
			'BYOAI_TOKEN=token of builder~r01jabcdefgh~2',
			'AGENT_HOST=0.0.0.0',
			'AGENT_API_PORT=5000',
			'AGENT_NAME=builder~r01jabcdefgh~2',
			'AGENT_SLOTS=3',
			'AGENT_LABELS=os=linux,gpu=no',
			'AGENT_WATCHDOG=none',
		],
		ExposedPorts: {'5000/tcp': {}},
		Healthcheck: {Test: ['NONE']},
		Labels: {
			'byoai.owner': 'a1b2c3d4e5f60718',
			'byoai.instance': 'builder~r01jabcdefgh~2',
			'byoai.agent': 'builder',
			'byoai.run': 'r01jabcdefgh',
		},
		HostConfig: {
			Init: true,
			SecurityOpt: ['no-new-privileges'],
			CapDrop: ['ALL'],
			NetworkMode: 'bridge',
			Mounts: [],
			PortBindings: {'5000/tcp': [{HostIp: '127.0.0.1', HostPort: ''}]},
			RestartPolicy: {Name: 'no'},
			PidsLimit: 4096,
		},
	});
});

test('the name is the same in every life of the orchestrator, and no two instances share one', () => {
	const names = ['a~2', 'a.2', 'a-2', 'a~2~'].map(instance => containerName('0123456789abcdef', instance));
	expect(new Set(names).size).toBe(4);
	expect(names[1]).toBe('byoai-01234567-a.2');
	expect(containerName('0123456789abcdef', 'a~2')).toBe(names[0]);
	for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
});

test('volumes: paths relative to the workflow file, and named ones', () => {
	const {HostConfig} = options({volumes: ['./data:/app/data', '/etc/hosts:/h:ro', 'sub/dir:/s', '..:/up', 'cache:/cache']});
	expect(HostConfig?.Mounts).toEqual([
		{Type: 'bind', Source: '/srv/flows/data', Target: '/app/data', ReadOnly: false},
		{Type: 'bind', Source: '/etc/hosts', Target: '/h', ReadOnly: true},
		{Type: 'bind', Source: '/srv/flows/sub/dir', Target: '/s', ReadOnly: false},
		{Type: 'bind', Source: '/srv', Target: '/up', ReadOnly: false},
		{Type: 'volume', Source: 'cache', Target: '/cache', ReadOnly: false},
	]);
});

test('resources in Kubernetes’ spelling; memory without swap beside it', () => {
	const {HostConfig} = options({
		resources: {limits: {cpu: '1500m', memory: '256Mi', pids: '50'}, requests: {cpu: '0.5', memory: '64M'}},
	});
	expect(HostConfig).toMatchObject({
		NanoCpus: 1_500_000_000,
		Memory: 268_435_456,
		MemorySwap: 268_435_456,
		PidsLimit: 50,
		CpuShares: 512,
		MemoryReservation: 64_000_000,
	});
	expect(['1', '.5', '2.', '250m', '1Ki', '1e3', '3G', 'x', ''].map(quantity)).toEqual([
		1,
		0.5,
		2,
		0.25,
		1024,
		1000,
		3e9,
		undefined,
		undefined,
	]);
});

test('ports: the agent’s own at any free one; others as asked for, without an address on this host alone', () => {
	const {HostConfig, ExposedPorts, Env} = options({
		env: {AGENT_API_PORT: '8000'},
		ports: ['9000', '8080:80', '0.0.0.0:5353:53/udp', '[::1]:81:81'],
		readinessProbe: {tcpSocket: {port: 9100}},
	});
	const free = {HostIp: '127.0.0.1', HostPort: ''};
	expect(HostConfig?.PortBindings).toEqual({
		'8000/tcp': [free],
		'9100/tcp': [free],
		'9000/tcp': [free],
		'80/tcp': [{HostIp: '127.0.0.1', HostPort: '8080'}],
		'53/udp': [{HostIp: '0.0.0.0', HostPort: '5353'}],
		'81/tcp': [{HostIp: '::1', HostPort: '81'}],
	});
	expect(Object.keys(ExposedPorts ?? {})).toContain('53/udp');
	expect(Env).toContain('AGENT_API_PORT=8000');
});

test('driver_options.docker is added: mappings are merged, lists joined; the labels by which we find it stay ours', () => {
	const added = {
		Cmd: ['serve'],
		Env: ['A=b', 'AGENT_NAME=other'],
		Labels: {'byoai.owner': 'somebody', team: 'x'},
		HostConfig: {ShmSize: 64, CapAdd: ['NET_RAW'], SecurityOpt: ['seccomp=unconfined'], Init: false},
	};
	const {Cmd, Env, Labels, HostConfig} = options(
		{driverOptions: {docker: added}, user: 'root', image: 'my/agent:2', network: 'inner'},
		'a',
	);
	expect({Cmd, Labels}).toEqual({
		Cmd: ['serve'],
		Labels: {team: 'x', 'byoai.owner': 'a1b2c3d4e5f60718', 'byoai.instance': 'a', 'byoai.agent': 'a'},
	});
	expect(Env?.slice(0, 2)).toEqual(['A=b', 'AGENT_NAME=other']);
	expect(Env?.indexOf('AGENT_NAME=a')).toBeGreaterThan(1);
	expect(HostConfig).toMatchObject({
		Init: false,
		ShmSize: 64,
		CapAdd: ['NET_RAW'],
		CapDrop: ['ALL'],
		SecurityOpt: ['seccomp=unconfined', 'no-new-privileges'],
		NetworkMode: 'inner',
	});
});

test('a health check is done where one is asked for, and as it is asked for', () => {
	const Healthcheck = {Test: ['CMD', 'true'], Interval: 60_000_000_000};
	expect(options({driverOptions: {docker: {Healthcheck}}}).Healthcheck).toEqual(Healthcheck);
	expect(options({driverOptions: {docker: {Tty: true}}}).Healthcheck).toEqual({Test: ['NONE']});
});

describe('what a container cannot be is refused in words', () => {
	test.each<[string, Partial<AgentSpec>, string]>([
		[
			'the engine’s socket',
			{volumes: ['/var/run/docker.sock:/var/run/docker.sock']},
			'would give the agent, and every task in it, this whole host',
		],
		['a name that is none', {volumes: ['a b:/x']}, 'can neither be a path'],
		['an unknown resource', {resources: {limits: {gpu: '1'}}}, 'a container has cpu, memory, pids only'],
		['nothing of a resource', {resources: {limits: {memory: '0'}}}, '0 must be more than nothing'],
		['no network', {network: 'none'}, '`network`: none is not possible for an agent'],
		['the host’s network', {network: 'host'}, '`network`: host is not possible for an agent'],
		['a named port', {readinessProbe: {httpGet: {port: 'web'}}}, 'port web must be a number'],
		['a foreign host to probe', {readinessProbe: {tcpSocket: {port: 1, host: 'x'}}}, '`host` is not possible'],
		['a label that cannot be passed on', {labels: {a: 'b,c'}}, 'because of its comma or equals sign'],
		['a workflow of an agent that is dialled', {workflow: 'a.yml'}, 'set ORCHESTRATOR_URL in its `env`'],
		['options that are none', {driverOptions: {docker: []}}, '`driver_options.docker` must be a mapping'],
	])('%s', (_, agent, message) => {
		expect(problems(agent)).toEqual([expect.stringContaining(message)]);
	});

	test('all at once, and nothing of what is fine', () => {
		expect(problems({network: 'none', labels: {a: ','}})).toHaveLength(2);
		expect(problems({volumes: ['./a:/a', 'b:/b'], workflow: 'a.yml', env: {ORCHESTRATOR_URL: 'http://host:5001'}})).toEqual([]);
	});
});
