import * as z from 'zod';
import {durationMs} from '../model/durations.ts';

/** Numbers and flags in a query come as text. `document` is what the API's description says of them in its place. */

/** `true` or `false`; absent is false. */
export const queryFlag = z
	.enum(['true', 'false', ''])
	.optional()
	.transform(value => value === 'true' || value === '')
	.meta({document: {type: 'boolean', default: false}});

/** A whole number from `least` on. */
export function queryNumber(least: number, most?: number) {
	return wholeNumber(least, most).meta({document: documentOf(least, most)});
}

/** The same, with what it is when it is absent. */
export function queryNumberOr(byDefault: number, least: number, most?: number) {
	return wholeNumber(least, most)
		.default(byDefault)
		.meta({document: {...documentOf(least, most), default: byDefault}});
}

/** Shorter than the silence after which a stream has to say something. */
const longestRestMs = 10_000;
const everyWords = 'must be a duration up to 10 s, such as `200ms`';

/** How often a stream says what is new, in milliseconds; absent: at once. */
export const queryEvery = z
	.string()
	.max(20)
	.default('0')
	.transform(text => durationMs(text) ?? Number.NaN)
	.refine(ms => ms <= longestRestMs, everyWords)
	.describe(
		'What comes within so long, such as `200ms`, comes together: for who looks only now and then. By default everything comes at once.',
	)
	.meta({document: {type: 'string'}});

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
	const words = `must be a whole number ${most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`}`;
	return z
		.string()
		.regex(/^\d{1,16}$/, words)
		.transform(Number)
		.refine(value => value >= least && value <= most, words);
}

function documentOf(least: number, most: number | undefined) {
	return {type: 'integer', minimum: least, ...(most !== undefined && {maximum: most})};
}
