import {accessSync, constants} from 'node:fs';
import {ByoaiError} from '../model/error.ts';

type Advice = {readonly what: string; readonly advice: string; readonly retryable?: boolean};

const otherPath = 'or name another state directory with BYOAI_STATE_DIR';
const damaged: Advice = {
	what: 'is damaged',
	advice: 'Restore it from a backup, or move it away to begin anew; task logs stay where they are.',
};
const busy: Advice = {
	what: 'is locked by another program',
	advice: 'End that program (a backup, an open sqlite3 shell) and try again.',
	retryable: true,
};
const forbidden: Advice = {
	what: 'may not be written',
	advice: `Give this user the right to write the file and its directory, ${otherPath}.`,
};

/** SQLite calls a file read-only that its own header says it may not write. */
const foreign: Advice = {what: 'is of a format that this version may only read, or is damaged', advice: damaged.advice};

/** SQLITE_READONLY by itself: its extended codes tell of other causes. */
const readonly = 8;

/** By primary result code, as https://sqlite.org/rescode.html numbers them. */
const byResultCode: ReadonlyMap<number, Advice> = new Map<number, Advice>([
	[3 /* PERM */, forbidden],
	[5 /* BUSY */, busy],
	[6 /* LOCKED */, busy],
	[readonly, forbidden],
	[10 /* IOERR */, {what: 'cannot be read or written: the disk reports an error', advice: `Check the disk, ${otherPath}.`}],
	[11 /* CORRUPT */, damaged],
	[13 /* FULL */, {what: 'cannot grow: the disk is full', advice: `Free some space, ${otherPath}.`, retryable: true}],
	[14 /* CANTOPEN */, {what: 'cannot be opened', advice: `Check that its directory is there and may be written, ${otherPath}.`}],
	[26 /* NOTADB */, {what: 'is not a database', advice: `Move it away, ${otherPath}.`}],
]);

/**
 * What SQLite reports, as an error for people: `unavailable` where the machine is at fault, else `internal` (we made a
 * statement that it refuses). Anything that does not come from SQLite is returned as it is.
 */
export function fromSqlite(error: unknown, file: string): unknown {
	if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
	const known = adviceOn(error.errcode, error.message, file);
	if (known === undefined) return new ByoaiError('internal', `${file}: ${error.message} (SQLite ${error.errcode})`, {cause: error});
	const message = `${file} ${known.what} (SQLite ${error.errcode}: ${error.message}). ${known.advice}`;
	return new ByoaiError('unavailable', message, {retryable: known.retryable ?? false, cause: error});
}

function adviceOn(errcode: number, message: string, file: string): Advice | undefined {
	if (errcode === readonly && mayWrite(file)) return foreign;
	// It has no code of its own for a header that it does not know.
	if (message === 'unsupported file format') return damaged;
	return byResultCode.get(errcode & 0xff);
}

function mayWrite(file: string): boolean {
	try {
		accessSync(file, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** The error for a database that SQLite itself reads without complaint but that does not hold together. */
export function damagedDatabase(file: string, finding: string): ByoaiError {
	return new ByoaiError('unavailable', `${file} ${damaged.what} (${finding}). ${damaged.advice}`);
}
