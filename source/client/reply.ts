import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import {codesOfStatus} from '../protocol/problem.ts';

const known: ReadonlySet<string> = new Set<ErrorCode>([
	...['usage', 'malformed', 'invalid', 'unauthorized', 'forbidden', 'not_found', 'conflict'],
	...['too_large', 'limit', 'unsupported', 'unavailable', 'stopping', 'internal'],
] as ErrorCode[]);

const retryableCodes: ReadonlySet<ErrorCode> = new Set(['limit', 'unavailable', 'stopping']);

/** Where a user named the orchestrator and the token, as people know the place: `--url`, `BYOAI_TOKEN`. */
export type Told = {readonly url?: string; readonly token?: string};

/** Who was asked. */
export type Asked = {readonly url: string; readonly told: Told};

/** The error that a reply is: the orchestrator's own words, or what a stranger in between said. */
export async function errorOf(reply: Response, tried: string, {url, told}: Asked): Promise<ByoaiError> {
	const body = await problemBody(reply);
	const isOurs = typeof body.code === 'string' && known.has(body.code);
	const code = isOurs ? (body.code as ErrorCode) : (codesOfStatus[reply.status] ?? 'unavailable');
	const detail =
		typeof body.detail === 'string' ? body.detail : `${tried} at ${url} was answered with HTTP ${reply.status}, not by an orchestrator`;
	const problems = Array.isArray(body.errors) ? body.errors.filter(isProblem) : [];
	const message = isOurs && code === 'unauthorized' ? wrongToken(url, told.token) : detail;
	return new ByoaiError(code, message, {problems, retryable: retryableCodes.has(code)});
}

/** The orchestrator cannot know which of the places for a token was used. */
function wrongToken(url: string, place: string | undefined): string {
	if (place === undefined)
		return `the orchestrator at ${url} asks for a token, and none was given: set BYOAI_TOKEN (or --token) to its own`;
	return `the orchestrator at ${url} refuses the token that ${place} gives: it must be the one with which the orchestrator was started`;
}

/** What stands behind a `fetch` that failed, in words, and what to do about it. */
export function unreachable(error: unknown, tried: string, {url, told}: Asked): ByoaiError {
	// Node's own advice is about Node's options.
	const cause = causeOf(error)
		.replace(/; if the root CA.*/s, '')
		.trim();
	const message = `no orchestrator answers at ${url} (${tried}: ${cause}). ${adviceFor(error, url, told)}`;
	return new ByoaiError('unavailable', message, {cause: error, retryable: true});
}

/** OpenSSL's words for a certificate that nobody known has signed. */
const untrusted: ReadonlySet<string> = new Set([
	...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
	...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED'],
]);

function adviceFor(error: unknown, url: string, {url: place}: Told): string {
	const code = codeOf(error);
	const host = URL.parse(url)?.host ?? url;
	if (untrusted.has(code)) {
		return `Its certificate is not trusted here. If it is the orchestrator's own, save it (\`openssl s_client -connect ${host} </dev/null | openssl x509 > byoai.pem\`), compare its fingerprint with the one that the orchestrator shows (\`openssl x509 -in byoai.pem -noout -fingerprint -sha256\`), and set NODE_EXTRA_CA_CERTS=byoai.pem.`;
	}
	if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'Name it as its certificate does.';
	if (code === 'CERT_HAS_EXPIRED') return 'Its certificate has expired: start the orchestrator with a new one.';
	if (url.startsWith('https:') && /wrong version number|packet length too long/i.test(causeOf(error))) {
		return `It does not speak TLS: try http://${host}.`;
	}
	return place === undefined || place === '--url'
		? 'Is one running there? `--url` names another.'
		: `Is one running there? ${place} says so; \`--url\` names another.`;
}

/** A reply that began and broke off. */
export function brokenOff(error: unknown, url: string): ByoaiError {
	const message = `the connection to ${url} broke off: ${causeOf(error)}. Runs may go on there: \`byoai ps\` tells.`;
	return new ByoaiError('unavailable', message, {cause: error, retryable: true});
}

/** What one line, or one event, of a stream says. Throws `unavailable` where somebody in between has cut it short. */
export function parsed<Value extends object>(text: string, url: string): Value {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null) return value as Value;
	} catch {
		// cut short: said below
	}
	throw cutShort(url);
}

/** A reply of which somebody in between has kept the end. */
export function cutShort(url: string): ByoaiError {
	return brokenOff(new Error('what came last is cut short'), url);
}

async function problemBody(reply: Response): Promise<Readonly<Record<string, unknown>>> {
	try {
		const body: unknown = await reply.json();
		return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
	} catch {
		return {}; // no JSON: then the status alone has to do
	}
}

function isProblem(value: unknown): value is Problem {
	return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}

/** The system's code for what happened; empty where there is none. */
function codeOf(error: unknown): string {
	if (!(error instanceof Error)) return '';
	if (error.cause !== undefined) return codeOf(error.cause);
	return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What happened, in the system's words. `fetch` wraps it, and a host of two addresses has two causes. */
export function causeOf(error: unknown): string {
	if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(causeOf).join(', ');
	if (!(error instanceof Error)) return String(error);
	return error.cause === undefined ? error.message : causeOf(error.cause);
}
