import type {RegisteredAgent} from './agent.ts';
import type {AttemptRef, RunId, SessionId} from './ids.ts';
import type {Handle, InstanceEnd} from './instance.ts';
import type {Outcome, RunRetry} from './run.ts';
import type {AgentSpec, AgentType, Workflow} from './workflow.ts';

/**
 * Everything that happens, and all that the journal holds: decisions, in the past tense. Time and ids come with the
 * event, so that replay is exact. `at` is the orchestrator's wall clock in milliseconds.
 */
export type Event =
	| RunSubmitted
	| {readonly type: 'run-cancelled'; readonly at: number; readonly run: RunId; readonly reason: string}
	| {readonly type: 'agent-registered'; readonly at: number; readonly agent: Omit<RegisteredAgent, 'registeredAt' | 'draining'>}
	/** A persistent agent is to be kept; said again for the same one, it lifts a drain and tries again what failed. */
	| {readonly type: 'agent-deployed'; readonly at: number; readonly agent: AgentSpec; readonly directory: string}
	/** Registered or deployed: it gets nothing new. */
	| {readonly type: 'agent-drained'; readonly at: number; readonly agent: string}
	/** Registered: it is forgotten. Deployed: its instances are stopped. `force`: although it runs tasks, which are lost. */
	| {readonly type: 'agent-removed'; readonly at: number; readonly agent: string; readonly force?: boolean}
	| SessionOpened
	| {readonly type: 'session-lost'; readonly at: number; readonly session: SessionId; readonly cause: string}
	| {readonly type: 'attempt-assigned'; readonly at: number; readonly ref: AttemptRef; readonly session: SessionId}
	| AttemptStarted
	| AttemptFinished
	| {readonly type: 'instance-started'; readonly at: number; readonly instance: string; readonly handle: Handle}
	| {readonly type: 'instance-failed'; readonly at: number; readonly instance: string; readonly end: InstanceEnd}
	/** It is to be stopped, because nobody can say any more what runs in it. What it ran is lost once its end is confirmed. */
	| {readonly type: 'instance-given-up'; readonly at: number; readonly instance: string; readonly cause: string}
	| {readonly type: 'instance-ended'; readonly at: number; readonly instance: string; readonly end: InstanceEnd}
	| {readonly type: 'ticked'; readonly at: number};

export type SessionOpened = {
	readonly type: 'session-opened';
	readonly at: number;
	readonly session: SessionId;
	readonly agent: string;
	readonly leaseMs: number;
	/** Held inside the orchestrator for a basic agent. */
	readonly basic?: true;
};

export type RunSubmitted = {
	readonly type: 'run-submitted';
	readonly at: number;
	readonly run: RunId;
	readonly workflow: Workflow;
	readonly params: Readonly<Record<string, unknown>>;
	readonly startKey?: string;
	readonly requestKey?: string;
	readonly retry?: RunRetry;
	/** For runs whose file sets no `agent_timeout`. */
	readonly agentTimeoutMs?: number;
	/** `local-agent` as this orchestrator keeps it. */
	readonly localAgent: {readonly slots: number; readonly idleMs: number};
	/** Instances at once of each image agent; absent: no task has an `image`. */
	readonly imageSlots?: Readonly<Partial<Record<AgentType, number>>>;
};

/** It runs in an instance of its own. From then on, that this instance is not there is the attempt's loss, and no reason to start it again. */
export type AttemptStarted = {
	readonly type: 'attempt-started';
	readonly at: number;
	readonly ref: AttemptRef;
	readonly session: SessionId;
	readonly handle: Handle;
};

export type AttemptFinished = {
	readonly type: 'attempt-finished';
	readonly at: number;
	readonly ref: AttemptRef;
	readonly session: SessionId;
	readonly outcome: Outcome;
	readonly logBytes: number;
};
