import * as z from 'zod';

/** `true` or `false` in a query; absent is false. */
export const queryFlag = z
	.enum(['true', 'false', ''])
	.optional()
	.transform(value => value === 'true' || value === '')
	.meta({document: {type: 'boolean', default: false}});

/** A whole number from `least` on in a query. */
export function queryNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
	const isOpen = most === Number.MAX_SAFE_INTEGER;
	const range = isOpen ? `from ${least} on` : `from ${least} to ${most}`;
	return z
		.string()
		.regex(/^\d{1,16}$/, `must be a whole number ${range}`)
		.transform(Number)
		.refine(value => value >= least && value <= most, `must be a whole number ${range}`)
		.meta({document: {type: 'integer', minimum: least, ...(!isOpen && {maximum: most})}});
}
