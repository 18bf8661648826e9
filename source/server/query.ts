import * as z from 'zod';

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
