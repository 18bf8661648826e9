import {ByoaiError} from '../model/error.ts';

type Advice = {readonly what: string; readonly advice: string; readonly retryable?: boolean};

const otherPath = 'or name another state directory with BYOAI_STATE_DIR';
const damaged = {what: 'is damaged', advice: 'Restore it from a backup, or move it away to begin anew; task logs stay where they are.'};
const busy = {
	what: 'is locked by another program',
	advice: 'End that program (a backup, an open sqlite3 shell) and try again.',
	retryable: true,
};
const forbidden = {what: 'may not be written', advice: `Give this user the right to write the file and its directory, ${otherPath}.`};

/** By primary result code, as https://sqlite.org/rescode.html numbers them. */
const byResultCode: ReadonlyMap<number, Advice> = new Map<number, Advice>([
	[3 /* PERM */, forbidden],
	[5 /* BUSY */, busy],
	[6 /* LOCKED */, busy],
	[8 /* READONLY */, forbidden],
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
	const known = byResultCode.get(error.errcode & 0xff);
	if (known === undefined) return new ByoaiError('internal', `${file}: ${error.message} (SQLite ${error.errcode})`, {cause: error});
	const message = `${file} ${known.what} (SQLite ${error.errcode}: ${error.message}). ${known.advice}`;
	return new ByoaiError('unavailable', message, {retryable: known.retryable ?? false, cause: error});
}

/** The error for a database that SQLite itself reads without complaint but that does not hold together. */
export function damagedDatabase(file: string, finding: string): ByoaiError {
	return new ByoaiError('unavailable', `${file} ${damaged.what} (${finding}). ${damaged.advice}`);
}
