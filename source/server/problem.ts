import {STATUS_CODES} from 'node:http';
import type {HTTPError} from 'h3';
import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import {statuses} from '../protocol/problem.ts';

/** The body of every refusal. */
export type ProblemDetails = {
	readonly type: 'about:blank';
	/** Of the status. */
	readonly title: string;
	readonly status: number;
	/** What happened, why, and what to do next. */
	readonly detail: string;
	readonly code: ErrorCode;
	/** What is wrong where. */
	readonly errors?: readonly Problem[];
};

export const problemType = 'application/problem+json';

/** After which time a limit is worth trying again, where nobody knows better. */
const retryAfterLimitMs = 10_000;

/** Codes of what the HTTP layer refuses by itself; any other refusal of a request is `malformed`. */
const codes: Readonly<Record<number, ErrorCode>> = {404: 'not_found', 413: 'too_large'};

/**
 * An error as RFC 9457 problem details. What was not foreseen is told to `warn`; the client learns nothing of it but that it happened.
 */
export function problemResponse(error: HTTPError, warn: (message: string) => void): Response {
	const {cause} = error;
	if (cause instanceof ByoaiError && cause.code !== 'internal') return refusalResponse(cause);
	if (error.unhandled !== true && error.status < 500) {
		return problem(error.status, codes[error.status] ?? 'malformed', error.message, {headers: error.headers});
	}
	warn(cause instanceof Error ? (cause.stack ?? cause.message) : error.message);
	return problem(500, 'internal', 'an unforeseen error of the orchestrator; its diagnostics say more', {});
}

/** A refusal as problem details. */
export function refusalResponse({code, message, problems, retryAfterMs = retryAfterLimitMs}: ByoaiError): Response {
	const headers = new Headers(code === 'unauthorized' ? {'www-authenticate': 'Bearer'} : {});
	if (code === 'limit') headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
	return problem(statuses[code], code, message, {headers, ...(problems.length > 0 && {errors: problems})});
}

function problem(
	status: number,
	code: ErrorCode,
	detail: string,
	{errors, headers}: {errors?: ByoaiError['problems']; headers?: Headers | undefined},
): Response {
	const all = new Headers(headers);
	all.set('content-type', problemType);
	return new Response(problemText(status, code, detail, errors), {status, statusText: STATUS_CODES[status] ?? '', headers: all});
}

/** The body of a refusal. */
export function problemText(status: number, code: ErrorCode, detail: string, errors?: readonly Problem[]): string {
	const title = STATUS_CODES[status] ?? 'Error';
	const body: ProblemDetails = {type: 'about:blank', title, status, detail, code, ...(errors && {errors})};
	return JSON.stringify(body);
}
