import type Docker from 'dockerode';
import {ByoaiError} from '../model/error.ts';
import type {Facts} from './docker-container.ts';
import {inspect, isAlive} from './docker-container.ts';

/** The port of this host at which a port of the container is reached by loopback; undefined: none. */
export function publishedPort({NetworkSettings}: Facts, port: number): number | undefined {
	const bindings = NetworkSettings.Ports?.[`${port}/tcp`] ?? [];
	const found = bindings.find(({HostIp}) => ['127.0.0.1', '0.0.0.0', ''].includes(HostIp));
	return found === undefined ? undefined : Number(found.HostPort);
}

/** Where the agent in a container is dialled: asked of the engine each time, for the port may be another after a restart. */
export async function addressOf(docker: Docker, container: string, port: number): Promise<string> {
	const facts = await inspect(docker, container);
	if (facts === undefined || !isAlive(facts)) throw new ByoaiError('unavailable', 'its container does not run', {retryable: true});
	const published = publishedPort(facts, port);
	if (published !== undefined) return `http://127.0.0.1:${published}`;
	throw new ByoaiError('unavailable', `port ${port} of its container is not published`, {retryable: true});
}
