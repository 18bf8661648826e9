import {isIPv6} from 'node:net';
import type {Clock} from '../engine/clock.ts';
import {ByoaiError} from '../model/error.ts';
import type {Limits} from '../model/limits.ts';

/** How many addresses are remembered; of more, those that were heard from longest ago are forgotten. */
const addressesKept = 10_000;

/** Keeps one address from taking up the server, and from guessing tokens. What comes from this process has no address, and passes. */
export class Gate {
	readonly #limits: Limits;
	readonly #requests: Buckets;
	readonly #refusals: Buckets;

	constructor({clock, limits}: {readonly clock: Clock; readonly limits: Limits}) {
		this.#limits = limits;
		// What came together after a pause is not what the limit is against.
		this.#requests = new Buckets(clock, {mostTokens: 2 * limits.request_rate, tokensASecond: limits.request_rate});
		this.#refusals = new Buckets(clock, {mostTokens: limits.refused_rate, tokensASecond: limits.refused_rate / 60});
	}

	/** Throws `limit` when requests come too fast. */
	enter(address: string | undefined): void {
		const waitMs = address === undefined ? 0 : this.#requests.take(address);
		if (waitMs === 0) return;
		const most = this.#limits.request_rate;
		throw new ByoaiError('limit', `requests from ${address} come faster than the limit request_rate permits (${most} a second)`, {
			retryable: true,
			retryAfterMs: waitMs,
		});
	}

	/** What is to be said of a request that was refused: after too many from one address no more than that, until some time has passed. */
	afterRefusal(refusal: ByoaiError, address: string | undefined): ByoaiError {
		const waitMs = address === undefined ? 0 : this.#refusals.take(address);
		if (waitMs === 0) return refusal;
		const most = this.#limits.refused_rate;
		const message = `more requests from ${address} were refused than the limit refused_rate permits (${most} a minute): a request that is permitted passes all the same`;
		return new ByoaiError('limit', message, {retryable: true, retryAfterMs: waitMs});
	}
}

/** A token bucket for each address. */
class Buckets {
	readonly #clock: Clock;
	readonly #mostTokens: number;
	readonly #tokensAMs: number;
	/** In the order in which they were last used. */
	readonly #buckets = new Map<string, {tokens: number; at: number}>();

	constructor(clock: Clock, {mostTokens, tokensASecond}: {mostTokens: number; tokensASecond: number}) {
		this.#clock = clock;
		this.#mostTokens = mostTokens;
		this.#tokensAMs = tokensASecond / 1000;
	}

	/** Takes a token; when there is none, how long until there is one. */
	take(address: string): number {
		const key = networkOf(address);
		const now = this.#clock.monotonic();
		const {tokens, at} = this.#buckets.get(key) ?? {tokens: this.#mostTokens, at: now};
		const filled = Math.min(this.#mostTokens, tokens + (now - at) * this.#tokensAMs);
		const isEnough = filled >= 1;
		this.#buckets.delete(key);
		this.#buckets.set(key, {tokens: isEnough ? filled - 1 : filled, at: now});
		const [oldest] = this.#buckets.keys();
		if (this.#buckets.size > addressesKept && oldest !== undefined) this.#buckets.delete(oldest);
		return isEnough ? 0 : (1 - filled) / this.#tokensAMs;
	}
}

/** What one host has of its own: an IPv4 address, or the first half of an IPv6 one. */
function networkOf(address: string): string {
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
	if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
	const [head = '', tail] = address.split('::');
	const parts = head === '' ? [] : head.split(':');
	const rest = tail === undefined || tail === '' ? [] : tail.split(':');
	const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - parts.length - rest.length)).fill('0');
	return [...parts, ...zeros, ...rest].slice(0, 4).join(':');
}
