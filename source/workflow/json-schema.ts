import * as z from 'zod';
import type {Level} from './keys.ts';
import {quietAliases, workflowLevel} from './keys.ts';
import {workflow} from './schema.ts';

type JsonSchema = {
	[key: string]: unknown;
	properties?: Record<string, JsonSchema>;
	items?: JsonSchema;
	anyOf?: JsonSchema[];
	additionalProperties?: JsonSchema | boolean;
};

const expression = {type: 'string', pattern: '\\$\\{\\{', description: 'An expression in double braces'};
/** Parts of a file in which expressions are resolved. */
const withExpressions = ['tasks', 'agents', 'defaults', 'env'];
const plainTypes: ReadonlySet<unknown> = new Set(['integer', 'number', 'boolean']);

/**
 * The JSON Schema (2020-12) of workflow files, for editors. Aliases are in it, marked as deprecated. It knows shapes; names,
 * dependencies and expressions are checked by `byoai validate` only.
 */
export function workflowSchema(): object {
	const schema = z.toJSONSchema(workflow, {target: 'draft-2020-12', io: 'input', reused: 'inline'}) as JsonSchema;
	for (const key of withExpressions) {
		const part = schema.properties?.[key];
		if (part !== undefined) permitExpressions(part);
	}
	addAliases(schema, workflowLevel);
	return {...schema, title: 'BYOAI workflow'};
}

/** Wherever a number, boolean or text of a certain form is meant, an expression may stand for it. */
function permitExpressions(schema: JsonSchema): void {
	for (const [key, property] of Object.entries(schema.properties ?? {})) {
		if (!['name', 'depends_on', 'shell'].includes(key)) permitExpressions(property);
	}
	for (const inner of [schema.items, schema.additionalProperties]) if (typeof inner === 'object') permitExpressions(inner);
	for (const inner of schema.anyOf ?? []) permitExpressions(inner);
	const isNarrow = plainTypes.has(schema.type) || schema.enum !== undefined || schema.pattern !== undefined;
	if (!isNarrow || schema.pattern === expression.pattern) return;
	const {description, ...narrow} = schema;
	for (const key of Object.keys(schema)) delete schema[key];
	Object.assign(schema, {...(description !== undefined && {description}), anyOf: [narrow, expression]});
}

function addAliases(schema: JsonSchema, level: Level): void {
	const {properties} = schema;
	if (properties === undefined) return;
	for (const [key, {level: inner, holds}] of level.nested) {
		const property = properties[key];
		const mapping = holds === 'list' ? property?.items : property;
		if (mapping !== undefined) addAliases(mapping, inner);
	}
	for (const [alias, key] of level.aliases) {
		properties[alias] = {...properties[key], description: `Alias of ${key}`, ...(!quietAliases.has(alias) && {deprecated: true})};
	}
	const required = Array.isArray(schema.required) ? schema.required : [];
	const spellable = required.filter((key: string) => [...level.aliases.values()].includes(key));
	if (spellable.length === 0) return;
	schema.required = required.filter((key: string) => !spellable.includes(key));
	schema.allOf = spellable.map((key: string) => ({
		anyOf: [key, ...[...level.aliases].filter(([, name]) => name === key).map(([alias]) => alias)].map(name => ({required: [name]})),
	}));
}
