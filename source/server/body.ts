import {HTTPError} from 'h3';
import * as z from 'zod';
import {ByoaiError, messageOf} from '../model/error.ts';
import type {LimitName, Limits} from '../model/limits.ts';
import {checked} from './checked.ts';

/** One form that a body may have. */
export type Content<Value = unknown> = {
	/** Media types by which it is known, the usual one first. */
	readonly types: readonly string[];
	readonly schema: z.ZodType;
	/** Reads the text; throws `malformed` and `invalid`. */
	readonly read: (text: string) => Value;
	readonly example: unknown;
};

export type Body = {
	/** More bytes than that are refused with 413. */
	readonly limit: LimitName;
	/** The forms that it may have. A body that does not say its type is of the first, where there is no other. */
	readonly content: readonly Content[];
	/** There may be none; then the value is undefined. */
	readonly optional?: true;
};

/** What a handler gets. */
export type BodyValue<Of extends Body> =
	| ReturnType<Of['content'][number]['read']>
	| (Of extends {readonly optional: true} ? undefined : never);

/** JSON as `schema` takes it: `malformed` is what is no JSON, `invalid` what the schema refuses. */
export function json<Schema extends z.ZodType>(schema: Schema, example: unknown): Content<z.output<Schema>> {
	return parsedJson(schema, value => checked(schema, value, {code: 'invalid', what: 'the body'}), example);
}

/** JSON that `parse` takes, or throws; the schema only describes it. */
export function parsedJson<Value>(schema: z.ZodType, parse: (value: unknown) => Value, example: unknown): Content<Value> {
	return {types: ['application/json'], schema, read: text => parse(parseJson(text)), example};
}

/** YAML, as its text. */
export function yaml(example: string): Content<string> {
	const types = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];
	return {types, schema: z.string(), read: text => text, example};
}

/** The body of a request as one of its forms. Throws `malformed`, `invalid` and `too_large`, and is a 415 for a type that it does not have. */
export async function readBody({content, limit, optional}: Body, req: Request, limits: Limits): Promise<unknown> {
	const found = contentOf(content, req);
	const text = await readText(req, limits, limit);
	if (text === '' && optional === true) return undefined;
	if (found === undefined) throw wrongType(content, req);
	return found.read(text);
}

function contentOf(content: readonly Content[], {headers}: Request): Content | undefined {
	const type = mediaType(headers);
	if (type === '') return content.length === 1 ? content[0] : undefined;
	return content.find(
		({types}) => types.includes(type) || (/^application\/[\w.-]+\+json$/.test(type) && types.includes('application/json')),
	);
}

function wrongType(content: readonly Content[], {headers}: Request): HTTPError {
	const wanted = content.map(({types}) => types[0]).join(' or ');
	const type = headers.get('content-type') || 'a body without a type';
	return new HTTPError({
		status: 415,
		message: `send ${wanted}, not ${type} (with curl: -H 'content-type: ${content[0]?.types[0]}')`,
		headers: {accept: content.flatMap(({types}) => types[0] ?? []).join(', ')},
	});
}

/** Empty where none is said. What `curl -d` says of everything says nothing. */
function mediaType(headers: Headers): string {
	const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
	return type === 'application/x-www-form-urlencoded' ? '' : type;
}

function parseJson(text: string): unknown {
	if (text === '') return undefined;
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new ByoaiError('malformed', `the body is no JSON: ${messageOf(error)}`);
	}
}

/** The body as text. Throws `too_large` when it has more bytes than the limit of that name, `malformed` when it breaks off. */
async function readText(req: Request, limits: Limits, limit: LimitName): Promise<string> {
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
