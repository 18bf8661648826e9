import type {Problem} from '../model/error.ts';
import {isMapping} from './canonical.ts';
import type {Value} from './expression.ts';
import type {Findings} from './findings.ts';
import type {Path} from './positions.ts';
import type {ParamInput} from './schema.ts';
import {param} from './schema.ts';
import {shown} from './schema-values.ts';
import {didYouMean} from './suggest.ts';

type ParamType = 'string' | 'integer' | 'number' | 'boolean' | 'list';

/** A param that a workflow declares. */
export type Param = {
	readonly name: string;
	readonly type: ParamType;
	readonly required: boolean;
	readonly default?: Value;
	readonly enum?: readonly Value[];
	readonly description?: string;
};

export type ParamValues = {
	readonly declared: readonly Param[];
	readonly values: ReadonlyMap<string, Value>;
	/** Names whose value only stands in, because none was given to a check. */
	readonly samples: ReadonlySet<string>;
	/** Names that are declared, but have no usable value; that is told already. */
	readonly unusable: ReadonlySet<string>;
	/** What is wrong with the values that were given: they stand in no file. */
	readonly problems: readonly Problem[];
};

type Given = Readonly<Record<string, unknown>>;

const typeWords: Readonly<Record<ParamType, string>> = {
	string: 'a string',
	integer: 'a whole number',
	number: 'a number',
	boolean: 'true or false',
	list: 'a list (a JSON array, or values with commas between)',
};
const sampleValues: Readonly<Record<ParamType, Value>> = {string: 'sample', integer: 1, number: 1, boolean: true, list: []};

/**
 * Reads the declarations under `params` and gives each a value: the given one, else its default, else null. Declarations of
 * the wrong shape are left to the schema. With `checkOnly` a required param without a value gets a sample of its type.
 */
export function readParams(raw: unknown, given: Given, checkOnly: boolean, findings: Findings): ParamValues {
	const declared = new Map<string, Param>();
	const values = new Map<string, Value>();
	const samples = new Set<string>();
	const unusable = new Set<string>();
	const problems: Problem[] = [];

	for (const [index, item] of (Array.isArray(raw) ? raw : []).entries()) {
		const path = ['params', index];
		const read = param.safeParse(item);
		if (!read.success) {
			if (isMapping(item) && typeof item.name === 'string') unusable.add(item.name);
			continue;
		}
		const declaration = declarationOf(read.data);
		const {name} = declaration;
		if (declared.has(name)) findings.add(`param \`${name}\` is declared twice`, [...path, 'name']);
		declared.set(name, declaration);
		const faultless = checkDeclaration(declaration, path, findings);
		const chosen = Object.hasOwn(given, name) ? readGiven(declaration, given[name]) : valueWithout(declaration, checkOnly);
		if (chosen.value !== undefined && faultless) values.set(name, chosen.value);
		else unusable.add(name);
		if (chosen.sample === true) samples.add(name);
		if (chosen.problem !== undefined) problems.push({message: chosen.problem, path: `params.${name}`});
		if (chosen.missing !== undefined) findings.add(chosen.missing, [...path, 'name']);
	}
	for (const name of Object.keys(given)) {
		if (declared.has(name) || unusable.has(name)) continue;
		const known = declared.size === 0 ? '; this workflow declares none' : didYouMean(name, declared.keys());
		problems.push({message: `unknown param \`${name}\`${known}`, path: `params.${name}`});
	}
	return {declared: [...declared.values()], values, samples, unusable, problems};
}

function declarationOf(input: ParamInput): Param {
	return {
		name: input.name,
		type: input.type ?? 'string',
		required: input.required ?? false,
		...(input.default !== undefined && {default: input.default}),
		...(input.enum !== undefined && {enum: input.enum}),
		...(input.description !== undefined && {description: input.description}),
	};
}

function checkDeclaration(declaration: Param, path: Path, findings: Findings): boolean {
	const before = findings.count;
	const itemType = declaration.type === 'list' ? undefined : declaration.type;
	for (const [index, allowed] of (declaration.enum ?? []).entries()) {
		if (itemType === undefined || convert(allowed, itemType, false) !== undefined) continue;
		findings.add(`\`enum[${index}]\` must be ${typeWords[itemType]}, not ${shown(allowed)}`, [...path, 'enum', index]);
	}
	if (declaration.default === undefined) return findings.count === before;
	if (convert(declaration.default, declaration.type, false) === undefined) {
		findings.add(`\`default\` must be ${typeWords[declaration.type]}, not ${shown(declaration.default)}`, [...path, 'default']);
	} else if (!isAllowed(declaration, declaration.default)) {
		findings.add(`\`default\` must be one of ${enumText(declaration)}, not ${shown(declaration.default)}`, [...path, 'default']);
	}
	return findings.count === before;
}

type Chosen = {readonly value?: Value; readonly sample?: boolean; readonly problem?: string; readonly missing?: string};

function readGiven(declaration: Param, given: unknown): Chosen {
	const value = convert(given, declaration.type, true);
	const {name, type} = declaration;
	if (value === undefined) return {problem: `param \`${name}\` must be ${typeWords[type]}, not ${shown(given)}`};
	if (isAllowed(declaration, value)) return {value};
	return {problem: `param \`${name}\` must be one of ${enumText(declaration)}, not ${shown(given)}`};
}

function valueWithout(declaration: Param, checkOnly: boolean): Chosen {
	if (declaration.default !== undefined) return {value: declaration.default};
	if (!declaration.required) return {value: null};
	const sample = declaration.enum?.[0] ?? sampleValues[declaration.type];
	if (checkOnly) return {value: declaration.type === 'list' ? [] : sample, sample: true};
	return {missing: `param \`${declaration.name}\` is required, and has no value: give one with \`--param ${declaration.name}=…\``};
}

function isAllowed({enum: allowed}: Param, value: Value): boolean {
	if (allowed === undefined) return true;
	return typeof value === 'object' && value !== null ? value.every(item => allowed.includes(item)) : allowed.includes(value);
}

function enumText(declaration: Param): string {
	return (declaration.enum ?? []).map(shown).join(', ');
}

/** The value in the param's type; undefined when it is of another. `fromText`: it may be spelled as text, as on a command line. */
function convert(value: unknown, type: ParamType, fromText: boolean): Value | undefined {
	const text = fromText && typeof value === 'string' ? value.trim() : undefined;
	switch (type) {
		case 'string':
			return typeof value === 'string' ? value : undefined;
		case 'boolean':
			if (text === 'true' || text === 'false') return text === 'true';
			return typeof value === 'boolean' ? value : undefined;
		case 'list':
			return text === undefined ? listOf(value) : listFromText(text);
		default: {
			const number = text !== undefined && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : value;
			const fits = type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number);
			return typeof number === 'number' && fits ? number : undefined;
		}
	}
}

function listFromText(text: string): Value | undefined {
	if (text === '') return [];
	if (!text.startsWith('[')) return text.split(',').map(item => item.trim());
	try {
		return listOf(JSON.parse(text));
	} catch {
		return undefined; // no JSON: the caller says what was expected
	}
}

function listOf(value: unknown): Value | undefined {
	if (!Array.isArray(value)) return undefined;
	const isScalar = (item: unknown): item is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof item);
	return value.every(isScalar) ? value : undefined;
}
