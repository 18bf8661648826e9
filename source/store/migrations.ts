/*
 * `runs` and `attempts` are the history: they may be queried with any SQLite program while the orchestrator runs. Times are
 * milliseconds since 1970. `run` is last in its row, so that listing need not step over it.
 */
const firstSchema = `
	CREATE TABLE journal (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
	CREATE TABLE snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
	CREATE TABLE runs (
		id TEXT PRIMARY KEY, workflow TEXT NOT NULL, file TEXT, status TEXT NOT NULL,
		created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, reason TEXT, counts TEXT NOT NULL, retry_of TEXT, request_key TEXT,
		run TEXT NOT NULL
	) STRICT;
	CREATE INDEX runs_by_status ON runs (status, id);
	CREATE INDEX runs_by_request ON runs (request_key) WHERE request_key IS NOT NULL;
	CREATE TABLE attempts (
		run TEXT NOT NULL, task INTEGER NOT NULL, name TEXT NOT NULL, attempt INTEGER NOT NULL, agent TEXT NOT NULL,
		status TEXT NOT NULL, exit_code INTEGER, assigned_at INTEGER NOT NULL, ended_at INTEGER, duration_ms REAL, log_bytes INTEGER,
		PRIMARY KEY (run, task, attempt)
	) STRICT, WITHOUT ROWID;
`;

/** For what goes when there are too many runs. */
const retention = `
	CREATE INDEX runs_by_end ON runs (ended_at, id);
	CREATE INDEX runs_by_retry ON runs (retry_of) WHERE retry_of IS NOT NULL;
`;

/**
 * The steps from an empty database to the present one; `user_version` counts those that a database has behind it. A step
 * that has been released never changes. Whoever changes the shape of an event, a run or the scheduler's state adds a step that rewrites
 * the JSON in `journal`, `runs` or `snapshot`.
 */
export const migrations: readonly string[] = [firstSchema, retention];
