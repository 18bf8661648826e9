import type {RunId, SessionId} from './ids.ts';
import type {Handle} from './instance.ts';
import type {Items, List} from './list.ts';
import type {Workflow} from './workflow.ts';

export type RunStatus = 'pending' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';

/** All of them, in the order of a run's life. */
export const runStatuses: readonly RunStatus[] = ['pending', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled'];

/** `blocked`: by a dependency. `waiting`: for a time. `ready`: only a slot is missing. */
export type TaskStatus = 'blocked' | 'waiting' | 'ready' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export type AttemptStatus = 'assigned' | 'running' | OutcomeStatus;

/** How an attempt ended. `lost`: its agent was not heard from, or its instance ended. */
export type OutcomeStatus = 'succeeded' | 'failed' | 'timed_out' | 'cancelled' | 'lost';

/** A task that failed is a value. */
export type Outcome = {
	readonly status: OutcomeStatus;
	/** Exit code of the command, when it exited. */
	readonly exitCode?: number;
	/** Signal that ended the command, for instance `SIGKILL`. */
	readonly signal?: string;
	/** Why, in words, where status, code and signal do not say it all. */
	readonly reason?: string;
	/** From the start of the command to its end, by the agent's clock. Absent: it never started. */
	readonly durationMs?: number;
};

/** One execution of a workflow. Terminal states never change; a retry is a new run. */
export type Run = {
	readonly id: RunId;
	readonly workflow: Workflow;
	readonly status: RunStatus;
	/** The same for two submissions of the same file, text and params: a restarted `byoai -f` finds its run by it. */
	readonly startKey?: string;
	/** Hash of the `Idempotency-Key` it was submitted with: a repeated request finds its run by it. */
	readonly requestKey?: string;
	/** The run that this one retries. */
	readonly retryOf?: RunId;
	/** The run's params as given, for people; the workflow is already resolved with them. */
	readonly params: Readonly<Record<string, unknown>>;
	/** Wall clock of the orchestrator, milliseconds since 1970, as all times here. */
	readonly createdAt: number;
	readonly endedAt?: number;
	/** How long a ready task waits for an agent that is not there; absent: without end. */
	readonly agentTimeoutMs?: number;
	/** Somebody's wish, or the workflow's `timeout`, or `fail_fast`: why nothing new is started. */
	readonly stop?: RunStop;
	readonly tasks: List<Task>;
	/** Indices of the tasks that are `ready`, in the order in which they are to be placed. */
	readonly ready: Items<number>;
	/** Indices of the tasks that are `waiting`. */
	readonly waiting: Items<number>;
	/** How many tasks have not ended. */
	readonly open: number;
	/** How many tasks are `running`. */
	readonly active: number;
	/** When one of its tasks was last given a slot; absent before the first. */
	readonly servedAt?: number;
	/** For each task, the indices of those that depend on it; follows from the workflow. */
	readonly dependents: ReadonlyArray<readonly number[]>;
	/** Whether any task runs on `local-agent`. */
	readonly usesLocalAgent: boolean;
	/** Names of the image agents that its tasks run on; absent: no task has an `image`. */
	readonly imageAgents?: readonly string[];
	/** Names of declared agents for which an agent of that name already serves: nothing was deployed for them. */
	readonly adoptedAgents: readonly string[];
};

export type RunStop = {
	readonly cause: 'cancelled' | 'timeout' | 'fail_fast';
	readonly at: number;
	/** In words, for instance `cancelled by SIGINT` or `task build failed`. */
	readonly reason: string;
};

/** How a new run takes up an ended one of the same workflow. Tasks are named by their index; those not named run as ever. */
export type RunRetry = {
	readonly of: RunId;
	/** Succeeded before and not repeated, with the run whose result counts: where their output is. */
	readonly taken: ReadonlyArray<{readonly task: number; readonly from: RunId}>;
	/** Not wanted this time. */
	readonly skipped: readonly number[];
	/** Starts without regard to what it depends on. */
	readonly forced?: number;
};

/** The state of one task of a run; what it is to do stands in `workflow.tasks` at the same index. */
export type Task = {
	readonly status: TaskStatus;
	/** Dependencies that are not decided yet. */
	readonly undecided: number;
	/** Attempts that failed or timed out, and attempts that were lost: counted apart, by `retry.limit` and `retry.lost`. */
	readonly failures: number;
	readonly losses: number;
	/** Since when it is `ready`. */
	readonly readyAt?: number;
	/** When a `waiting` task becomes ready again. */
	readonly retryAt?: number;
	readonly endedAt?: number;
	/** It succeeded in that run, and its result was taken over. */
	readonly takenFrom?: RunId;
	/** Its running attempt is to be stopped. */
	readonly stopping?: true;
	/** Why it ended as it did, or was skipped, in words; absent where the last attempt's outcome says it. */
	readonly reason?: string;
	/** The cause of an end that no attempt had. */
	readonly cause?: TaskCause;
	readonly attempts: readonly Attempt[];
};

export type TaskCause = 'no_agent' | 'start_failed' | 'dependency' | 'fail_fast' | 'timeout' | 'cancelled';

/** One try of a task, numbered from 1; `attempts[n - 1]` is attempt n. */
export type Attempt = {
	readonly agent: string;
	readonly session: SessionId;
	readonly status: Exclude<AttemptStatus, 'running'>;
	readonly assignedAt: number;
	/** Where it runs, when that is an instance of its own, and since when. */
	readonly instance?: {readonly handle: Handle; readonly startedAt: number};
	readonly endedAt?: number;
	readonly outcome?: Outcome;
	/** Bytes of its log, known when it ended. */
	readonly logBytes?: number;
};

const endedTask: ReadonlySet<TaskStatus> = new Set(['succeeded', 'failed', 'cancelled', 'skipped']);
const endedRun: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'cancelled']);

/** Whether a task of this status is over for good. */
export function taskEnded(status: TaskStatus): boolean {
	return endedTask.has(status);
}

/** Whether a run of this status is over for good. */
export function runEnded(status: RunStatus): boolean {
	return endedRun.has(status);
}

/** The attempt that a task runs now, with its number; undefined when it runs none. */
export function currentAttempt(task: Task | undefined): {number: number; attempt: Attempt} | undefined {
	const attempt = task?.attempts.at(-1);
	if (task?.status !== 'running' || attempt === undefined) return undefined;
	return {number: task.attempts.length, attempt};
}
