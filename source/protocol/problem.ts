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
