import * as z from 'zod';
import type {ErrorCode, Problem} from '../model/error.ts';
import {ByoaiError} from '../model/error.ts';

/** What is wrong, where the library's own words are not for people. */
const inWords: z.core.$ZodErrorMap = issue => {
	if (issue.code !== 'invalid_type') return undefined;
	return issue.input === undefined ? 'is missing' : `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
};

/** The value as `schema` takes it. Throws an error of this code that says what is wrong where. */
export function checked<Schema extends z.ZodType>(
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
