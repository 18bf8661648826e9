import {existsSync} from 'node:fs';
import {DatabaseSync} from 'node:sqlite';
import {pathToFileURL} from 'node:url';
import {ByoaiError} from '../model/error.ts';
import {damagedDatabase} from './sqlite-error.ts';

/** Tells our databases from those of other programs: `byoa` in ASCII. */
const applicationId = 0x62796f61;

/** How long a commit waits for a program that holds a lock (a backup, say). It stops everything else, so it is short. */
const busyTimeoutMs = 2000;

/**
 * Opens or makes a database of ours at `path`, brought up to date by `steps`; `:memory:` makes one that is gone when closed.
 * A file that is not ours, or of a newer program, is refused and left alone.
 * Throws `ByoaiError` or SQLite's error.
 */
export function openDatabase(path: string, steps: readonly string[]): DatabaseSync {
	refuseForeign(path);
	const interrupted = existsSync(`${path}-wal`);
	const database = new DatabaseSync(path, {timeout: busyTimeoutMs});
	try {
		database.exec('PRAGMA synchronous = FULL');
		if (interrupted) checkPages(database, path);
		migrate(database, path, steps);
		// Not before the first migration: the application id has to be in the file itself, where `refuseForeign` looks.
		database.exec('PRAGMA journal_mode = WAL');
		return database;
	} catch (error) {
		database.close();
		throw error;
	}
}

/** The value of a pragma that answers with one number. */
function pragma(database: DatabaseSync, name: 'application_id' | 'user_version' | 'page_count'): number {
	return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/**
 * Looks at the file through an `immutable` connection, which takes no lock and leaves WAL and journal alone, because opening
 * another program's database in the ordinary way could change it. Where a rollback journal lies beside the
 * file, power failed while the file was being made, and only SQLite can say what it was.
 */
function refuseForeign(path: string): void {
	if (!existsSync(path) || existsSync(`${path}-journal`)) return;
	const location = pathToFileURL(path);
	location.searchParams.set('immutable', '1');
	const database = new DatabaseSync(location, {readOnly: true});
	try {
		if (pragma(database, 'page_count') > 0) requireOurs(database, path);
	} finally {
		database.close();
	}
}

function requireOurs(database: DatabaseSync, path: string): void {
	if (pragma(database, 'application_id') === applicationId) return;
	throw new ByoaiError(
		'unavailable',
		`${path} is a database of another program. Move it away, or name another state directory with BYOAI_STATE_DIR.`,
	);
}

/**
 * Reads every page (about a second for a gigabyte), so it is done only when the last owner left its WAL behind: after kill -9 or loss of power, the
 * one time at which a disk may have lost what it promised. Damage is better found now than at a commit.
 */
function checkPages(database: DatabaseSync, path: string): void {
	const finding = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
	if (finding !== 'ok') throw damagedDatabase(path, String(finding));
}

/** Performs the steps that the database does not have behind it, all or none. */
function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
	if (pragma(database, 'page_count') > 0) requireOurs(database, path);
	const version = pragma(database, 'user_version');
	if (version === steps.length) return;
	if (version > steps.length) {
		throw new ByoaiError(
			'unavailable',
			`${path} was written by a newer version of byoai (schema ${version}, this one knows ${steps.length}). Use that version, or name another state directory with BYOAI_STATE_DIR.`,
		);
	}
	// Where a step fails, closing the database rolls all of them back.
	database.exec(`
		BEGIN IMMEDIATE;
		PRAGMA application_id = ${applicationId};
		${steps.slice(version).join(';\n')};
		PRAGMA user_version = ${steps.length};
		COMMIT`);
}
