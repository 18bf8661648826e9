import type {AgentSpec, AgentType} from './workflow.ts';

/** Plain JSON that means the same after a restart of the orchestrator. Only the driver that made it looks inside. */
export type Handle = {readonly driver: AgentType | 'fake'; readonly [key: string]: unknown};

/** What a driver is asked to start. `name` makes starting idempotent: the same name is the same instance. */
export type InstanceSpec = {
	readonly name: string;
	readonly agent: AgentSpec;
	/** Where host paths are relative to, and where a local agent starts. */
	readonly directory: string;
};

/** Why an instance is no more. `output` is the last of what it printed, when that can be had. */
export type InstanceEnd = {
	readonly cause: string;
	readonly output?: string;
	readonly exitCode?: number;
	readonly signal?: string;
};
