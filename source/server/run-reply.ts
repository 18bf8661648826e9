import {ByoaiError} from '../model/error.ts';
import type {RunDetail} from '../protocol/views.ts';
import type {Call} from './route.ts';
import type {Services} from './services.ts';
import type {Submitted} from './submit.ts';

/** Headers of a reply that is about a new run. */
export const location = {location: 'The path of the run.'};

const longestKey = 255;

/** 201 with the run, or 200 when it was there already; `Location` is its path. */
export function runReply({run, known}: Submitted, res: Call['res'], {history}: Services): RunDetail {
	res.status = known ? 200 : 201;
	res.headers.set('location', `/v1/runs/${run}`);
	return history.detail(run);
}

/** The client's word for a request, from its `Idempotency-Key`. Throws `malformed` for one that is empty or too long. */
export function requestOf({headers}: Request): string | undefined {
	const key = headers.get('idempotency-key') ?? undefined;
	if (key === undefined || (key !== '' && key.length <= longestKey)) return key;
	throw new ByoaiError('malformed', `Idempotency-Key must have from 1 to ${longestKey} characters`);
}
