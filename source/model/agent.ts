import type {AttemptRef, RunId, SessionId} from './ids.ts';
import type {Handle} from './instance.ts';
import type {AgentSpec, Labels} from './workflow.ts';

export type AgentStatus = 'starting' | 'online' | 'draining' | 'lost' | 'left';

/** An agent that registered itself: we did not start it and never stop it. */
export type RegisteredAgent = {
	readonly name: string;
	/** What it said of itself; information only. */
	readonly type: string;
	/** Where it is dialled; absent with `mode: pull`. */
	readonly url?: string;
	readonly mode: 'pull' | 'push';
	readonly slots: number;
	readonly labels: Labels;
	readonly registeredAt: number;
	readonly draining: boolean;
};

/** One start of an agent program, as the journal knows it. Leases, held attempts and free slots belong to the session. */
export type Session = {
	readonly id: SessionId;
	readonly agent: string;
	/** Fixed when the session opened, so that a restarted orchestrator knows the longest lease that may be out. */
	readonly leaseMs: number;
	readonly openedAt: number;
	/** Held inside the orchestrator for a basic agent: it ends with the orchestrator's process. */
	readonly basic?: true;
	/** Attempts that are this session's to run, oldest first. */
	readonly assigned: readonly AttemptRef[];
};

/** Like agents that a driver keeps: one for each declared agent of a run, for `local-agent`, for each persistent agent. */
export type Pool = {
	/** Name of its first instance, and of the pool: `builder~r01j…`, `local-agent`. */
	readonly name: string;
	readonly spec: AgentSpec;
	/** The run that it lives in; absent: it is shared. */
	readonly run?: RunId;
	/** Where its instances start, and where their host paths are relative to. */
	readonly directory: string;
	/** How long it stays when nobody needs it any more. */
	readonly idleMs: number;
	/** How many instances were ever started; the next is named after it. */
	readonly started: number;
	/**
	 * How often instances failed or ended by themselves since an attempt last ended well on this pool. Those that were there together count
	 * once: an engine that dies takes all of them along.
	 */
	readonly failures: number;
	/** When that was last counted. */
	readonly failedAt?: number;
	/** When the next instance may be started, after one failed. */
	readonly nextStartAt?: number;
	/** Why it cannot serve; set, its tasks fail with it. */
	readonly broken?: string;
	/** It gets nothing new. Persistent pools only, as `removing`. */
	readonly draining?: boolean;
	/** It is to go: its instances are being stopped. */
	readonly removing?: boolean;
	/** Since when nobody needs it. */
	readonly idleSince?: number;
	readonly instances: readonly Instance[];
};

/** The status of an instance: `failed` is still there to be stopped. */
export type InstanceStatus = 'pulling' | 'starting' | 'running' | 'stopping' | 'failed';

/** What a driver started, or is to start, to run one agent. Its name is the name of the agent in it. */
export type Instance = {
	readonly name: string;
	readonly status: InstanceStatus;
	readonly requestedAt: number;
	/** What the driver needs to find it again; absent until it has started. */
	readonly handle?: Handle;
	/** When it had started: from then on its agent program may take `startTimeoutMs`. What a driver does before, it bounds by itself. */
	readonly startedAt?: number;
	/** Set once an agent program in it opened a session. */
	readonly onlineAt?: number;
	/** Why it is being stopped though it was to go on: what it ran is lost for this cause, once its end is confirmed. */
	readonly givenUp?: string;
	/** `lifetime: task`: it has been given its attempt and gets no other. */
	readonly spent?: boolean;
};
