import * as z from 'zod';
import {durationMs, durationPattern} from '../model/durations.ts';
import {didYouMean} from './suggest.ts';

type Issue = {readonly code?: string | undefined; readonly input?: unknown};

/** A value as a message shows it, short and on one line. */
export function shown(value: unknown): string {
	if (Array.isArray(value)) return 'a list';
	if (typeof value === 'object' && value !== null) return 'a mapping';
	const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
	return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** The message of a check: it follows the name of the key. */
export function must(be: string, nullHint = ''): {error: (issue: Issue) => string} {
	return {
		error({input}) {
			if (input === undefined) return `is missing; it must be ${be}`;
			if (input === null) return `has no value; it must be ${be}${nullHint}`;
			return `must be ${be}, not ${shown(input)}`;
		},
	};
}

/** The same for text; YAML takes an unquoted `1.10` for a number. */
export function mustBeText(be: string): {error: (issue: Issue) => string} {
	const plain = must(be);
	return {
		error(issue) {
			const unquoted = typeof issue.input === 'number' || typeof issue.input === 'boolean';
			return plain.error(issue) + (unquoted ? '; write it in quotes' : '');
		},
	};
}

/** For `refine`: NUL cannot be passed to a program. */
export const withoutNul = [(value: string) => !value.includes('\0'), 'must not hold a NUL character'] as const;

/** Any text but the empty one. */
export function text(be = 'a string') {
	return z
		.string(mustBeText(be))
		.min(1, 'must not be empty')
		.refine(...withoutNul);
}

/** A name for people and tables: one line of up to `most` characters. */
export function nameText(most: number) {
	return z
		.string(mustBeText('a string'))
		.min(1, 'must not be empty')
		.max(most, `must have at most ${most} characters`)
		.refine(value => !/\p{Cc}/u.test(value), 'must not hold control characters or line breaks');
}

/** Where text is meant, a number or boolean stands for its spelling. */
export const scalarText = z
	.union([z.string(), z.number(), z.boolean()], must('a string, number or boolean', "; write '' for an empty one"))
	.transform(value => String(value))
	.refine(...withoutNul);

export function matching(pattern: RegExp, be: string) {
	return z.string(mustBeText(be)).regex(pattern, must(be));
}

/** Text of a pattern, which may also be written as a number. */
export function scalarMatching(pattern: RegExp, be: string) {
	return z.union([matching(pattern, be), z.number()], must(be)).transform((value, context) => {
		const spelled = String(value);
		if (!pattern.test(spelled)) context.addIssue({code: 'custom', message: must(be).error({input: value})});
		return spelled;
	});
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
	const be = `one of ${values.join(', ')}`;
	return z.enum(values, {
		error: issue => must(be).error(issue) + (typeof issue.input === 'string' ? didYouMean(issue.input, values) : ''),
	});
}

export const flag = z.boolean(must('true or false'));

export function count(least: number, most = Number.MAX_SAFE_INTEGER) {
	const be = most === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`;
	return z.int(must(be)).min(least, must(be)).max(most, must(be));
}

const durationWords = 'a duration such as 90s, 5m or 1h30m, or a number of seconds';

/** A duration in milliseconds, of at least `leastMs`. */
export function duration(leastMs = 0) {
	return z
		.union([z.string(must(durationWords)).regex(durationPattern, must(durationWords)), z.number()], must(durationWords))
		.transform((value, context) => {
			const ms = durationMs(value);
			if (ms !== undefined && ms >= leastMs) return ms;
			const fault = ms === undefined ? must(durationWords).error({input: value}) : 'must be longer than 0';
			context.addIssue({code: 'custom', message: fault});
			return z.NEVER;
		});
}

export function list<Item extends z.ZodType>(item: Item, be: string) {
	const plain = must(be);
	return z.array(item, {error: issue => plain.error(issue) + (isMapping(issue.input) ? '; begin each with `- `' : '')});
}

function isMapping(value: unknown): boolean {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One item, or a list of them. */
export function oneOrMore<Item extends z.ZodType<string>>(item: Item, be: string) {
	return z.union([item, z.array(item)], must(be)).transform((value): readonly z.output<Item>[] => (Array.isArray(value) ? value : [value]));
}

export function mapping<Shape extends z.ZodRawShape>(shape: Shape, be = `a mapping with ${Object.keys(shape).join(', ')}`) {
	return z.strictObject(shape, must(be));
}

export function mapOf<Value extends z.ZodType>(key: z.ZodType<string, string>, value: Value, be: string) {
	return z.record(key, value, must(be));
}

export const environment = mapOf(
	z.string().regex(/^[^=\0]+$/, 'is no name for a variable'),
	scalarText,
	'a mapping of variable names to values',
);
export const labels = mapOf(z.string().min(1, 'must not be empty'), scalarText, 'a mapping of labels to values');
