import type {H3Event} from 'h3';
import * as z from 'zod';
import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';
import type {LimitName, Limits} from '../model/limits.ts';

export type Route = {
	readonly method: 'GET' | 'POST';
	/** As h3 matches it: `/v1/runs/:id`. */
	readonly path: string;
	/** Who may call: everybody, who has the token, or (`agent`) who the handler admits because the request says for which agent it is. */
	readonly access: 'anyone' | 'token' | 'agent';
	/** Its value is the reply. */
	readonly handle: (event: H3Event) => unknown;
};

/** A part of the path, decoded. */
export function pathParam(event: H3Event, name: string): string {
	return decodeURIComponent(event.context.params?.[name] ?? '');
}

/** `true` or `false` in a query; absent is false. */
export const queryFlag = z
	.enum(['true', 'false', ''])
	.optional()
	.transform(value => value === 'true' || value === '');

/** A whole number from `least` on in a query. */
export function queryNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
	const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
	return z
		.string()
		.regex(/^\d{1,16}$/, `must be a whole number ${range}`)
		.transform(Number)
		.refine(value => value >= least && value <= most, `must be a whole number ${range}`);
}

/** The query as `schema` takes it. Throws `malformed`, also for a parameter that is not known: a typing error is not passed over. */
export function readQuery<Schema extends z.ZodType>({url}: H3Event, schema: Schema): z.output<Schema> {
	return checked(schema, Object.fromEntries(url.searchParams), {code: 'malformed', what: 'the query'});
}

/** A JSON body as `schema` takes it. Throws `malformed` for what is no JSON, `invalid` for what the schema refuses, `too_large`. */
export async function readBody<Schema extends z.ZodType>(
	event: H3Event,
	schema: Schema,
	limits: Limits,
	limit: LimitName,
): Promise<z.output<Schema>> {
	return checked(schema, await readJson(event, limits, limit), {code: 'invalid', what: 'the body'});
}

/** A JSON body, whatever its type is said to be; undefined when there is none. Throws `malformed` and `too_large`. */
export async function readJson(event: H3Event, limits: Limits, limit: LimitName): Promise<unknown> {
	const text = await readText(event, limits, limit);
	if (text === '') return undefined;
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new ByoaiError('malformed', `the body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
	}
}

/** The body as text. Throws `too_large` when it has more bytes than the limit of that name, `malformed` when it breaks off. */
export async function readText({req}: H3Event, limits: Limits, limit: LimitName): Promise<string> {
	const tooLarge = () => new ByoaiError('too_large', `the body is larger than the limit ${limit} permits (${limits[limit]} bytes)`);
	const length = req.headers.get('content-length');
	if (Number(length) > limits[limit]) throw tooLarge();
	let text: string;
	try {
		text = await req.text();
	} catch (error) {
		if (error instanceof Error && 'status' in error && error.status === 413) throw tooLarge();
		throw new ByoaiError('malformed', 'the body broke off', {cause: error});
	}
	if (length === null && Buffer.byteLength(text) > limits[limit]) throw tooLarge();
	return text;
}

/** What is wrong, where the library's own words are not for people. */
const inWords: z.core.$ZodErrorMap = issue => {
	if (issue.code !== 'invalid_type') return undefined;
	return issue.input === undefined ? 'is missing' : `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
};

function checked<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
	{code, what}: {code: ErrorCode; what: string},
): z.output<Schema> {
	const result = schema.safeParse(value, {error: inWords});
	if (result.success) return result.data;
	const problems = result.error.issues.map(
		({path, message}): Problem => ({message, ...(path.length > 0 && {path: z.core.toDotPath(path)})}),
	);
	const words = problems.map(({path, message}) => (path === undefined ? message : `${path}: ${message}`));
	throw new ByoaiError(code, `${what} is not valid: ${words.join('; ')}`, {problems});
}
