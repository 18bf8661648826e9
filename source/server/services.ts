import type {Exchanges} from '../agents/exchange.ts';
import type {Clock} from '../engine/clock.ts';
import type {Engine} from '../engine/engine.ts';
import type {History} from '../engine/history.ts';
import type {TaskLogs} from '../engine/task-logs.ts';
import type {Views} from '../engine/views.ts';
import type {RunId} from '../model/ids.ts';
import type {Limits} from '../model/limits.ts';
import type {AgentSpec, AgentType} from '../model/workflow.ts';

/** What the server serves. */
export type Services = {
	readonly engine: Engine;
	readonly exchanges: Exchanges;
	readonly views: Views;
	readonly history: History;
	readonly logs: TaskLogs;
	readonly clock: Clock;
	/** Diagnostics that nobody waits for. */
	readonly warn: (message: string) => void;
	/** The product's, as `/health` tells it. */
	readonly version: string;
	/** Random for each start of the orchestrator: ids of an earlier one's events mean nothing now. */
	readonly epoch: string;
	/** What the API asks for; absent: nothing. */
	readonly token?: string;
	/** The token of the instance of that name. */
	readonly instanceToken: (agent: string) => string;
	/** Absolute: where workflow files are looked up. */
	readonly workflowDir: string;
	readonly limits: Limits;
	/** `local-agent` as this orchestrator keeps it. */
	readonly localAgent: {readonly slots: number; readonly idleMs: number};
	/** How long a task waits for an agent that is not there, where its workflow does not say; absent: without end. */
	readonly agentTimeoutMs?: number;
	/** The same for a workflow that an agent handed over for itself: nobody else can take its place. */
	readonly ownAgentTimeoutMs: number;
	/** Types of agents that can be deployed here. */
	readonly supportedTypes: ReadonlySet<AgentType>;
	/** What the driver of an agent cannot do of its specification, in words for the author; host paths are relative to `directory`. */
	readonly refusalsOf: (agent: AgentSpec, directory: string) => readonly string[];
	/** The same of a task with an `image`, whose instances are made after `mould`; undefined: no instance of a task can be of that type. */
	readonly imageRefusalsOf: (mould: AgentSpec, directory: string) => readonly string[] | undefined;
	/** Attempts at once of tasks with an `image`, by type. */
	readonly imageSlots: Readonly<Partial<Record<AgentType, number>>>;
	/** Whether these agents can be started here now. Rejects with `unavailable`, and what to do about it. */
	readonly probe: (agents: readonly AgentSpec[]) => Promise<void>;
	readonly newRunId: () => RunId;
	/** The last that the instance of an agent has printed so far; undefined: nothing, it cannot be had now, or there is none. */
	readonly lastOutput: (agent: string) => Promise<string | undefined>;
};
