import type {ProblemDetails} from './problem.ts';
import type {Route} from './route.ts';

/** What routes refuse for reasons that are not their own. */
export type Refusal = {
	readonly name: string;
	readonly status: number;
	/** What it means, as a sentence. */
	readonly description: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly example: Pick<ProblemDetails, 'title' | 'detail' | 'code' | 'errors'>;
	/** Whether a route can refuse so. */
	readonly concerns: (route: Route) => boolean;
};

const always = () => true;
const withBody = ({body}: Route) => body !== undefined;
const withToken = ({access}: Route) => access === 'token' || access === 'agent';

const refusals: readonly Refusal[] = [
	{
		name: 'Malformed',
		status: 400,
		description: 'The query or the body cannot be read; an unknown parameter is refused, too.',
		example: {
			title: 'Bad Request',
			code: 'malformed',
			detail: 'the query is not valid: limit: must be a whole number from 1 to 1000',
			errors: [{message: 'must be a whole number from 1 to 1000', path: 'limit'}],
		},
		concerns: always,
	},
	{
		name: 'Unauthorized',
		status: 401,
		description: 'No token, or a wrong one.',
		headers: {'www-authenticate': '`Bearer`'},
		example: {title: 'Unauthorized', code: 'unauthorized', detail: 'no token, or a wrong one'},
		concerns: withToken,
	},
	{
		name: 'Forbidden',
		status: 403,
		description: 'The token is not good for this; or, without a token, a foreign `Host` or `Origin`.',
		example: {
			title: 'Forbidden',
			code: 'forbidden',
			detail: 'without a token no web page may call this API, and this request is one of http://example.org',
		},
		concerns: ({access}) => access !== 'anyone',
	},
	{
		name: 'TooSlow',
		status: 408,
		description: 'The request took longer to arrive than its limits permit, which are named; the connection is closed.',
		example: {
			title: 'Request Timeout',
			code: 'malformed',
			detail: 'the request took longer to arrive than the limits head_seconds (20) and request_seconds (180) permit',
		},
		concerns: withBody,
	},
	{
		name: 'TooLarge',
		status: 413,
		description: 'The body is larger than its limit, which is named.',
		example: {
			title: 'Payload Too Large',
			code: 'too_large',
			detail: 'the body is larger than the limit registration_bytes permits (65536 bytes)',
		},
		concerns: withBody,
	},
	{
		name: 'WrongType',
		status: 415,
		description: 'The body is of a type that this call does not take.',
		headers: {accept: 'The types that it takes.'},
		example: {title: 'Unsupported Media Type', code: 'malformed', detail: 'send application/json, not text/plain'},
		concerns: withBody,
	},
	{
		name: 'Invalid',
		status: 422,
		description: 'The body can be read, but is not valid; `errors` says what is wrong where.',
		example: {
			title: 'Unprocessable Entity',
			code: 'invalid',
			detail: 'the body is not valid: slots: must be a number',
			errors: [{message: 'must be a number', path: 'slots'}],
		},
		concerns: withBody,
	},
	{
		name: 'Limit',
		status: 429,
		description: 'A limit is reached, which is named.',
		headers: {'retry-after': 'Seconds after which it is worth trying again.'},
		example: {
			title: 'Too Many Requests',
			code: 'limit',
			detail: '1000 runs have not ended, and the limit active_runs permits no more: wait for one, or cancel one',
		},
		concerns: always,
	},
	{
		name: 'Internal',
		status: 500,
		description: 'An unforeseen error; the diagnostics of the orchestrator say more.',
		example: {
			title: 'Internal Server Error',
			code: 'internal',
			detail: 'an unforeseen error of the orchestrator; its diagnostics say more',
		},
		concerns: always,
	},
	{
		name: 'Stopping',
		status: 503,
		description: 'The orchestrator is shutting down, or what has to start the agents (the Docker engine) is not there.',
		example: {title: 'Service Unavailable', code: 'stopping', detail: 'the orchestrator is shutting down'},
		concerns: always,
	},
];

/** How a route can refuse, beside what it says of itself. */
export function refusalsOf(route: Route): readonly Refusal[] {
	return refusals.filter(({concerns}) => concerns(route));
}
