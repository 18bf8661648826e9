import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {expect, onTestFinished, test} from 'vitest';
import type {Event} from '../../source/model/event.ts';
import {migrations} from '../../source/store/migrations.ts';
import {openStore} from '../../source/store/sqlite.ts';
import type {Store} from '../../source/store/store.ts';
import {endedRun} from '../helpers/ended-run.ts';
import {temporaryDirectory} from '../helpers/temporary-directory.ts';

const ticked = (at: number): Event => ({type: 'ticked', at});

/** Opens, works with and closes a store. */
function use(path: string, work?: (store: Store) => void, steps = migrations): void {
	const store = openStore(path, steps);
	try {
		work?.(store);
	} finally {
		store.close();
	}
}

/** Another program's connection to a database. */
function connect(path: string): DatabaseSync {
	const database = new DatabaseSync(path);
	onTestFinished(() => {
		if (database.isOpen) database.close();
	});
	return database;
}

function change(path: string, sql: string): void {
	const database = connect(path);
	database.exec(sql);
	database.close();
}

/** Names and bytes of all files. */
function contents(directory: string): Record<string, string> {
	return Object.fromEntries(readdirSync(directory).map(name => [name, readFileSync(join(directory, name), 'latin1')]));
}

function refused(text: string) {
	return expect.objectContaining({code: 'unavailable', message: expect.stringContaining(text)});
}

test('everything is there after a restart, and numbers never start again', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => {
		store.append({events: [ticked(1), ticked(2)], endedRuns: [endedRun('r01')]});
	});
	use(path, store => {
		expect([...store.read(0)]).toEqual([1, 2].map(at => ({sequence: at, event: ticked(at)})));
		expect(store.loadRun('r01')).toEqual(endedRun('r01'));
		store.saveSnapshot(2, {all: true});
	});
	use(path, store => {
		expect(store.loadSnapshot()).toEqual({sequence: 2, state: {all: true}});
		expect([...store.read(0)]).toEqual([]);
		expect(store.append({events: [ticked(3)], endedRuns: []})).toBe(3);
	});
});

test('a store that was closed is one file', () => {
	const directory = temporaryDirectory();
	use(join(directory, 'byoai.db'), store => store.append({events: [ticked(1)], endedRuns: []}));
	expect(readdirSync(directory)).toEqual(['byoai.db']);
});

test('each attempt of an ended run is a row that other programs can query while the store is open', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => {
		store.append({events: [], endedRuns: [endedRun('r01')]});
		const rows = connect(path).prepare('SELECT * FROM attempts ORDER BY run, task, attempt').all();
		const common = {run: 'r01', task: 0, name: 'build', assigned_at: 1000};
		expect(rows.map(row => ({...row}))).toEqual([
			{...common, attempt: 1, agent: 'local-agent', status: 'failed', exit_code: 7, ended_at: 1500, duration_ms: 412.5, log_bytes: 90},
			{...common, attempt: 2, agent: 'builder', status: 'succeeded', exit_code: 0, ended_at: 9000, duration_ms: null, log_bytes: null},
		]);
	});
});

test('an empty file becomes a database', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	writeFileSync(path, '');
	use(path, store => expect(store.append({events: [ticked(1)], endedRuns: []})).toBe(1));
});

test.each(['hello', 'x'.repeat(10_000)])('a file that is no database is refused and left alone', text => {
	const directory = temporaryDirectory();
	const path = join(directory, 'byoai.db');
	writeFileSync(path, text);
	expect(() => use(path)).toThrow(refused('is not a database'));
	expect(contents(directory)).toEqual({'byoai.db': text});
});

test('a database of another program is refused and left alone, with what stands in its WAL', () => {
	const directory = temporaryDirectory();
	const path = join(directory, 'byoai.db');
	const foreign = connect(path);
	foreign.exec('PRAGMA application_id = 7; PRAGMA journal_mode = WAL; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
	const before = contents(directory);
	expect(() => use(path)).toThrow(refused('another program'));
	expect(contents(directory)).toEqual(before);
	expect(Object.keys(before)).toContain('byoai.db-wal');
});

test('a database that names no program, but has tables, is refused', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	change(path, 'CREATE TABLE theirs (x)');
	expect(() => use(path)).toThrow(refused('another program'));
});

