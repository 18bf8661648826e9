import {param, workflow} from './schema.ts';
import {agent, driverOptions, exec, httpGet, httpHeader, readinessProbe, tcpSocket} from './schema-agent.ts';
import {agentLabels, defaults, dependencyOptions, resources, retryOptions, task} from './schema-task.ts';

/** What may stand in one kind of mapping. The keys themselves come from the schema. */
export type Level = {
	readonly keys: ReadonlySet<string>;
	/** Other spellings, with the canonical key of each. */
	readonly aliases: ReadonlyMap<string, string>;
	/** Keys of later versions: refused by name, never ignored. */
	readonly later: ReadonlySet<string>;
	/** What other tools call it, with the key that it is here: no alias, but what was meant. */
	readonly elsewhere: ReadonlyMap<string, string>;
	/** Keys whose values are mappings with known keys (`one`), or lists (`list`) or mappings (`map`) of such. */
	readonly nested: ReadonlyMap<string, {readonly level: Level; readonly holds: 'one' | 'list' | 'map'}>;
};

type Spelling = {
	aliases?: Record<string, string>;
	later?: readonly string[];
	elsewhere?: Record<string, string>;
	one?: Record<string, Level>;
	list?: Record<string, Level>;
	map?: Record<string, Level>;
};

function level(schema: {shape: object}, spelling: Spelling = {}): Level {
	const nested: Level['nested'] = new Map(
		(['one', 'list', 'map'] as const).flatMap(holds =>
			Object.entries(spelling[holds] ?? {}).map(([key, inner]) => [key, {level: inner, holds}] as const),
		),
	);
	return {
		keys: new Set(Object.keys(schema.shape)),
		aliases: new Map(Object.entries(spelling.aliases ?? {})),
		later: new Set(spelling.later),
		elsewhere: new Map(Object.entries(spelling.elsewhere ?? {})),
		nested,
	};
}

const taskSpelling = {
	aliases: {
		id: 'name',
		run: 'command',
		script: 'command',
		needs: 'depends_on',
		depends: 'depends_on',
		dependencies: 'depends_on',
	},
	later: ['if', 'when', 'matrix', 'include', 'exclude', 'for_each', 'max_parallel', 'outputs', 'approval', 'workflow', 'with', 'priority'],
	elsewhere: {
		cmd: 'command',
		commands: 'command',
		exec: 'command',
		environment: 'env',
		cwd: 'working_dir',
		workdir: 'working_dir',
		'working-directory': 'working_dir',
		directory: 'working_dir',
		retries: 'retry',
		retry_policy: 'retry',
		after: 'depends_on',
		requires: 'depends_on',
		allow_failure: 'continue_on_error',
		ignore_errors: 'continue_on_error',
		'continue-on-error': 'continue_on_error',
		continue_on: 'continue_on_error',
		'timeout-minutes': 'timeout',
		timeout_seconds: 'timeout',
		container: 'image',
		'runs-on': 'agent',
		runs_on: 'agent',
	},
	one: {agent: level(agentLabels), retry: level(retryOptions), resources: level(resources)},
	map: {depends_on: level(dependencyOptions)},
} satisfies Spelling;

const probeLevel = level(readinessProbe, {
	one: {httpGet: level(httpGet, {list: {httpHeaders: level(httpHeader)}}), exec: level(exec), tcpSocket: level(tcpSocket)},
});

export const agentLevel = level(agent, {
	aliases: {volume: 'volumes'},
	elsewhere: {environment: 'env', parallel: 'slots', concurrency: 'slots', driver: 'type', healthcheck: 'readiness_probe'},
	one: {resources: level(resources), readiness_probe: probeLevel, driver_options: level(driverOptions)},
});

export const workflowLevel = level(workflow, {
	aliases: {inputs: 'params', environment: 'env'},
	elsewhere: {
		steps: 'tasks',
		jobs: 'tasks',
		stages: 'tasks',
		processes: 'tasks',
		services: 'tasks',
		workers: 'agents',
		runners: 'agents',
		variables: 'env',
		vars: 'env',
		dotenv: 'env_file',
		parameters: 'params',
		arguments: 'params',
		cron: 'schedule',
		on: 'schedule',
		parallelism: 'max_parallel',
		max_parallelism: 'max_parallel',
	},
	later: ['concurrency', 'schedule', 'secrets', 'hooks', 'retention'],
	one: {defaults: level(defaults, taskSpelling)},
	list: {tasks: level(task, taskSpelling), agents: agentLevel, params: level(param)},
});

/** `volume` is the original's own key: no notice tells people to write another. */
export const quietAliases: ReadonlySet<string> = new Set(['volume']);

/** Every alias of a canonical key, wherever it is valid; for finding a key in the text. */
export function aliasesOf(key: string): readonly string[] {
	return spellings.get(key) ?? [];
}

const spellings = new Map<string, string[]>();
const inner = [...workflowLevel.nested.values()].map(nested => nested.level);
for (const {aliases} of [workflowLevel, ...inner]) {
	for (const [alias, key] of aliases) spellings.set(key, [...new Set([...(spellings.get(key) ?? []), alias])]);
}
