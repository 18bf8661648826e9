import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {idsIn, outerPath} from '../../source/drivers/docker/inside.ts';
import type {AgentSpec} from '../../source/model/workflow.ts';
import {dockerDriver} from '../helpers/docker-driver.ts';
import {json, startFakeEngine} from '../helpers/fake-engine.ts';
import {instanceSpec} from '../helpers/instance-spec.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const id = 'ab'.repeat(32);
const other = 'cd'.repeat(32);

test('the id of the own container: by what the engine mounts, its control groups, its host name', () => {
	const nothing = {mountinfo: '', cgroup: '', hostname: 'somewhere'};
	expect(idsIn(nothing)).toEqual([]);
	const mounted = `700 600 254:0 /var/lib/docker/containers/${id}/hostname /etc/hostname rw - ext4 /dev/vda rw\n`;
	expect(idsIn({...nothing, mountinfo: mounted})).toEqual([id]);
	expect(idsIn({...nothing, cgroup: `12:pids:/docker/${id}\n`})).toEqual([id]);
	expect(idsIn({...nothing, cgroup: `0::/system.slice/docker-${id}.scope\n`})).toEqual([id]);
	expect(idsIn({...nothing, hostname: id.slice(0, 12)})).toEqual([id.slice(0, 12)]);
	// What a host itself has mounted for its containers says nothing of it.
	expect(idsIn({...nothing, mountinfo: `1 2 0:5 / /var/lib/docker/containers/${other}/mounts/shm rw - tmpfs shm rw\n`})).toEqual([]);
});

test('a path on the host: by the innermost mount, or none', () => {
	const mounts = [
		{Source: '/home/me', Destination: '/app'},
		{Source: '/var/lib/docker/volumes/v/_data', Destination: '/app/data', Type: 'volume'},
		{Source: '', Destination: '/tmp', Type: 'tmpfs'},
	];
	expect(outerPath('/app', mounts)).toBe('/home/me');
	expect(outerPath('/app/flows/x', mounts)).toBe('/home/me/flows/x');
	expect(outerPath('/app/data/x', mounts)).toBe('/var/lib/docker/volumes/v/_data/x');
	expect(outerPath('/application', mounts)).toBeUndefined();
	expect(outerPath('/tmp/x', mounts)).toBeUndefined();
	expect(outerPath('/x/y', [{Source: '/host', Destination: '/'}])).toBe('/host/x/y');
});

/** What is asked of an engine for an agent, by a byoai that runs in a container of it with these networks and mounts. */
async function created(agent: Partial<AgentSpec>, {networks = ['bridge'], mode = 'bridge', mounts = [] as object[], directory = '/'} = {}) {
	let body: unknown;
	const own = {
		Id: id,
		Name: '/manager',
		State: {Running: true},
		HostConfig: {NetworkMode: mode},
		NetworkSettings: {Networks: Object.fromEntries(networks.map(name => [name, {IPAddress: '10.0.0.2'}]))},
		Mounts: mounts,
	};
	const engine = await startFakeEngine({
		[`GET /containers/${id}/json`]: (_, response) => json(response, own),
		[`GET /containers/${other}/json`]: (_, response) => json(response, {...own, Id: id}),
		'GET /images/some/agent/json': (_, response) => json(response, {}),
		'POST /containers/create': async (request, response) => {
			const chunks: Buffer[] = [];
			for await (const chunk of request) chunks.push(chunk as Buffer);
			body = JSON.parse(Buffer.concat(chunks).toString());
			json(response, {message: 'enough'}, 500);
		},
	});
	// The first is the name of a container, and no id of ours.
	const driver = dockerDriver({host: engine.host, ownIds: () => Promise.resolve([other, id])});
	onTestFinished(() => driver.close());
	const refusal = await driver.start(instanceSpec('a', {type: 'docker', ...agent}, directory)).catch((error: Error) => error.message);
	return {body: body as {HostConfig: {NetworkMode: string; PortBindings: object; Mounts: unknown[]}} | undefined, refusal};
}

test('from within a container: `bridge` is its first network that somebody made, and no port is published', async () => {
	expect((await created({})).body?.HostConfig).toMatchObject({NetworkMode: 'bridge', PortBindings: {}});
	const networks = ['bridge', 'mine', 'yours'];
	expect((await created({}, {networks})).body?.HostConfig).toMatchObject({NetworkMode: 'mine', PortBindings: {}});
	expect((await created({network: 'yours'}, {networks})).body?.HostConfig.NetworkMode).toBe('yours');
	expect((await created({ports: ['8080:80']}, {networks})).body?.HostConfig.PortBindings).toEqual({
		'80/tcp': [{HostIp: '127.0.0.1', HostPort: '8080'}],
	});
});

test('from within a container on the network of the host: as on the host', async () => {
	const {body} = await created({}, {networks: ['host'], mode: 'host'});
	expect(body?.HostConfig).toMatchObject({NetworkMode: 'bridge', PortBindings: {'5000/tcp': [{HostIp: '127.0.0.1', HostPort: ''}]}});
});

test('a network on which it would not reach the agent is refused; an agent that dials may be anywhere', async () => {
	expect((await created({network: 'far'})).refusal).toBe(
		'`network`: byoai runs in container manager, which is not on network far, and would not reach agent a there: connect it (`docker network connect far manager`), or leave `network` out.',
	);
	expect((await created({network: 'far', env: {ORCHESTRATOR_URL: 'http://x'}})).body?.HostConfig.NetworkMode).toBe('far');
});

test('host paths are those of the mounts; under none of them they are refused', async () => {
	const directory = temporaryDirectory();
	const mounts = [{Type: 'bind', Source: '/home/me/flows', Destination: directory}];
	mkdirSync(join(directory, 'real'));
	symlinkSync('real', join(directory, 'link'));
	const {body} = await created({volumes: ['./data:/data', './link:/link:ro', 'named:/named']}, {directory, mounts});
	expect(body?.HostConfig.Mounts).toEqual([
		{Type: 'bind', Source: '/home/me/flows/data', Target: '/data', ReadOnly: false},
		{Type: 'bind', Source: '/home/me/flows/real', Target: '/link', ReadOnly: true},
		{Type: 'volume', Source: 'named', Target: '/named', ReadOnly: false},
	]);
	const elsewhere = temporaryDirectory();
	expect((await created({volumes: [`${elsewhere}:/data`]}, {directory, mounts})).refusal).toBe(
		`\`volumes\`: the path ${elsewhere} is inside byoai's own container and on no mount of it, so that the engine does not see it: mount a directory of the host there, or use a named volume.`,
	);
});
