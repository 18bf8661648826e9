import {createHash, timingSafeEqual} from 'node:crypto';
import {ByoaiError} from '../model/error.ts';
import {webPageRefusal} from '../protocol/web-page.ts';

export type GuardOptions = {
	/** What the API asks for; absent: it asks for nothing, but serves no web page. */
	readonly token?: string;
	/** The token of the instance of that name. */
	readonly instanceToken: (agent: string) => string;
};

/** Decides who may call. All methods throw `unauthorized` or `forbidden`. */
export class Guard {
	readonly #tokenDigest: Buffer | undefined;
	readonly #instanceToken: (agent: string) => string;

	constructor({token, instanceToken}: GuardOptions) {
		this.#tokenDigest = token === undefined ? undefined : digest(token);
		this.#instanceToken = instanceToken;
	}

	/** Lets pass who may read what is no secret: where no token keeps web pages out, this does. */
	admitPublic(request: Request): void {
		if (this.#tokenDigest === undefined) refuseWebPages(request);
	}

	/** Lets pass who may do everything. */
	admit(request: Request): void {
		if (this.#isFull(request)) return;
		throw new ByoaiError(
			'unauthorized',
			'no token, or a wrong one: BYOAI_TOKEN (or --token) must be that of the orchestrator; an instance may use its own for its exchange, its registration and its own workflow only',
		);
	}

	/** Lets pass who may speak for this agent: who may do everything, and the instance of that name. */
	admitAgent(request: Request, agent: string): void {
		if (this.#isFull(request) || this.isInstance(request, agent)) return;
		throw new ByoaiError('unauthorized', `no token, or one that is not good for agent ${agent}`);
	}

	/** Whether the request carries the token of the instance of this name. */
	isInstance(request: Request, agent: string): boolean {
		const token = bearerToken(request);
		return token !== undefined && timingSafeEqual(digest(token), digest(this.#instanceToken(agent)));
	}

	#isFull(request: Request): boolean {
		if (this.#tokenDigest === undefined) {
			refuseWebPages(request);
			return true;
		}
		const token = bearerToken(request);
		return token !== undefined && timingSafeEqual(digest(token), this.#tokenDigest);
	}
}

/** Digests are compared, since equal lengths are what a comparison in constant time needs. */
function digest(token: string): Buffer {
	return createHash('sha256').update(token).digest();
}

function bearerToken({headers}: Request): string | undefined {
	return /^Bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

/** Where no token is asked for, a page in a browser on this host could call the API. */
function refuseWebPages({headers, url}: Request): void {
	const refusal = webPageRefusal(headers.get('host') ?? new URL(url).host, headers.get('origin') ?? undefined);
	if (refusal !== undefined) throw new ByoaiError('forbidden', refusal);
}
