import type * as z from 'zod';
import {isMapping} from './canonical.ts';
import type {Findings} from './findings.ts';
import {labelOf} from './findings.ts';
import type {Path} from './positions.ts';

type Issue = z.core.$ZodIssue;

/** Checks a canonical, resolved value against a schema; undefined when something is wrong with it, all of which is in `findings` then. */
export function checkSchema<Schema extends z.ZodType>(schema: Schema, value: unknown, findings: Findings): z.output<Schema> | undefined {
	const read = schema.safeParse(asWritten(value));
	if (read.success) return read.data;
	for (const issue of read.error.issues) for (const leaf of leavesOf(issue, [])) report(leaf.issue, leaf.path, findings);
	return undefined;
}

/** The same with 0 in the place of -0, which JSON does not know: what is read is what the journal will hold. */
function asWritten(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(asWritten);
	if (isMapping(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asWritten(inner)]));
	return value === 0 ? 0 : value;
}

function report(issue: Issue, path: Path, findings: Findings): void {
	if (findings.isSilenced(path)) return;
	const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
	const label = path.length === 0 ? 'this' : `\`${labelOf(path)}\``;
	findings.add(`${label} ${message}`, path, issue.code === 'invalid_key' ? {at: 'key'} : {});
}

/**
 * What is wrong with a value of which several shapes are possible is told by the shape that it was meant to have: the one
 * whose faults lie deeper than the shape itself, or whose shape fits.
 */
function leavesOf(issue: Issue, outer: Path): Array<{issue: Issue; path: Path}> {
	const path = [...outer, ...(issue.path as Path)];
	if (issue.code !== 'invalid_union') return [{issue, path}];
	const meant = issue.errors.find(faults => faults.length > 0 && faults.every(fault => fault.path.length > 0 || !isShapeFault(fault)));
	return meant === undefined ? [{issue, path}] : meant.flatMap(fault => leavesOf(fault, path));
}

function isShapeFault(issue: Issue): boolean {
	if (issue.code === 'invalid_union')
		return issue.errors.every(faults => faults.some(fault => fault.path.length === 0 && isShapeFault(fault)));
	return issue.code === 'invalid_type' || issue.code === 'unrecognized_keys';
}
