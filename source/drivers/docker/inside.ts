import {readFile, realpath} from 'node:fs/promises';
import {hostname} from 'node:os';
import {relative, sep} from 'node:path';
import {join as joinPosix} from 'node:path/posix';
import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {InstanceSpec} from '../../model/instance.ts';
import {dialsByItself} from '../agent-problems.ts';
import type {Facts} from './container.ts';
import {inspect, isAlive} from './container.ts';
import {parseVolume} from './volumes.ts';

/**
 * The container that byoai itself runs in, as the engine that it starts agents with knows it; undefined: none of that engine's. Asked anew
 * each time, for its networks may change.
 */
export type OwnContainer = (docker: Docker) => Promise<Facts | undefined>;

/** `readIds`: what may be the id of a container that this process runs in. */
export function createOwnContainer(readIds: () => Promise<readonly string[]> = readOwnIds): OwnContainer {
	let ids: Promise<readonly string[]> | undefined;
	return async docker => {
		ids ??= readIds();
		for (const id of await ids) {
			const facts = await inspect(docker, id);
			// A name is found as well as an id.
			if (facts?.Id.startsWith(id) && isAlive(facts)) return facts;
		}
		return undefined;
	};
}

async function readOwnIds(): Promise<readonly string[]> {
	// Where there is no such file there are no such containers.
	const read = (path: string) => readFile(path, 'utf8').catch(() => '');
	return idsIn({mountinfo: await read('/proc/self/mountinfo'), cgroup: await read('/proc/self/cgroup'), hostname: hostname()});
}

/** The engine mounts files of its own over some of a container's, names its control groups by it, and its host by the beginning of its id. */
export function idsIn({mountinfo, cgroup, hostname: host}: {mountinfo: string; cgroup: string; hostname: string}): string[] {
	const mounted = mountinfo.split('\n').flatMap(line => {
		const [, , , root = '', target = ''] = line.split(' ');
		const id = /\/containers\/([0-9a-f]{64})\//.exec(root)?.[1];
		return id !== undefined && ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'].includes(target) ? [id] : [];
	});
	const grouped = [...cgroup.matchAll(/[/-]([0-9a-f]{64})(?:\.scope)?$/gm)].map(([, id = '']) => id);
	return [...new Set([...mounted, ...grouped, ...(/^[0-9a-f]{12}$/.test(host) ? [host] : [])])];
}

/** Whether agents are dialled at their containers' addresses: they cannot be at a port of the host from a network of one's own. */
export function dialsByAddress(own: Facts | undefined): own is Facts {
	return own !== undefined && own.HostConfig.NetworkMode !== 'host';
}

/** The network of `own` that stands in for `bridge`: the first that somebody made, for there containers have names, too. */
function ownNetwork({NetworkSettings}: Facts): string {
	return Object.keys(NetworkSettings.Networks).find(name => !['bridge', 'host', 'none'].includes(name)) ?? 'bridge';
}

/** The address of a container on a network that `own` is on, too; undefined: there is none. */
export function sharedAddress({NetworkSettings}: Facts, own: Facts): string | undefined {
	const shared = Object.entries(NetworkSettings.Networks).find(
		([name, {IPAddress}]) => IPAddress !== '' && Object.hasOwn(own.NetworkSettings.Networks, name),
	);
	return shared?.[1].IPAddress;
}

/**
 * The same instance as the engine has to be told of it: with networks and host paths as they are seen from outside of `own`. Rejects with
 * `invalid` for what the engine cannot see, or we could not reach.
 */
export async function seenFromOutside(spec: InstanceSpec, own: Facts, defaultNetwork: string): Promise<InstanceSpec> {
	const {agent, directory} = spec;
	const asked = agent.network ?? defaultNetwork;
	const network = asked === 'bridge' && dialsByAddress(own) ? ownNetwork(own) : asked;
	const isDialled = spec.command === undefined && !dialsByItself(agent);
	if (isDialled && dialsByAddress(own) && !Object.hasOwn(own.NetworkSettings.Networks, network)) {
		const name = own.Name.replace(/^\//, '');
		throw new ByoaiError(
			'invalid',
			`\`network\`: byoai runs in container ${name}, which is not on network ${network}, and would not reach agent ${agent.name} there: connect it (\`docker network connect ${network} ${name}\`), or leave \`network\` out.`,
		);
	}
	const volumes = await Promise.all(agent.volumes.map(text => outerVolume(text, directory, own)));
	return {...spec, agent: {...agent, network, volumes}};
}

async function outerVolume(text: string, directory: string, own: Facts): Promise<string> {
	const {source, isPath, target, readOnly} = parseVolume(text, directory);
	if (!isPath) return text;
	const path = outerPath(await realpath(source), own.Mounts);
	if (path === undefined) {
		throw new ByoaiError(
			'invalid',
			`\`volumes\`: the path ${source} is inside byoai's own container and on no mount of it, so that the engine does not see it: mount a directory of the host there, or use a named volume.`,
		);
	}
	if (path.includes(':'))
		throw new ByoaiError('invalid', `\`volumes\`: ${source} is ${path} on the host, whose colon cannot be passed on.`);
	return `${path}:${target}${readOnly ? ':ro' : ''}`;
}

type Mount = {readonly Source: string; readonly Destination: string; readonly Type?: string};

/** Where a path of a container is on its engine's host, by the innermost mount that it is on; undefined: on none. */
export function outerPath(path: string, mounts: readonly Mount[]): string | undefined {
	const isOn = ({Destination}: Mount) => path === Destination || path.startsWith(Destination === sep ? sep : `${Destination}${sep}`);
	const [mount] = mounts.filter(isOn).sort((a, b) => b.Destination.length - a.Destination.length);
	if (mount === undefined || !mount.Source.startsWith('/')) return undefined; // what is in memory alone has no source
	return joinPosix(mount.Source, relative(mount.Destination, path));
}
