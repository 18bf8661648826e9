/** A refusal of the API server. Words, reasons and details are those of the recordings. */
export class StatusError extends Error {
	readonly code: number;
	readonly reason: string | undefined;
	readonly details: Record<string, unknown> | undefined;
	readonly headers: Record<string, string>;

	constructor(code: number, reason: string | undefined, message: string, details?: Record<string, unknown>, headers = {}) {
		super(message);
		this.code = code;
		this.reason = reason;
		this.details = details;
		this.headers = headers;
	}

	get body(): Record<string, unknown> {
		return {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message: this.message,
			...(this.reason !== undefined && {reason: this.reason}),
			...(this.details && {details: this.details}),
			code: this.code,
		};
	}
}

export const notFound = (kind: string, name: string) => new StatusError(404, 'NotFound', `${kind} "${name}" not found`, {name, kind});

export const alreadyExists = (kind: string, name: string, deleting: boolean) =>
	new StatusError(409, 'AlreadyExists', `${deleting ? 'object is being deleted: ' : ''}${kind} "${name}" already exists`, {name, kind});

export const uidConflict = (kind: string, name: string, asked: string, found: string) =>
	new StatusError(
		409,
		'Conflict',
		`Operation cannot be fulfilled on ${kind} "${name}": the UID in the precondition (${asked}) does not match the UID in record (${found}). The object might have been deleted and then recreated`,
		{name, kind},
	);

export const invalid = (kind: string, name: string, causes: ReadonlyArray<{field: string; reason: string; message: string}>) => {
	const said = causes.map(({field, message}) => `${field}: ${message}`);
	return new StatusError(422, 'Invalid', `${kind} "${name}" is invalid: ${said.length === 1 ? said[0] : `[${said.join(', ')}]`}`, {
		name,
		kind,
		causes,
	});
};

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);

export const quotaExceeded = (name: string, quota: string) =>
	new StatusError(403, 'Forbidden', `pods "${name}" is forbidden: exceeded quota: ${quota}`, {name, kind: 'pods'});

export const expired = (asked: number, oldest: number) => new StatusError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');
