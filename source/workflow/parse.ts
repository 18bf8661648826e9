import type {Event} from 'js-yaml';
import {CORE_SCHEMA, constructFromEvents, EVENT_ID, mapTag, parseEvents, YAMLException} from 'js-yaml';
import type {Limits} from '../model/limits.ts';
import {measureAliases} from './aliases.ts';
import type {Aim, Path, Place} from './positions.ts';
import {locator, placesOf} from './positions.ts';

type ParsedYaml = {
	readonly value: Readonly<Record<string, unknown>>;
	/** Where a path of the value stands in the text. Positions are computed at the first call: a good file pays nothing. */
	readonly placeOf: (path: Path, aim?: Aim) => Place;
};

/** Why a text is no workflow file at all, in words. */
type Refusal = {readonly message: string; readonly place?: Place};

/** What a text is to hold, for messages. */
export type Holds = {readonly noun: string; readonly key: string};

const aWorkflow: Holds = {noun: 'a workflow', key: 'tasks'};

export type ParseResult = {readonly parsed: ParsedYaml} | {readonly refusal: Refusal};

/** Reads one YAML 1.2 document whose top level is a mapping, within the limits. Never throws. */
export function parseYaml(source: string, limits: Limits, aliasesOf: (key: string) => readonly string[], holds = aWorkflow): ParseResult {
	const refusal = checkText(source, limits);
	if (refusal !== undefined) return {refusal};
	try {
		const events = parseEvents(source, {maxDepth: limits.workflow_depth});
		return construct(source, events, limits, {aliasesOf, holds});
	} catch (error) {
		if (!(error instanceof YAMLException)) throw error;
		const place = error.mark === undefined ? undefined : placesOf(source)(error.mark.position);
		return {refusal: {message: sentenceFor(error.reason, limits), ...(place && {place})}};
	}
}

type Means = {readonly aliasesOf: (key: string) => readonly string[]; readonly holds: Holds};

function construct(source: string, events: Event[], limits: Limits, {aliasesOf, holds: {noun, key}}: Means): ParseResult {
	const aliases = events.filter(event => event.type === EVENT_ID.ALIAS);
	const surplus = aliases[limits.workflow_aliases];
	if (surplus !== undefined) {
		const message = `more YAML aliases (\`*name\`) than the limit workflow_aliases permits (${limits.workflow_aliases})`;
		return {refusal: {message, place: placesOf(source)(surplus.anchorStart - 1)}};
	}
	const documents = constructFromEvents(events, {source, schema});
	const [value] = documents;
	if (documents.length > 1) {
		const message = `the file holds several YAML documents (\`---\`); ${noun} is one: split the file`;
		return {refusal: {message, place: placesOf(source)(startOfSecond(events))}};
	}
	if (value === undefined || value === null) {
		return {refusal: {message: `the file is empty; ${noun} has at least \`${key}:\``, place: placesOf(source)(0)}};
	}
	if (typeof value !== 'object' || Array.isArray(value)) {
		const what = Array.isArray(value) ? 'a list' : 'a plain value';
		return {refusal: {message: `the top level must be a mapping that has \`${key}:\`, not ${what}`, place: placesOf(source)(0)}};
	}
	let locate: ReturnType<typeof locator> | undefined;
	const placeOf = (path: Path, aim?: Aim): Place => {
		locate ??= locator(source, events, aliasesOf);
		return locate(path, aim);
	};
	const excess = aliases.length === 0 ? undefined : measureAliases(value, limits);
	if (excess !== undefined) return {refusal: {message: excess.message, place: placeOf(excess.path)}};
	return {parsed: {value: value as Record<string, unknown>, placeOf}};
}

/** Where the content of the second document begins. */
function startOfSecond(events: readonly Event[]): number {
	const second = events.findIndex((event, index) => index > 0 && event.type === EVENT_ID.DOCUMENT);
	const content = events[second + 1];
	if (content === undefined) return 0;
	if ('valueStart' in content) return Math.max(0, content.valueStart);
	return 'start' in content ? content.start : 0;
}

