import type {ErrorCode} from '../model/error.ts';

/** The HTTP status of each kind of error. */
export const statuses: Readonly<Record<ErrorCode, number>> = {
	usage: 400,
	malformed: 400,
	invalid: 422,
	unauthorized: 401,
	forbidden: 403,
	not_found: 404,
	conflict: 409,
	too_large: 413,
	limit: 429,
	unsupported: 422,
	unavailable: 503,
	stopping: 503,
	internal: 500,
};

/** What kind of error a status tells of, where the reply brings no code of its own; others mean that nobody answers who should. */
export const codesOfStatus: Readonly<Record<number, ErrorCode>> = {
	400: 'malformed',
	401: 'unauthorized',
	403: 'forbidden',
	404: 'not_found',
	409: 'conflict',
	413: 'too_large',
	422: 'invalid',
	429: 'limit',
};
