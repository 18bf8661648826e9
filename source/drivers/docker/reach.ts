import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {Facts} from './container.ts';
import {inspect, isAlive} from './container.ts';
import {dialsByAddress, sharedAddress} from './inside.ts';

/** Where something in a container is reached. */
export type Place = {readonly host: string; readonly port: number};

/** Where a port of a container is reached from here: at one of this host, or from within our own container at its address; undefined: nowhere. */
export function placeOf(facts: Facts, port: number, own: Facts | undefined): Place | undefined {
	if (dialsByAddress(own)) {
		const host = sharedAddress(facts, own);
		return host === undefined ? undefined : {host, port};
	}
	const bindings = facts.NetworkSettings.Ports?.[`${port}/tcp`] ?? [];
	const found = bindings.find(({HostIp}) => ['127.0.0.1', '0.0.0.0', ''].includes(HostIp));
	return found === undefined ? undefined : {host: '127.0.0.1', port: Number(found.HostPort)};
}

/** Why there is no such place, in words. */
export function noPlace(port: number, own: Facts | undefined): string {
	return dialsByAddress(own)
		? "its container is on no network that byoai's own container is on"
		: `port ${port} of its container is not published`;
}

export type Reach = {
	readonly docker: Docker;
	readonly container: string;
	readonly port: number;
	/** The container that byoai itself runs in. */
	readonly own: Facts | undefined;
};

/** Where the agent in a container is dialled: asked of the engine each time, for it may be elsewhere after a restart. */
export async function addressOf({docker, container, port, own}: Reach): Promise<string> {
	const facts = await inspect(docker, container);
	if (facts === undefined || !isAlive(facts)) throw new ByoaiError('unavailable', 'its container does not run', {retryable: true});
	const place = placeOf(facts, port, own);
	if (place === undefined) throw new ByoaiError('unavailable', noPlace(port, own), {retryable: true});
	return `http://${place.host}:${place.port}`;
}
