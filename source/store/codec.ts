import {ByoaiError, messageOf} from '../model/error.ts';
import type {Event} from '../model/event.ts';

/*
 * What the database keeps as text: events, runs and snapshots, each as plain JSON. The version of that JSON is the version
 * of the database (see migrations.ts): a change of shape is a migration that rewrites the rows, so nothing here needs to
 * know older shapes.
 */

/** Where a text was read, for the error that says it cannot be. */
export type TextOrigin = {
	/** For instance `journal entry 17`. */
	readonly what: string;
	readonly file: string;
};

export function encode(value: unknown): string {
	return JSON.stringify(value);
}

/** Any value that `encode` wrote. Throws `ByoaiError` (`unavailable`) where the text is no JSON. */
export function decode(text: string, origin: TextOrigin): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw unreadable(origin, error);
	}
}

/** An event of the journal. Throws `ByoaiError` (`unavailable`), naming sequence and file, where the text holds none. */
export function decodeEvent(text: string, sequence: number, file: string): Event {
	const origin = {what: `journal entry ${sequence}`, file};
	const value = decode(text, origin);
	if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') {
		throw unreadable(origin, new Error('it is no event'));
	}
	return value as Event;
}

function unreadable({what, file}: TextOrigin, cause: unknown): ByoaiError {
	const why = messageOf(cause);
	return new ByoaiError(
		'unavailable',
		`${what} in ${file} cannot be read: ${why}. Restore the file from a backup, or move it away to begin anew.`,
		{
			cause,
		},
	);
}
