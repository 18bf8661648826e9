import * as z from 'zod';
import {namedSchemas} from './shape.ts';

/** A JSON object of the API's description. */
export type Json = {readonly [key: string]: unknown};

export type JsonSchemas = {
	/** Of those that have a name, by name. */
	readonly named: Json;
	/** Of any that was given: a reference where it has a name. */
	readonly of: (schema: z.ZodType) => Json;
};

/** JSON Schemas (2020-12, as requests have to be) of these and of all that have a name. */
export function jsonSchemas(schemas: ReadonlySet<z.ZodType>): JsonSchemas {
	const registry = z.registry<{id: string}>();
	const names = new Map<z.ZodType, string>();
	for (const [name, schema] of namedSchemas) names.set(schema, name);
	for (const [index, schema] of [...schemas].entries()) if (!names.has(schema)) names.set(schema, `~${index}`);
	for (const [schema, id] of names) registry.add(schema, {id});
	const made = z.toJSONSchema(registry, {io: 'input', unrepresentable: 'any', uri: id => `#/components/schemas/${id}`}).schemas;
	const plain = new Map(Object.entries(made).map(([id, schema]) => [id, withoutIdentity(schema)]));
	return {
		named: Object.fromEntries([...namedSchemas.keys()].sort().map(name => [name, plain.get(name)])),
		of(schema) {
			const name = names.get(schema) ?? '';
			return namedSchemas.has(name) ? {$ref: `#/components/schemas/${name}`} : (plain.get(name) ?? {});
		},
	};
}

function withoutIdentity({$id, $schema, ...rest}: z.core.JSONSchema.BaseSchema): Json {
	return replaced(rest) as Json;
}

/** As a reader wants it: what a query holds in the place of how its text is read (`document`), and without what goes without saying. */
function replaced(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(replaced);
	if (typeof value !== 'object' || value === null) return value;
	const {document, ...rest} = value as {document?: Json; [key: string]: unknown};
	if (document !== undefined) return {...document, ...(rest.description !== undefined && {description: rest.description})};
	const entries = Object.entries(rest).filter(([key, item]) => !isSelfEvident(key, item));
	return Object.fromEntries(entries.map(([key, item]) => [key, replaced(item)]));
}

/** All whole numbers of JSON are that small, and all keys are strings. */
function isSelfEvident(key: string, value: unknown): boolean {
	return (
		(key === 'maximum' && value === Number.MAX_SAFE_INTEGER) || (key === 'propertyNames' && JSON.stringify(value) === '{"type":"string"}')
	);
}
