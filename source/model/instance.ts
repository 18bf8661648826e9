import type {AttemptRef} from './ids.ts';
import type {AgentSpec, AgentType, Environment} from './workflow.ts';

/**
 * The variable by which an agent marks each start of a command, with a value of its own: a command whose start its agent did not survive is
 * found by it.
 */
export const startVariable = 'BYOAI_START';

/** Plain JSON that means the same after a restart of the orchestrator. Only the driver that made it looks inside. */
export type Handle = {readonly driver: AgentType | 'fake'; readonly [key: string]: unknown};

/** What a driver is asked to start. `name` makes starting idempotent: the same name is the same instance. */
export type InstanceSpec = {
	readonly name: string;
	readonly agent: AgentSpec;
	/** Where host paths are relative to, and where a local agent starts. */
	readonly directory: string;
	/** Present: the instance is there for one attempt of a task with an `image`. It runs this and ends with it; no agent program is in it. */
	readonly command?: InstanceCommand;
};

/** What an instance of a single attempt runs. The `agent` of its spec is then the mould: image, volumes, resources, options; not its `env`. */
export type InstanceCommand = {
	readonly ref: AttemptRef;
	/** Name of the task, for the lists of the engine that it runs on. */
	readonly task: string;
	/** The program and all its arguments: most often a shell of the image, and the script. */
	readonly argv: readonly string[];
	/** Beside what the image sets. */
	readonly env: Environment;
	/** Absolute; absent: the image's. */
	readonly workingDir?: string;
};

/** A piece of what an instance with a `command` printed, as its engine has kept it. */
export type OutputPiece = {
	/** An engine that keeps both streams as one calls all of it stdout. */
	readonly stream: 'stdout' | 'stderr';
	/** When it was printed: the engine's wall clock, milliseconds. */
	readonly at: number;
	readonly data: Buffer;
};

/** What an instance uses, over about the last second. */
export type InstanceUsage = {
	/** Processors: 1.5 is one and a half of them. */
	readonly cpu: number;
	/** Without what the system keeps of files for as long as nobody needs the room. */
	readonly memoryBytes: number;
	/** How much it may have; absent: as much as there is. */
	readonly memoryLimitBytes?: number;
};

/** Why an instance is no more. `output` is the last of what it printed, when that can be had. */
export type InstanceEnd = {
	readonly cause: string;
	readonly output?: string;
	readonly exitCode?: number;
	readonly signal?: string;
	/** Present: it could not be started, and no further try of the same can do better. */
	readonly isFinal?: true;
	/** Present: it ended because `Driver.end` asked it to, in this life of the orchestrator or in an earlier one. Its exit code, where it is told, is the answer to that. */
	readonly isAsked?: true;
	/** From the start of its program to its end, by the clock of its engine. */
	readonly durationMs?: number;
};
