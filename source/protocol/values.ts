import {ByoaiError} from '../model/error.ts';
import type {Environment} from '../model/workflow.ts';

/*
 * What outside input is taken apart with where no package may be: each function returns the value as what it must be, or
 * throws `malformed`, naming the path.
 */

/** The most lines of a command, and the most variables of an environment. */
const entriesLimit = 100_000;
/** Characters of a session's or a run's id. */
export const idLimit = 200;
/** Characters of any other text; the size of a whole message is the server's and the agent's to bound. */
export const textLimit = 64 * 1024 * 1024;
/** A millisecond count beyond this is no duration and no date. */
const timeLimit = 8.64e15;

/** Names with values. */
export function environment(value: unknown, path: string): Environment {
	const entries = Object.entries(record(value, path));
	if (entries.length > entriesLimit) throw malformed(path, `at most ${entriesLimit} variables`);
	return Object.fromEntries(entries.map(([name, item]) => [name, text(item, `${path}.${name}`, textLimit)]));
}

/** A list of strings. */
export function texts(value: unknown, path: string): string[] {
	return list(value, path, entriesLimit, (item, itemPath) => text(item, itemPath, textLimit));
}

/** An object; what it holds is still unknown. */
export function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(path, 'an object');
	return value as Readonly<Record<string, unknown>>;
}

/** A list of at most `most` items. */
export function list<Item>(value: unknown, path: string, most: number, parse: (item: unknown, path: string) => Item): Item[] {
	if (!Array.isArray(value)) throw malformed(path, 'a list');
	if (value.length > most) throw malformed(path, `at most ${most} items`);
	return value.map((item, index) => parse(item, `${path}[${index}]`));
}

/** A key of records here: a name that every object has would be found where nothing is. */
export function id(value: unknown, path: string): string {
	const found = text(value, path, idLimit);
	if (found in Object.prototype) throw malformed(path, 'an id');
	return found;
}

/** A string of at most `most` characters. */
export function text(value: unknown, path: string, most: number): string {
	if (typeof value !== 'string') throw malformed(path, 'a string');
	if (value.length > most) throw malformed(path, `at most ${most} characters`);
	return value;
}

/** A whole number from `least` on. */
export function whole(value: unknown, path: string, least: number): number {
	if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) throw malformed(path, `a whole number from ${least} on`);
	return withoutSign(value);
}

/** Milliseconds: of a duration, or since 1970. */
export function time(value: unknown, path: string): number {
	if (typeof value !== 'number' || !(value >= 0 && value <= timeLimit)) throw malformed(path, 'milliseconds');
	return withoutSign(value);
}

/** 0 for -0: what is read is what will be written down. */
function withoutSign(value: number): number {
	return value === 0 ? 0 : value;
}

/** True or false. */
export function boolean(value: unknown, path: string): boolean {
	if (typeof value !== 'boolean') throw malformed(path, 'true or false');
	return value;
}

/** What is thrown: `path must be expected`. */
export function malformed(path: string, expected: string): ByoaiError {
	const message = `${path} must be ${expected}`;
	return new ByoaiError('malformed', message, {problems: [{message, path}]});
}
