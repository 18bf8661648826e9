import {createHash, timingSafeEqual} from 'node:crypto';
import {BlockList, isIPv6} from 'node:net';
import {ByoaiError} from '../source/model/error.ts';
import {dialToken} from '../source/protocol/dial-token.ts';
import {webPageRefusal} from '../source/protocol/web-page.ts';

export type AccessOptions = {
	/** The agent's name. */
	readonly agent: string;
	/** `BYOAI_TOKEN` */
	readonly token?: string;
	/** `BYOAI_AUTH=none`: without a token, whoever reaches the agent may have commands run. */
	readonly open: boolean;
};

/** What is known of a caller. */
export type Caller = {
	/** Its address, as the socket has it. */
	readonly address: string;
	readonly authorization?: string;
	readonly host: string;
	readonly origin?: string;
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether this is an address of the host itself, also one of IPv4 in the clothes of IPv6. */
export function isLoopback(address: string): boolean {
	return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Decides who may have the agent run something. */
export class Access {
	readonly #digests: readonly Buffer[];
	readonly #open: boolean;

	constructor({agent, token, open}: AccessOptions) {
		this.#digests = token === undefined ? [] : [digest(token), digest(dialToken(token, agent))];
		this.#open = open;
	}

	/** Throws `unauthorized`, or `forbidden` for a web page. */
	admit({address, authorization, host, origin}: Caller): void {
		if (this.#digests.length > 0) return this.#admitToken(authorization);
		if (!this.#open && !isLoopback(address)) {
			throw new ByoaiError(
				'unauthorized',
				'this agent has no token, so it serves its own host only: start it with BYOAI_TOKEN, or with BYOAI_AUTH=none to let everybody run commands on it',
			);
		}
		const refusal = webPageRefusal(host, origin);
		if (refusal !== undefined) throw new ByoaiError('forbidden', refusal);
	}

	#admitToken(authorization = ''): void {
		const token = /^Bearer +(.+)$/i.exec(authorization)?.[1];
		const given = token === undefined ? undefined : digest(token);
		// All are compared, so that the time tells nothing.
		const matches = this.#digests.filter(known => given !== undefined && timingSafeEqual(given, known));
		if (matches.length > 0) return;
		throw new ByoaiError('unauthorized', 'no token, or a wrong one: it must be the BYOAI_TOKEN of this agent, or derive from it');
	}
}

/** Digests are compared, since equal lengths are what a comparison in constant time needs. */
function digest(token: string): Buffer {
	return createHash('sha256').update(token).digest();
}
