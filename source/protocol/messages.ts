import type {AttemptRef, SessionId} from '../model/ids.ts';
import type {Outcome} from '../model/run.ts';
import type {Environment} from '../model/workflow.ts';

/** The version of the agent protocol, as `/health` tells it. */
export const protocolVersion = 1;

export type LogStream = 'stdout' | 'stderr';

/** A piece of an attempt's output as it was read: from one stream, at one time (the agent's wall clock, milliseconds). */
export type LogChunk = {
	readonly stream: LogStream;
	readonly at: number;
	/** base64 */
	readonly data: string;
};

/**
 * What an agent says of itself: what *is*, not what changed. So a lost or doubled Report does no harm.
 * docs: design of the exchange in ARCHITECTURE.md, "Agents".
 */
export type Report = {
	/** Random for each start of the agent program. */
	readonly session: SessionId;
	/** 1, 2, 3 … within the session. */
	readonly number: number;
	/** Attempts received whose outcome is not yet acknowledged. */
	readonly held: readonly AttemptRef[];
	/** Slots to fill. */
	readonly free: number;
	/** Repeated until acknowledged. */
	readonly outcomes: readonly ReportedOutcome[];
	/** Output from the acknowledged offset on; offsets are bytes of the attempt's merged stream. */
	readonly logs: ReadonlyArray<{readonly ref: AttemptRef; readonly offset: number; readonly chunks: readonly LogChunk[]}>;
	/** How long the answer may be held while there is nothing to say. */
	readonly waitMs: number;
};

export type ReportedOutcome = {
	readonly ref: AttemptRef;
	readonly outcome: Outcome;
	/** Bytes of output in all; the outcome counts once the orchestrator has them. */
	readonly logBytes: number;
};

/** What the orchestrator wants of an agent; follows from its state and the session's newest Report alone. */
export type Orders = {
	readonly session: SessionId;
	/** The newest `Report.number` seen of that session; 0 before the first. */
	readonly answers: number;
	/** Fixed when the session opened; counts from the sending of Report `answers`. */
	readonly leaseMs: number;
	readonly start: readonly Assignment[];
	/** Attempts without an outcome that are to be ended. */
	readonly stop: readonly AttemptRef[];
	readonly acknowledged: {
		/** Recorded or refused: settled either way, the agent forgets them. */
		readonly outcomes: readonly AttemptRef[];
		/** Output up to `offset` is durable here. */
		readonly logs: ReadonlyArray<{readonly ref: AttemptRef; readonly offset: number}>;
	};
	readonly drain: boolean;
};

/** All that an agent needs to run one attempt. */
export type Assignment = {
	readonly ref: AttemptRef;
	/** The task's name, for the agent's own log. */
	readonly task: string;
	/** A string runs as `sh -c`, a list of lines as `sh -ec`. */
	readonly command: string | readonly string[];
	/** argv before the script, instead of `sh -c`. */
	readonly shell?: readonly string[];
	/** Added to the agent's own environment. */
	readonly env: Environment;
	/** Absolute, or relative to where the agent runs. */
	readonly workingDir?: string;
	readonly timeoutMs?: number;
	/** Between terminate and kill. */
	readonly graceMs: number;
};
