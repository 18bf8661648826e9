import {STATUS_CODES} from 'node:http';
import type {HTTPError} from 'h3';
import type {ErrorCode} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import {statuses} from '../protocol/problem.ts';

/** Codes of what the HTTP layer refuses by itself; any other refusal of a request is `malformed`. */
const codes: Readonly<Record<number, ErrorCode>> = {404: 'not_found', 413: 'too_large'};

/**
 * An error as RFC 9457 problem details: `{type, title, status, detail, code, errors?}`, where `code` is the `ErrorCode` and `errors`
 * says what is wrong where. What was not foreseen is told to `warn`; the client learns nothing of it but that it happened.
 */
export function problemResponse(error: HTTPError, warn: (message: string) => void): Response {
	const {cause} = error;
	if (cause instanceof ByoaiError && cause.code !== 'internal') return knownProblem(cause);
	if (error.unhandled !== true && error.status < 500) {
		return problem(error.status, codes[error.status] ?? 'malformed', error.message, {headers: error.headers});
	}
	warn(cause instanceof Error ? (cause.stack ?? cause.message) : error.message);
	return problem(500, 'internal', 'an unforeseen error of the orchestrator; its diagnostics say more', {});
}

function knownProblem({code, message, problems}: ByoaiError): Response {
	const headers = new Headers(code === 'unauthorized' ? {'www-authenticate': 'Bearer'} : {});
	return problem(statuses[code], code, message, {headers, ...(problems.length > 0 && {errors: problems})});
}

function problem(
	status: number,
	code: ErrorCode,
	detail: string,
	{errors, headers}: {errors?: ByoaiError['problems']; headers?: Headers | undefined},
): Response {
	const all = new Headers(headers);
	all.set('content-type', 'application/problem+json');
	const body = {type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code, ...(errors && {errors})};
	return new Response(JSON.stringify(body), {status, headers: all});
}
