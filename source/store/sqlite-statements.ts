import type {DatabaseSync, StatementSync} from 'node:sqlite';
import {summaryColumns} from './history.ts';

export type Statements = Readonly<Record<keyof typeof sql, StatementSync>>;

const sql = {
	begin: 'BEGIN IMMEDIATE',
	commit: 'COMMIT',
	rollback: 'ROLLBACK',
	addEntry: 'INSERT INTO journal (sequence, event) VALUES (?, ?)',
	entries: 'SELECT event FROM journal WHERE sequence BETWEEN ? AND ? ORDER BY sequence',
	lastEntry: 'SELECT sequence FROM journal ORDER BY sequence DESC LIMIT 1',
	dropEntries: 'DELETE FROM journal WHERE sequence <= ?',
	saveSnapshot: `
		INSERT INTO snapshot (id, sequence, state) VALUES (1, ?, ?)
		ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, state = excluded.state`,
	snapshot: 'SELECT sequence, state FROM snapshot',
	snapshotSequence: 'SELECT sequence FROM snapshot',
	addRun: `
		INSERT INTO runs (${summaryColumns}, request_key, run)
		VALUES (:id, :workflow, :file, :status, :created_at, :ended_at, :reason, :counts, :retry_of, :request_key, :run)
		ON CONFLICT (id) DO NOTHING`,
	addAttempt: `
		INSERT INTO attempts (run, task, name, attempt, agent, status, exit_code, assigned_at, ended_at, duration_ms, log_bytes)
		VALUES (:run, :task, :name, :attempt, :agent, :status, :exit_code, :assigned_at, :ended_at, :duration_ms, :log_bytes)`,
	run: 'SELECT run FROM runs WHERE id = ?',
	runOfRequest: 'SELECT id FROM runs WHERE request_key = ? ORDER BY id DESC LIMIT 1',
	runs: `SELECT ${summaryColumns} FROM runs WHERE id < ? ORDER BY id DESC LIMIT ?`,
	runsOfStatus: `SELECT ${summaryColumns} FROM runs WHERE status = ? AND id < ? ORDER BY id DESC LIMIT ?`,
	outdatedRuns: `
		SELECT id FROM runs AS old
		WHERE (ended_at < :before
			OR (ended_at, id) <= (SELECT ended_at, id FROM runs ORDER BY ended_at DESC, id DESC LIMIT 1 OFFSET :keep))
			AND NOT EXISTS (SELECT 1 FROM runs AS retry WHERE retry.retry_of = old.id)
		ORDER BY ended_at, id LIMIT :limit`,
	dropAttempts: `
		DELETE FROM attempts WHERE (run, task, attempt) IN
			(SELECT run, task, attempt FROM attempts WHERE run = ? LIMIT ?)`,
	dropRun: 'DELETE FROM runs WHERE id = ?',
	runsBetween: 'SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?',
} as const;

export function prepareStatements(database: DatabaseSync): Statements {
	const prepared = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)] as const);
	return Object.fromEntries(prepared) as Statements;
}