function checkText(source: string, limits: Limits): Refusal | undefined {
	const bytes = source.length * 3 <= limits.workflow_bytes ? 0 : new TextEncoder().encode(source).length;
	if (bytes > limits.workflow_bytes) {
		return {message: `the file has ${bytes} bytes, more than the limit workflow_bytes permits (${limits.workflow_bytes})`};
	}
	const nul = source.indexOf('\0');
	if (nul >= 0) return {message: 'the file holds a NUL byte: it is not a text file in UTF-8', place: placesOf(source)(nul)};
	return undefined;
}

/** Mappings as js-yaml makes them, without `<<`, which YAML 1.2 does not have, and `__proto__`, which JavaScript has. */
const schema = CORE_SCHEMA.withTags({
	...mapTag,
	addPair(carrier, key, value) {
		if (key === '<<') return 'merge key';
		if (key === '__proto__') return 'reserved key';
		return mapTag.addPair(carrier, key, value);
	},
});

/** What the parser's reasons mean to the author of a file. A reason that is not listed is shown as it is. */
const sentences: ReadonlyArray<readonly [start: string, sentence: string]> = [
	['merge key', 'merge keys (`<<`) are not supported; put what tasks share under `defaults`'],
	['reserved key', 'the key `__proto__` is not allowed'],
	['duplicated mapping key', 'this key stands twice in the same mapping'],
	['tab characters', 'a tab in the indentation; YAML is indented with spaces'],
	[
		'bad indentation of a mapping entry',
		'cannot be read here: check the indentation, and quote a value that holds `: ` or begins with one of @ ` % * & ! [ {',
	],
	[
		'missed comma between flow collection entries',
		'cannot be read here: within `[ ]` and `{ }` a comma is missing, or a value with `${{ … }}`, brackets or `: ` is to be quoted as a whole',
	],
	["expected the node content, but found ','", 'a comma too many in a `[ ]` or `{ }`'],
	['unexpected end of the stream within a flow collection', 'a `[` or `{` above is not closed'],
	['unexpected end of the stream within a', 'a quote above is not closed'],
	['unexpected end of the document within a', 'a quote above is not closed'],
	[
		"expected ':' after a mapping key",
		'a `: ` is missing after the key, or the line belongs to the value above and is to be indented more',
	],
	[
		'can not read a block mapping entry',
		'a `: ` is missing after the key, or the line belongs to the value above and is to be indented more',
	],
	['unknown escape sequence', 'no such escape in double quotes; write `\\\\` for a backslash, or use single quotes'],
	['expected hexadecimal character', 'no such escape in double quotes; write `\\\\` for a backslash, or use single quotes'],
	['bad indentation of a sequence entry', 'cannot be read here: check the indentation of the list'],
	['deficient indentation', 'not indented enough: a quote or bracket opened above is not closed, or its lines are indented too little'],
	['end of the stream or a document separator', 'does not fit what stands above: check the indentation'],
	['the stream contains non-printable', 'a control character: the file is not plain text'],
	['expected valid JSON character', 'a control character in quotes; write it as an escape, such as "\\u001b"'],
	['unidentified alias', 'this `*name` has no `&name` above it; quote a value that begins with `*`'],
	['unknown scalar tag', 'YAML tags (`!name`) are not supported; quote a value that begins with `!`'],
	['unknown mapping tag', 'YAML tags (`!name`) are not supported'],
	['unknown sequence tag', 'YAML tags (`!name`) are not supported'],
	['object-based map', 'a key must be a plain word, not a list or mapping; quote a value that begins with `{` or `[`'],
];

function sentenceFor(reason: string, limits: Limits): string {
	if (reason.startsWith('nesting exceeded')) return `nested deeper than the limit workflow_depth permits (${limits.workflow_depth})`;
	return sentences.find(([start]) => reason.startsWith(start))?.[1] ?? `not valid YAML: ${reason}`;
}
