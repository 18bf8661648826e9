import type {AgentStatus, InstanceStatus} from '../model/agent.ts';
import type {Problem} from '../model/error.ts';
import type {RunId} from '../model/ids.ts';
import type {InstanceUsage} from '../model/instance.ts';
import type {AttemptStatus, Outcome, RunStatus, TaskCause, TaskStatus} from '../model/run.ts';
import type {AgentSelector, AgentSpec, DependencyCondition, Labels, Resources, RetryPolicy} from '../model/workflow.ts';

/**
 * What people and programs see: rows with id and version. An unchanged row is the same object, a changed one has a higher
 * version; the journal's events stay private. Times are milliseconds since 1970.
 */
export type RunRow = {
	readonly id: RunId;
	readonly version: number;
	readonly workflow: string;
	readonly file?: string;
	readonly status: RunStatus;
	readonly createdAt: number;
	readonly endedAt?: number;
	/** Why it is being, or was, stopped. */
	readonly reason?: string;
	/** The run that it retries. */
	readonly retryOf?: RunId;
	/** How many of its tasks have each status. */
	readonly counts: Readonly<Record<TaskStatus, number>>;
};

export type TaskRow = {
	/** `<run>/<index>` */
	readonly id: string;
	readonly version: number;
	readonly run: RunId;
	/** Index in file order. */
	readonly task: number;
	readonly name: string;
	readonly status: TaskStatus;
	/** Number of the newest attempt; 0 before the first. */
	readonly attempt: number;
	/** The agent of the newest attempt. */
	readonly agent?: string;
	/** When the newest attempt was assigned. */
	readonly assignedAt?: number;
	readonly endedAt?: number;
	/** Of the newest attempt, when it has ended. */
	readonly outcome?: Outcome;
	/** Of the attempt before the newest: why there was another. */
	readonly before?: Outcome;
	/** Its attempt has not begun: the instance of its own is being started, and that takes long; how far it is, in words. */
	readonly starting?: string;
	readonly retryAt?: number;
	/** It succeeded in that run, and its result was taken over: its output is there. */
	readonly takenFrom?: RunId;
	readonly reason?: string;
	readonly cause?: TaskCause;
};

export type AgentRow = {
	/** Its name. */
	readonly id: string;
	readonly version: number;
	readonly type: string;
	readonly status: AgentStatus;
	readonly slots: number;
	/** Slots in use. */
	readonly used: number;
	readonly labels: Labels;
	/** The run that it lives in. */
	readonly run?: RunId;
	readonly instance?: InstanceStatus;
	/** What its instance uses, where its driver measures that. */
	readonly usage?: InstanceUsage;
	/** How far its start is, where that takes long: `pulling 43 % (3 of 7 layers), 12 MiB of 28 MiB, 1.5 MiB/s`. */
	readonly starting?: string;
	/** Why it cannot be used. */
	readonly problem?: string;
};

/** One agent, whole: `GET /v1/agents/:name`. */
export type AgentDetail = AgentRow & {
	/** How it is reached: it dials (`pull`), or is dialled (`push`). Of agents that registered. */
	readonly mode?: 'pull' | 'push';
	/** What it said of where it is. */
	readonly url?: string;
	readonly registeredAt?: number;
	/** When it was last heard from; absent: not since the orchestrator started. */
	readonly lastSeenAt?: number;
	/** Of agents that were deployed: what was asked for, with every default filled in. What its variables hold is hidden (`***`): it may be secret. */
	readonly spec?: AgentSpec;
	/** The last lines that its instance has printed, while it is starting or lost. Untrusted. */
	readonly output?: string;
	/** What it runs, oldest first. */
	readonly attempts: readonly AgentAttempt[];
};

export type AgentAttempt = {
	readonly run: RunId;
	/** Index in file order. */
	readonly task: number;
	readonly name: string;
	readonly attempt: number;
	readonly assignedAt: number;
};

/** What `GET /v1/events` sends first: everything. */
export type Snapshot = {readonly runs: readonly RunRow[]; readonly tasks: readonly TaskRow[]; readonly agents: readonly AgentRow[]};

