/**
 * Every limit has a name, a default and a visible effect when it is reached. The name is also its key under `limits:` in the
 * settings file (`$XDG_CONFIG_HOME/byoai/config.yml`). docs/operations.md lists them, and a test holds the two together.
 */
export const defaultLimits = {
	/** A workflow file; a larger one is refused. */
	workflow_bytes: 16 * 1024 * 1024,
	/** Tasks of one workflow; more are refused. */
	workflow_tasks: 100_000,
	/** Nesting of a workflow file. */
	workflow_depth: 64,
	/** Uses of YAML aliases (`*name`) in one workflow file. */
	workflow_aliases: 1000,
	/** Problems of workflow files that the command line shows; it says how many more there are. */
	shown_problems: 100,
	/** Workflow files in the list of them; more are left out, and it is said so. */
	listed_workflows: 500,
	/** Kept output of one attempt; the rest is counted and dropped, and the log ends with a line that says so. */
	attempt_log_bytes: 1024 * 1024 * 1024,
	/** Output that an agent keeps on disk until it is acknowledged; when full, commands wait in their writes. */
	agent_spool_bytes: 256 * 1024 * 1024,
	/** Body of one exchange; a larger one is answered with 413. */
	exchange_bytes: 16 * 1024 * 1024,
	/** Answer of a basic agent to a task, with all output; a larger one fails the attempt. */
	task_reply_bytes: 16 * 1024 * 1024,
	/** Answer of an agent to `GET /health`; a larger one counts as none. */
	health_reply_bytes: 64 * 1024,
	/** Agents that are asked for their health at the same moment; others wait for their turn. */
	health_checks: 64,
	/** Processes and threads in the container of an agent, unless its `resources` say otherwise; a further one cannot be started there. */
	container_pids: 4096,
	/** Containers at once of tasks with an `image`; a further task waits, and says so. */
	task_containers: 16,
	/** The same for pods; a cluster places them. */
	task_pods: 100,
	/** Free space of a file system, for state or for Docker's images; `byoai doctor` warns when there is less. */
	low_disk_bytes: 1024 * 1024 * 1024,
	/** How long each check of `byoai doctor` may take, all side by side; one that takes longer is a problem. */
	doctor_milliseconds: 1500,
	/** Instances whose use of processors and memory is measured at once; that of a further one is not shown until another has ended. */
	usage_streams: 200,
	/** Orders of one exchange; an agent takes no larger ones. */
	orders_bytes: 64 * 1024 * 1024,
	/** Output, and stderr, of a direct task in an agent's reply; the rest is counted and dropped, and a line says so. */
	task_output_bytes: 4 * 1024 * 1024,
	/** Connections to an agent at once; a further one is closed. */
	agent_connections: 256,
	/** Body of any other request; a larger one is answered with 413. */
	request_bytes: 17 * 1024 * 1024,
	/** Body of a registration, which is read before its token can be checked; a larger one is answered with 413. */
	registration_bytes: 64 * 1024,
	/** Changed rows that wait for one slow reader of the events; when there are more, it gets a snapshot instead. */
	event_rows: 20_000,
	/** Runs that have not ended; another submission is answered with 429. */
	active_runs: 1000,
	/** Agents that are registered; another registration is answered with 429. */
	agents: 10_000,
	/** Replies that are open until their reader or what they follow ends; another is answered with 429. */
	streams: 1000,
	/** Requests a second from one address, twice as many at once after a pause; more are answered with 429. Exchanges do not count. */
	request_rate: 1000,
	/** Requests a minute from one address that are refused for their token, Host or Origin; more are answered with 429. */
	refused_rate: 60,
	/** Seconds in which the head of a request has to come; then it is answered with 408. */
	head_seconds: 20,
	/** Seconds in which a request has to come whole; then it is answered with 408. */
	request_seconds: 180,
	/** Events in one commit; more wait for the next. */
	batch_events: 1000,
	/** Journal entries after which a snapshot is written. */
	snapshot_events: 20_000,
	/** Ended runs in the history; of more, those that ended first go, with their logs. */
	kept_runs: 10_000,
	/** Days since its end after which a run goes, with its logs. */
	kept_days: 365,
	/** Runs whose lines are read at once, where none is named: the newest, active ones first. */
	log_runs: 100,
	/** A line in the log view; a longer one is shown cut, and is whole in `byoai logs`. */
	shown_line_bytes: 64 * 1024,
	/** Lines that the terminal's log pane has at hand; earlier ones are read from disk when somebody scrolls up. */
	tui_log_lines: 50_000,
	/** Characters of a line in the terminal's log pane; of a longer one it says how many more there are. */
	tui_line_characters: 4096,
	/** Lines that the terminal's log pane takes between two frames; of more, a line says how many were skipped. */
	tui_frame_lines: 5000,
} as const;

export type LimitName = keyof typeof defaultLimits;
export type Limits = Readonly<Record<LimitName, number>>;
