/**
 * A workflow as the scheduler takes it: read from a file, every default filled in, every `${{ … }}` resolved.
 * The YAML keys behind each field are described in docs/workflow-reference.md.
 */
export type Workflow = {
	readonly name: string;
	readonly description?: string;
	/** The file it was read from, as the user named it; absent for inline text. */
	readonly file?: string;
	/** Absolute directory in which its tasks run on the orchestrator's own host. */
	readonly directory: string;
	readonly labels: Labels;
	/** `env_file` and `env` of the workflow, merged. */
	readonly env: Environment;
	readonly tasks: readonly TaskSpec[];
	readonly agents: readonly AgentSpec[];
	readonly timeoutMs?: number;
	readonly agentTimeoutMs?: number;
	/** The most tasks of this run at once; absent: as many as agents have slots. */
	readonly maxParallel?: number;
	readonly failFast: boolean;
};

export type Labels = Readonly<Record<string, string>>;
export type Environment = Readonly<Record<string, string>>;

/** One task of a workflow: a node of its graph. */
export type TaskSpec = {
	readonly name: string;
	/** A string runs as `sh -c`, a list of lines as `sh -ec`. */
	readonly command: string | readonly string[];
	/** Absent: `local-agent`, the orchestrator's own host. */
	readonly agent: AgentSelector;
	readonly dependsOn: readonly Dependency[];
	/** `defaults.env` and the task's own, merged. */
	readonly env: Environment;
	readonly workingDir?: string;
	/** What runs the command, as an argv prefix that ends before the script, for instance `["bash", "-c"]`. */
	readonly shell?: readonly string[];
	/** One attempt from its start, without waiting. */
	readonly timeoutMs?: number;
	readonly retry: RetryPolicy;
	readonly continueOnError: boolean;
	readonly image?: string;
	readonly volumes: readonly string[];
	readonly resources?: Resources;
	readonly labels: Labels;
	/**
	 * With an `image`: what each attempt's instance is made after: the agent that the task names, or none in particular, with the image, volumes and
	 * resources of the task. `agent` is then the image agent of its type.
	 */
	readonly mould?: AgentSpec;
};

/** Which agents may run a task. */
export type AgentSelector = {readonly name: string} | {readonly labels: Labels};

/**
 * What must be true of another task before this one starts. `succeeded`: it succeeded, or failed with `continue_on_error`.
 * `failed`: it failed. `completed`: it ended, in whatever way. `ordered`: like `completed`, but plain file order (no task
 * of the file names a dependency), so `fail_fast` does not spare the later task.
 */
export type DependencyCondition = 'succeeded' | 'failed' | 'completed' | 'ordered';

export type Dependency = {
	/** Index of the other task in file order. */
	readonly task: number;
	readonly condition: DependencyCondition;
	/** A skipped dependency does not skip this task. (One that the file does not have is dropped when the file is read.) */
	readonly optional: boolean;
};

export type RetryPolicy = {
	/** Further attempts after a failure of the command or a timeout. */
	readonly limit: number;
	readonly delayMs: number;
	/** Each delay is the one before times this. */
	readonly backoff: number;
	readonly maxDelayMs: number;
	/** Only these exit codes are tried again; absent: all. */
	readonly exitCodes?: readonly number[];
	/** Further attempts after one was lost with its agent. */
	readonly lost: number;
};

/** Kubernetes' spelling for every driver: `cpu: "500m"`, `memory: "256Mi"`. */
export type Resources = {
	readonly requests?: Readonly<Record<string, string>>;
	readonly limits?: Readonly<Record<string, string>>;
};

export type AgentType = 'local' | 'docker' | 'kubernetes';

/** An agent that a workflow declares, or that `deploy` asks for. */
export type AgentSpec = {
	readonly name: string;
	readonly type: AgentType;
	readonly image?: string;
	/** `host:container[:ro]` */
	readonly volumes: readonly string[];
	readonly env: Environment;
	readonly workflow?: string;
	readonly replicas: number;
	/** Tasks at once, for each replica. */
	readonly slots: number;
	readonly labels: Labels;
	readonly resources?: Resources;
	readonly network?: string;
	readonly ports: readonly string[];
	readonly user?: string;
	readonly pullPolicy: PullPolicy;
	readonly readinessProbe?: Readonly<Record<string, unknown>>;
	readonly startTimeoutMs: number;
	readonly lifetime: Lifetime;
	readonly driverOptions?: Readonly<Record<string, unknown>>;
};

/** What holds of an agent that says nothing but its name and type. */
export const agentDefaults = {
	volumes: [],
	env: {},
	replicas: 1,
	slots: 1,
	labels: {},
	ports: [],
	pullPolicy: 'missing',
	startTimeoutMs: 60_000,
	lifetime: 'run',
} as const satisfies Partial<AgentSpec>;

export type PullPolicy = 'always' | 'missing' | 'never';

/** `run`: until the run ends. `persistent`: until removed. `task`: a fresh instance, with its agent, for each attempt. */
export type Lifetime = 'run' | 'persistent' | 'task';

/** The agent that every orchestrator has: its own host. */
export const localAgentName = 'local-agent';

const imageAgentSuffix = '~images';

/**
 * The image agent of a type: the orchestrator itself, in the place of an agent, which runs each attempt of a task with an `image` in an instance of
 * its own. No file can declare a name with a `~`.
 */
export function imageAgentName(type: AgentType): string {
	return `${type}${imageAgentSuffix}`;
}

/** Whether this is the name of an image agent, or of an instance of its pool. */
export function isImageAgent(name: string): boolean {
	return name.includes(imageAgentSuffix);
}
