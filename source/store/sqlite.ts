import type {DatabaseSync} from 'node:sqlite';
import {ByoaiError} from '../model/error.ts';
import type {Run} from '../model/run.ts';
import {decode, decodeEvent, encode} from './codec.ts';
import {attemptRows, runRow, runSummary} from './history.ts';
import {migrations} from './migrations.ts';
import {damagedDatabase, fromSqlite} from './sqlite-error.ts';
import {openDatabase} from './sqlite-file.ts';
import type {Statements} from './sqlite-statements.ts';
import {prepareStatements} from './sqlite-statements.ts';
import type {Batch, JournalEntry, RunQuery, RunSummary, Store} from './store.ts';

/** Journal entries read at a time: no statement stays open between pages, which would keep the WAL from being reset. */
const pageEntries = 1000;

/** Sorts after every id. */
const afterAllIds = '\u{10ffff}';

/**
 * The journal in the SQLite file at `path`, made if it is not there; `:memory:` for one that is gone when closed. One
 * process at a time: the state directory's lock sees to that. `steps` differs only in tests of migration.
 * Throws `ByoaiError` (`unavailable`) where the file cannot be used, with what to do about it.
 */
export function openStore(path: string, steps: readonly string[] = migrations): Store {
	try {
		return storeIn(openDatabase(path, steps), path);
	} catch (error) {
		throw fromSqlite(error, path);
	}
}

function storeIn(database: DatabaseSync, path: string): Store {
	try {
		return new SqliteStore(database, path);
	} catch (error) {
		database.close();
		const explained = fromSqlite(error, path);
		// Its tables are not those that every version of ours has made: nobody but a disk, or a stranger, changes them.
		throw explained instanceof ByoaiError && explained.code === 'internal' ? damagedDatabase(path, explained.message) : explained;
	}
}

class SqliteStore implements Store {
	readonly #database: DatabaseSync;
	readonly #file: string;
	readonly #statements: Statements;
	/** Sequence of the snapshot: entries up to it are gone. */
	#covered: number;
	/** Sequence of the last entry, whether still in the journal or covered by the snapshot. */
	#last: number;

	constructor(database: DatabaseSync, file: string) {
		this.#database = database;
		this.#file = file;
		this.#statements = prepareStatements(database);
		this.#covered = Number(this.#statements.snapshotSequence.get()?.sequence ?? 0);
		this.#last = Number(this.#statements.lastEntry.get()?.sequence ?? this.#covered);
	}

	append({events, endedRuns}: Batch): number {
		if (events.length === 0 && endedRuns.length === 0) return this.#last;
		const texts = events.map(encode);
		this.#commit(() => {
			for (const [index, text] of texts.entries()) this.#statements.addEntry.run(this.#last + 1 + index, text);
			for (const run of endedRuns) this.#addRun(run);
		});
		this.#last += texts.length;
		return this.#last;
	}

	*read(after: number): Generator<JournalEntry> {
		let next = Math.max(after, this.#covered) + 1;
		while (next <= this.#last) {
			const count = Math.min(pageEntries, this.#last - next + 1);
			const rows = this.#translated(() => this.#statements.entries.all(next, next + count - 1));
			if (rows.length < count) throw damagedDatabase(this.#file, `journal entries after ${next - 1} are missing`);
			for (const row of rows) {
				yield {sequence: next, event: decodeEvent(String(row.event), next, this.#file)};
				next++;
			}
		}
	}

	saveSnapshot(sequence: number, state: unknown): void {
		if (sequence < this.#covered || sequence > this.#last) {
			throw new ByoaiError('internal', `a snapshot of entry ${sequence} is none of entries ${this.#covered} to ${this.#last}`);
		}
		const text = encode(state);
		this.#commit(() => {
			this.#statements.saveSnapshot.run(sequence, text);
			this.#statements.dropEntries.run(sequence);
		});
		this.#covered = sequence;
	}

	loadSnapshot(): {readonly sequence: number; readonly state: unknown} | undefined {
		const row = this.#translated(() => this.#statements.snapshot.get());
		if (row === undefined) return undefined;
		const sequence = Number(row.sequence);
		return {sequence, state: decode(String(row.state), {what: `the snapshot of entry ${sequence}`, file: this.#file})};
	}

	listRuns({status, limit, before = afterAllIds}: RunQuery): readonly RunSummary[] {
		const {runs, runsOfStatus} = this.#statements;
		const rows = this.#translated(() => (status === undefined ? runs.all(before, limit) : runsOfStatus.all(status, before, limit)));
		return rows.map(row => runSummary(row, this.#file));
	}

	loadRun(id: string): Run | undefined {
		const row = this.#translated(() => this.#statements.run.get(id));
		return row === undefined ? undefined : (decode(String(row.run), {what: `run ${id}`, file: this.#file}) as Run);
	}

	findRuns(prefix: string, limit: number): readonly string[] {
		const rows = this.#translated(() => this.#statements.runsBetween.all(prefix, prefix + afterAllIds, limit));
		return rows.map(row => String(row.id));
	}

	runOfRequest(key: string): string | undefined {
		const row = this.#translated(() => this.#statements.runOfRequest.get(key));
		return row === undefined ? undefined : String(row.id);
	}

	outdatedRuns({keep, endedBefore, limit}: Parameters<Store['outdatedRuns']>[0]): readonly string[] {
		return this.#translated(() => this.#statements.outdatedRuns.all({keep, before: endedBefore, limit})).map(({id}) => String(id));
	}

	dropRun(id: string, attempts: number): boolean {
		let isGone = false;
		this.#commit(() => {
			const {changes} = this.#statements.dropAttempts.run(id, attempts);
			isGone = Number(changes) < attempts;
			if (isGone) this.#statements.dropRun.run(id);
		});
		return isGone;
	}

	close(): void {
		this.#translated(() => this.#database.close());
	}

	/** Recording a run again leaves it as it was: a run that has ended never changes. */
	#addRun(run: Run): void {
		const {changes} = this.#statements.addRun.run(runRow(run));
		if (changes === 0) return;
		for (const row of attemptRows(run)) this.#statements.addAttempt.run(row);
	}

	/** All that `work` writes, or nothing, on the disk when this returns. */
	#commit(work: () => void): void {
		this.#translated(() => {
			this.#statements.begin.run();
			try {
				work();
				this.#statements.commit.run();
			} catch (error) {
				// A full disk makes SQLite roll back by itself.
				if (this.#database.isTransaction) this.#statements.rollback.run();
				throw error;
			}
		});
	}

	#translated<T>(work: () => T): T {
		try {
			return work();
		} catch (error) {
			throw fromSqlite(error, this.#file);
		}
	}
}
