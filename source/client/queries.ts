import type {RunStatus} from '../model/run.ts';

/** What to run: text with where it comes from, or the name of a file of the orchestrator's workflow directory. */
export type RunRequest =
	| {
			readonly text: string;
			/** As the user named it. */
			readonly file?: string;
			/** Absolute: where its tasks run on the orchestrator's host. */
			readonly directory: string;
			readonly params?: Readonly<Record<string, unknown>>;
			/** Take an active run of the same file, text and params instead of starting another. */
			readonly resume?: boolean;
	  }
	| {readonly workflow: string; readonly params?: Readonly<Record<string, unknown>>};

export type RunsQuery = {readonly status?: RunStatus; readonly limit?: number; readonly before?: string};

export type LinesQuery = {
	/** An id, a unique prefix of one, or `latest`; absent: all runs that are active or ended lately. */
	readonly run?: string;
	/** Name or index. */
	readonly task?: string | number;
	readonly agent?: string;
	/** Only lines that are not older: a time, or a duration back from now, such as `10m`. */
	readonly since?: string;
	/** Only lines with this text in them. */
	readonly grep?: string;
	/** Go on until the run has ended; without a run, until the signal. */
	readonly follow?: boolean;
	/** Following, what comes within so long, such as `200ms`, comes together. */
	readonly every?: string;
};

/** Which tasks of an ended run are to run again; neither: those that did not succeed. Names or indices. */
export type RetryChoice = {
	/** This one and all that comes after it. */
	readonly from?: string;
	/** This one and no other. */
	readonly only?: string;
};

export type TaskLogQuery = {
	readonly run: string;
	readonly task: string | number;
	/** Absent: the newest. */
	readonly attempt?: number;
	/** Bytes of both streams together to leave out. */
	readonly offset?: number;
	/** Go on until the attempt has ended; waits for the first. */
	readonly follow?: boolean;
	readonly stream?: 'stdout' | 'stderr';
};
