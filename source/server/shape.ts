import * as z from 'zod';

/** Schemas that have a name in the API's description, by that name. */
export const namedSchemas = new Map<string, z.ZodType>();

/** Without what makes no difference on the wire: who may write where, and how the type was put together. */
type Plain<Type> =
	Type extends ReadonlyArray<infer Item>
		? ReadonlyArray<Plain<Item>>
		: Type extends object
			? {readonly [Key in keyof Type]: Plain<Type[Key]>}
			: Type;

type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

/**
 * Ties a schema to the type whose values it describes, and gives it a name. It does not compile when either of both has a key, or a word
 * of a closed set, that the other has not: the type is the truth, the schema its description.
 */
export function shapeOf<Type>() {
	return <Schema extends z.ZodType>(
		id: string,
		schema: Schema & (Same<z.output<Schema>, Type> extends true ? unknown : {readonly differsFrom: Plain<Type>}),
	): Schema => {
		return named(id, schema);
	};
}

/** Gives a schema a name: those that are part of another need one. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
	namedSchemas.set(id, schema);
	return schema;
}

/** A time: milliseconds since 1970. */
export function time(description = 'Milliseconds since 1970.') {
	return z.number().describe(description);
}

/** A whole number from 0 on. */
export function count(description: string) {
	return z.int().min(0).describe(description);
}
