import * as z from 'zod';
import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';

type Issue = z.core.$ZodIssue;

/** What is wrong, where the library's own words are not for people. */
const inWords: z.core.$ZodErrorMap = issue => {
	switch (issue.code) {
		case 'invalid_type':
			return issue.input === undefined ? 'is missing' : `must be ${withArticle(issue.expected)}`;
		case 'invalid_value':
			return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
		case 'unrecognized_keys':
			return `has ${issue.keys.length === 1 ? 'a key that is' : 'keys that are'} not known: ${issue.keys.join(', ')}`;
		case 'too_small':
			return `must ${isCount(issue.origin) ? `be at least ${issue.minimum}` : `have at least ${sizeOf(issue.minimum, issue.origin)}`}`;
		case 'too_big':
			return `must ${isCount(issue.origin) ? `be at most ${issue.maximum}` : `have at most ${sizeOf(issue.maximum, issue.origin)}`}`;
		default:
			return undefined;
	}
};

/** The value as `schema` takes it. Throws an error of this code that says what is wrong where. */
export function checked<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
	{code, what}: {code: ErrorCode; what: string},
): z.output<Schema> {
	const result = schema.safeParse(value, {error: inWords});
	if (result.success) return result.data;
	const problems = result.error.issues
		.flatMap(meant)
		.map(({path, message}): Problem => ({message, ...(path.length > 0 && {path: z.core.toDotPath(path)})}));
	const words = problems.map(({path, message}) => (path === undefined ? message : `${path}: ${message}`));
	throw new ByoaiError(code, `${what} is not valid: ${words.join('; ')}`, {problems});
}

/** Of the forms that a value may have, the one that it was meant to have tells what is wrong: the first whose faults all lie within. */
function meant(issue: Issue): Array<Pick<Issue, 'path' | 'message'>> {
	if (issue.code !== 'invalid_union') return [issue];
	const faults = issue.errors.find(form => form.length > 0 && form.every(({path}) => path.length > 0)) ?? issue.errors[0] ?? [];
	return faults.flatMap(meant).map(({path, message}) => ({path: [...issue.path, ...path], message}));
}

function isCount(origin: string): boolean {
	return ['number', 'int', 'bigint'].includes(origin);
}

function sizeOf(size: number | bigint, origin: string): string {
	const unit = {string: 'character', array: 'item', object: 'key', map: 'key'}[origin] ?? 'part';
	return `${size} ${unit}${Number(size) === 1 ? '' : 's'}`;
}

/** Kinds of values, as JSON names them. */
function withArticle(expected: string): string {
	const name = {record: 'object', int: 'whole number'}[expected] ?? expected;
	return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
