import {DatabaseSync} from 'node:sqlite';
import {ByoaiError} from '../model/error.ts';
import {fromSqlite} from './sqlite-error.ts';

const busyCode = 5;

/** Two that come at the same moment may disturb each other for some milliseconds; one of them gets the lock then. */
const contentionMs = 50;

/**
 * A lock that the kernel drops with the process that holds it, however it ends, and that its children do not inherit. Node has
 * no call for such locks; SQLite takes one on `path`, an empty database that serves nothing else, for as long as a transaction is open.
 * Nothing else in the process may open that file: by POSIX rules, closing it would drop the lock.
 * Throws `ByoaiError`: `conflict` with the message that `heldBy` makes when somebody has it, `unavailable` when the file cannot be locked.
 */
export function takeLock(path: string, heldBy: () => string): {release(): void} {
	let database: DatabaseSync | undefined;
	try {
		database = new DatabaseSync(path, {timeout: contentionMs});
		database.exec('BEGIN EXCLUSIVE');
	} catch (error) {
		database?.close();
		if (error instanceof Error && 'errcode' in error && error.errcode === busyCode)
			throw new ByoaiError('conflict', heldBy(), {cause: error});
		throw fromSqlite(error, path);
	}
	const held = database;
	return {release: () => held.close()};
}
