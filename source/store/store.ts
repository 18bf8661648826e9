import type {Event} from '../model/event.ts';
import type {Run, RunStatus} from '../model/run.ts';

/** A journaled event with its place in the journal, counted from 1. */
export type JournalEntry = {readonly sequence: number; readonly event: Event};

/** What the engine writes in one commit. */
export type Batch = {
	readonly events: readonly Event[];
	/** Runs that these events ended: they go into the history tables (`runs`, `attempts`). */
	readonly endedRuns: readonly Run[];
};

export type RunQuery = {
	readonly status?: RunStatus;
	readonly limit: number;
	/** Only runs created before this run id's. */
	readonly before?: string;
};

/**
 * The journal, its snapshots and the history. All calls are synchronous; what goes wrong throws `ByoaiError`
 * (`unavailable`: disk full, read-only, not a database …) and leaves nothing half done.
 */
export interface Store {
	/** One commit. When it returns, the batch survives kill -9 and loss of power. Returns the last entry's sequence. */
	append(batch: Batch): number;

	/** Journal entries with a sequence greater than `after`, in order. */
	read(after: number): Iterable<JournalEntry>;

	/** Keeps `state` (plain JSON) as the sum of all entries up to `sequence`, and drops those entries. */
	saveSnapshot(sequence: number, state: unknown): void;

	loadSnapshot(): {readonly sequence: number; readonly state: unknown} | undefined;

	/** Ended runs, newest first, without their tasks' details. */
	listRuns(query: RunQuery): readonly RunSummary[];

	/** One ended run, whole. */
	loadRun(id: string): Run | undefined;

	/** Ids of ended runs that begin with `prefix`, newest first, at most `limit`. */
	findRuns(prefix: string, limit: number): readonly string[];

	/** The ended run that was submitted with this `requestKey`. */
	runOfRequest(key: string): string | undefined;

	/**
	 * Ended runs that are more than `keep`, or ended before `endedBefore` (wall clock): at most `limit` ids, those that ended first at the
	 * front. A run that a kept one retries is not among them, for its results may have been taken over.
	 */
	outdatedRuns(query: {readonly keep: number; readonly endedBefore: number; readonly limit: number}): readonly string[];

	/**
	 * Removes an ended run, in slices, so that no call takes long: at most `attempts` rows of its attempts, and itself with the last of
	 * them. True: it is gone. Each slice is a commit.
	 */
	dropRun(id: string, attempts: number): boolean;

	close(): void;
}

/** One ended run as a row. */
export type RunSummary = {
	readonly id: string;
	readonly workflow: string;
	readonly file?: string;
	readonly status: RunStatus;
	readonly createdAt: number;
	readonly endedAt: number;
	/** Tasks by their final status. */
	readonly counts: Readonly<Record<string, number>>;
	readonly reason?: string;
	readonly retryOf?: string;
};