test('a database of a newer version is refused', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, undefined, [...migrations, 'CREATE TABLE future (x)']);
	expect(() => use(path)).toThrow(refused(`schema ${migrations.length + 1}`));
});

test('a migration changes what was written before it, once', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => store.append({events: [ticked(1)], endedRuns: []}));
	const steps = [...migrations, "UPDATE journal SET event = json_set(event, '$.at', json_extract(event, '$.at') + 10)"];
	for (const _ of ['migrates', 'finds it done']) {
		use(path, store => expect([...store.read(0)]).toEqual([{sequence: 1, event: ticked(11)}]), steps);
	}
});

test('a migration that fails leaves the database as it was', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => store.append({events: [ticked(1)], endedRuns: []}));
	expect(() => use(path, undefined, [...migrations, 'DELETE FROM journal; DELETE FROM nothing'])).toThrow(
		expect.objectContaining({code: 'internal'}),
	);
	use(path, store => expect([...store.read(0)]).toEqual([{sequence: 1, event: ticked(1)}]));
});

test.each(['{"type":', '{"at":1}', 'null', '[]'])('a journal entry that holds %s is named with its file', text => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => store.append({events: [ticked(1), ticked(2), ticked(3)], endedRuns: []}));
	change(path, `UPDATE journal SET event = '${text}' WHERE sequence = 2`);
	use(path, store => expect(() => [...store.read(0)]).toThrow(refused(`journal entry 2 in ${path}`)));
});

test('a hole in the journal is never passed over', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => store.append({events: [ticked(1), ticked(2), ticked(3)], endedRuns: []}));
	change(path, 'DELETE FROM journal WHERE sequence = 2');
	use(path, store => expect(() => [...store.read(0)]).toThrow(refused('missing')));
});

test('a snapshot and a run that cannot be read are named', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => {
		store.append({events: [ticked(1)], endedRuns: [endedRun('r01')]});
		store.saveSnapshot(1, {});
	});
	change(path, "UPDATE snapshot SET state = '{'; UPDATE runs SET run = '{', counts = ''");
	use(path, store => {
		expect(() => store.loadSnapshot()).toThrow(refused(`the snapshot of entry 1 in ${path}`));
		expect(() => store.loadRun('r01')).toThrow(refused(`run r01 in ${path}`));
		expect(() => store.listRuns({limit: 1})).toThrow(refused('r01'));
	});
});

test('a commit while another program holds the database says so, and can be tried again', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path, store => {
		const other = connect(path);
		other.exec('BEGIN IMMEDIATE');
		expect(() => store.append({events: [ticked(1)], endedRuns: []})).toThrow(
			expect.objectContaining({code: 'unavailable', retryable: true, message: expect.stringContaining('locked by another program')}),
		);
		other.exec('ROLLBACK');
		expect(store.append({events: [ticked(1)], endedRuns: []})).toBe(1);
	});
});

test.each(['a directory', 'below a file', 'in no directory'])('a path that is %s is refused', what => {
	const directory = temporaryDirectory();
	mkdirSync(join(directory, 'a directory'));
	writeFileSync(join(directory, 'file'), '');
	const path = join(directory, {'below a file': 'file/byoai.db', 'in no directory': 'none/byoai.db'}[what] ?? what);
	expect(() => use(path)).toThrow(refused('BYOAI_STATE_DIR'));
});

test('a database whose tables are not ours any more is refused as damaged', () => {
	const path = join(temporaryDirectory(), 'byoai.db');
	use(path);
	change(path, 'ALTER TABLE runs RENAME COLUMN reason TO rea3on');
	expect(() => use(path)).toThrow(refused(`${path} is damaged (`));
});