/** What it sends then: rows that are new or changed, and ids of those that are gone. Tasks go with their run, untold. */
export type ViewChange = {
	readonly runs?: readonly RunRow[];
	readonly tasks?: readonly TaskRow[];
	readonly agents?: readonly AgentRow[];
	readonly gone?: {readonly runs?: readonly string[]; readonly agents?: readonly string[]};
};

/** One run, whole: `GET /v1/runs/:id`. */
export type RunDetail = Omit<RunRow, 'version'> & {
	readonly params: Readonly<Record<string, unknown>>;
	/** The directory in which its tasks run on the orchestrator's host. */
	readonly directory: string;
	readonly tasks: readonly TaskDetail[];
};

export type TaskDetail = Omit<TaskRow, 'id' | 'version' | 'run' | 'outcome' | 'before' | 'starting'> & {
	/** Names of the tasks that it depends on. */
	readonly dependsOn: readonly string[];
	/** Why it has not started yet, in words. */
	readonly waiting?: string;
	readonly attempts: readonly AttemptDetail[];
};

export type AttemptDetail = {
	readonly number: number;
	readonly agent: string;
	readonly status: AttemptStatus;
	readonly assignedAt: number;
	readonly endedAt?: number;
	readonly outcome?: Outcome;
	readonly logBytes?: number;
};

/** One task of a run, with what it is to do: `GET /v1/runs/:id/tasks/:task`. */
export type WholeTask = TaskDetail & {readonly run: RunId; readonly spec: TaskSpecView};

/** What a task is to do, with every default filled in. Values of its environment are left out: they may be secret. */
export type TaskSpecView = {
	readonly command: string | readonly string[];
	readonly agent: AgentSelector;
	readonly image?: string;
	readonly dependsOn: ReadonlyArray<{readonly name: string; readonly condition: DependencyCondition; readonly optional: boolean}>;
	/** Names, in order. */
	readonly env: readonly string[];
	readonly workingDir?: string;
	readonly shell?: readonly string[];
	readonly timeoutMs?: number;
	readonly retry: RetryPolicy;
	readonly continueOnError: boolean;
	readonly volumes: readonly string[];
	readonly resources?: Resources;
	readonly labels: Labels;
};

/** What a retry of a run would do with each of its tasks, in file order: run it, keep its result, or leave it out. */
export type RetryPlan = {
	readonly retryOf: RunId;
	readonly tasks: ReadonlyArray<{readonly name: string; readonly action: 'run' | 'keep' | 'skip'}>;
};

/** One line of output, as `GET /v1/logs` sends it (NDJSON). */
export type LogLine = {
	readonly run: RunId;
	readonly task: number;
	readonly name: string;
	readonly attempt: number;
	readonly agent: string;
	readonly stream: 'stdout' | 'stderr';
	/** When the agent read its beginning. */
	readonly at: number;
	/** Without its end; bytes that are no UTF-8 are replaced. */
	readonly text: string;
	/** The line is longer than the limit: `text` is its beginning, or a further part of it. */
	readonly cut?: true;
};

/**
 * A piece of one attempt's output, as `GET /v1/runs/:id/tasks/:task/logs?format=ndjson` sends it: its bytes as `text` where they
 * are UTF-8, else as `base64`. At the end, how many bytes were dropped, where some were.
 */
export type LogRecord =
	| (Pick<LogLine, 'stream' | 'at'> & {readonly offset: number} & ({readonly text: string} | {readonly base64: string}))
	| {readonly dropped: number};

/** One file of the workflow directory: `GET /v1/workflows`. */
export type WorkflowRow = {
	/** Relative to the workflow directory. */
	readonly file: string;
	/** The workflow's; the file's where it is not valid. */
	readonly name: string;
	readonly description?: string;
	readonly params: readonly WorkflowParam[];
	/** How many tasks it has; 0 where it is not valid. */
	readonly tasks: number;
	/** What is wrong with it; empty: it can be run. */
	readonly problems: readonly Problem[];
};

/** The same with the text of the file: `GET /v1/workflows/:file`. */
export type WorkflowDetail = WorkflowRow & {readonly text: string};

/** A value that a workflow asks for. */
export type WorkflowParam = {
	readonly name: string;
	readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'list';
	readonly required: boolean;
	/** Of its type. */
	readonly default?: unknown;
	/** The values that it may have, where not all of its type. */
	readonly enum?: readonly unknown[];
	readonly description?: string;
};
