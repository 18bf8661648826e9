import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';

/** Codes for replies that bring none of their own. */
const codes: Readonly<Record<number, ErrorCode>> = {
	400: 'malformed',
	401: 'unauthorized',
	403: 'forbidden',
	404: 'not_found',
	409: 'conflict',
	413: 'too_large',
	422: 'invalid',
	429: 'limit',
};

const known: ReadonlySet<string> = new Set<ErrorCode>([
	...['usage', 'malformed', 'invalid', 'unauthorized', 'forbidden', 'not_found', 'conflict'],
	...['too_large', 'limit', 'unsupported', 'unavailable', 'stopping', 'internal'],
] as ErrorCode[]);

const retryableCodes: ReadonlySet<ErrorCode> = new Set(['limit', 'unavailable', 'stopping']);

/** The error that a reply is: the orchestrator's own words, or what a stranger in between said. */
export async function errorOf(reply: Response, tried: string): Promise<ByoaiError> {
	const body = await problemBody(reply);
	const code = typeof body.code === 'string' && known.has(body.code) ? (body.code as ErrorCode) : (codes[reply.status] ?? 'unavailable');
	const message = typeof body.detail === 'string' ? body.detail : `${tried} was answered with HTTP ${reply.status}, not by an orchestrator`;
	const problems = Array.isArray(body.errors) ? body.errors.filter(isProblem) : [];
	return new ByoaiError(code, message, {problems, retryable: retryableCodes.has(code)});
}

/** What stands behind a `fetch` that failed, in words. */
export function unreachable(error: unknown, tried: string, url: string): ByoaiError {
	const message = `no orchestrator answers at ${url} (${tried}: ${causeOf(error)}). Is one running there? \`--url\` names another.`;
	return new ByoaiError('unavailable', message, {cause: error, retryable: true});
}

/** A reply that began and broke off. */
export function brokenOff(error: unknown, url: string): ByoaiError {
	const message = `the connection to ${url} broke off: ${causeOf(error)}. Runs may go on there: \`byoai ps\` tells.`;
	return new ByoaiError('unavailable', message, {cause: error, retryable: true});
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

/** `fetch` wraps what happened, and a host of two addresses has two causes. */
function causeOf(error: unknown): string {
	if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(causeOf).join(', ');
	if (!(error instanceof Error)) return String(error);
	return error.cause === undefined ? error.message : causeOf(error.cause);
}
