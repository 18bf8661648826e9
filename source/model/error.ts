/** The closed set of what can be refused or break. A task that failed is no error but an `Outcome`. */
export type ErrorCode =
	| 'usage' // wrong command line
	| 'malformed' // a request that cannot be read
	| 'invalid' // understood, but not valid: a workflow file, a params value
	| 'unauthorized' // no or a wrong token
	| 'forbidden' // the token's scope, a foreign Host or Origin
	| 'not_found'
	| 'conflict' // the state does not allow it
	| 'too_large' // a body over its limit
	| 'limit' // a named limit is reached
	| 'unsupported' // not in this version
	| 'unavailable' // something needed is not there: Docker, a port, a state directory
	| 'stopping' // the orchestrator is shutting down
	| 'internal'; // a broken invariant or an unforeseen error: a bug

/** Where in a file or a request body something is wrong. */
export type Problem = {
	readonly message: string;
	/** Path within the document, for instance `tasks[2].timeout`. */
	readonly path?: string;
	readonly file?: string;
	/** From 1. */
	readonly line?: number;
	/** From 1, in UTF-16 code units. */
	readonly column?: number;
	/** The source line, for display under the message. */
	readonly text?: string;
};

/** An error for people: what happened, why, and what to do next. Its message is shown; its stack is not. */
export class ByoaiError extends Error {
	readonly code: ErrorCode;
	readonly problems: readonly Problem[];
	readonly retryable: boolean;
	/** After which time it is worth trying again, where that is known. */
	readonly retryAfterMs: number | undefined;

	constructor(
		code: ErrorCode,
		message: string,
		options: {problems?: readonly Problem[]; retryable?: boolean; retryAfterMs?: number; cause?: unknown} = {},
	) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.name = 'ByoaiError';
		this.code = code;
		this.problems = options.problems ?? [];
		this.retryable = options.retryable ?? false;
		this.retryAfterMs = options.retryAfterMs;
	}
}

/** What something that was thrown says, without the kind of error that it is; anything may be thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
