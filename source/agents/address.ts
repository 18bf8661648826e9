import type {LookupAddress, LookupAllOptions} from 'node:dns';
import {lookup} from 'node:dns';
import type {LookupFunction} from 'node:net';
import {BlockList, isIP} from 'node:net';
import {ByoaiError} from '../model/error.ts';

/** What no agent listens at, and what a cloud tells its own machines: addresses to which a registration must not make us speak. */
const refused = new BlockList();
for (const [network, prefix] of [
	['0.0.0.0', 8], // "this host": the same as loopback on some systems, and nothing on others
	['169.254.0.0', 16], // link-local, with the metadata service of most clouds
	['224.0.0.0', 4], // multicast
	['240.0.0.0', 4], // reserved, and broadcast
	['100.100.100.200', 32], // metadata of Alibaba Cloud
] as const) {
	refused.addSubnet(network, prefix, 'ipv4');
	// As a NAT64 gateway and 6to4 write them; the mapped form (::ffff:…) the list knows by itself.
	refused.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
	refused.addSubnet(`2002:${hexPairs(network)}::`, 16 + prefix, 'ipv6');
}
refused.addSubnet('::', 128, 'ipv6');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addSubnet('ff00::', 8, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6'); // metadata of AWS
refused.addAddress('fd20:ce::254', 'ipv6'); // metadata of Google Cloud

function hexPairs(network: string): string {
	const bytes = network.split('.').map(byte => Number(byte).toString(16).padStart(2, '0'));
	return `${bytes[0]}${bytes[1]}:${bytes[2]}${bytes[3]}`;
}

/** Whether an IP address may be dialled. Loopback and private ranges may: agents live on the same host, in compose, in the cluster. */
export function isDiallable(address: string): boolean {
	const family = isIP(address);
	return family !== 0 && !refused.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Why a URL cannot be one that an agent is dialled at, in words; undefined when it can. It is http or https without credentials, query and
 * fragment; a path is put before those of the agent. What a name resolves to is looked at with each connection, by `guardedLookup`.
 */
export function urlProblem(text: string): string | undefined {
	const url = URL.parse(text);
	if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return 'must be an http or https URL';
	if (url.username !== '' || url.password !== '')
		return 'must be without user name and password: an agent is sent a token that is made for it';
	if (url.search !== '' || url.hash !== '') return 'must be without query and fragment; a path is fine';
	const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
	if (isIP(host) !== 0 && !isDiallable(host)) return `must not point to ${host}: ${why}`;
	return undefined;
}

const why = 'link-local, metadata, multicast and unspecified addresses are not dialled';

/** A refused address, as it is found when a connection is about to be made. */
export function refusedAddress(host: string, address: string): ByoaiError {
	const at = host === address ? host : `${host}, which is ${address}`;
	return new ByoaiError('forbidden', `${at}, is not dialled: ${why}`);
}

/**
 * The look-up of names with which connections to agents are made: what a name resolves to at that moment is what counts, so that a name
 * cannot first resolve to one address and then to another (DNS rebinding). Literal addresses do not come here.
 */
export const guardedLookup: LookupFunction = (host, options, done) => lookUp(lookup, host, options, done);

/** The system's resolver, or what a test has in its place. */
export type Resolver = (
	host: string,
	options: LookupAllOptions,
	done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export function lookUp(resolve: Resolver, host: string, options: Parameters<LookupFunction>[1], done: Parameters<LookupFunction>[2]): void {
	resolve(host, {...options, all: true}, (error, addresses) => {
		const [first] = addresses ?? [];
		const bad = addresses?.find(({address}) => !isDiallable(address));
		if (error !== null || first === undefined) done(error ?? new ByoaiError('unavailable', `${host} has no address`), []);
		else if (bad !== undefined) done(refusedAddress(host, bad.address), []);
		else if (options.all === true) done(null, addresses);
		else done(null, first.address, first.family);
	});
}
