import {ByoaiError} from '../model/error.ts';

/** What helps, by the operating system's error code. */
const advice: Readonly<Record<string, string>> = {
	EACCES: 'Give this user the right to write there',
	EPERM: 'Give this user the right to write there',
	EROFS: 'The file system is read-only',
	ENOSPC: 'The disk is full: free some space',
	EDQUOT: 'The disk quota is used up: free some space',
	EIO: 'The disk reports an error: check it',
	ENOTDIR: 'A part of this path is a file: move it away',
	ENOENT: 'No directory can be made there',
	EEXIST: 'A file lies where a directory should be: move it away',
	EFBIG: 'A file may not grow that large here: raise `ulimit -f`, or free some space',
	EMFILE: 'Too many files are open: raise `ulimit -n`',
	ENFILE: 'Too many files are open on this machine',
};

/** A file that does not hold what it should; the message says what, without the file's name. */
export class DamagedFile extends Error {}

/** The operating system's error code, for instance `ENOENT`; undefined where the error is no such error. */
export function systemCode(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * What the operating system reports, or a `DamagedFile`, as an error for people (`unavailable`); `doing` says in words what failed,
 * with the path. Other errors are returned as they are.
 */
export function fromFileSystem(error: unknown, doing: string): unknown {
	if (error instanceof DamagedFile) {
		return new ByoaiError('unavailable', `cannot ${doing}: ${error.message}. Restore it from a backup, or move it away.`, {cause: error});
	}
	const code = systemCode(error);
	if (code === undefined || error instanceof ByoaiError) return error;
	const isReading = doing.startsWith('read ') && (code === 'EACCES' || code === 'EPERM');
	const help = isReading ? 'Give this user the right to read it' : (advice[code] ?? 'Check the disk');
	return new ByoaiError('unavailable', `cannot ${doing} (${code}). ${help}, or name another state directory with BYOAI_STATE_DIR.`, {
		cause: error,
	});
}
