import type {Command} from './command.ts';
import type {OptionName} from './options.ts';

const submitting: readonly OptionName[] = ['param', 'new', 'tui', 'json'];
const listening: readonly OptionName[] = ['host', 'port', 'https', 'httpsCert', 'httpsKey', 'auth', 'token'];
const asking: readonly OptionName[] = ['url', 'token', 'json'];

const none = {least: 0, most: 0};

/** The commands, in the order in which the help shows them; the first is `byoai` by itself. */
export const commands: readonly Command[] = [
	{
		name: '',
		summary: 'run a workflow and print its logs; without -f, the default workflow',
		operands: '',
		operandCount: none,
		options: ['workflow', ...submitting, 'url', ...listening],
		examples: [
			['byoai', 'run the default workflow'],
			['byoai -f build.yml', 'run a workflow'],
			['byoai -f build.yml --param version=1.2', 'give it a value'],
		],
		load: async () => (await import('./run.ts')).runDefault,
	},
	{
		name: 'run',
		summary: 'run a workflow and print its logs',
		operands: '<file>',
		operandCount: {least: 1, most: 1},
		options: [...submitting, 'dryRun', 'url', ...listening],
		examples: [
			['byoai run build.yml', "run it; the exit status is the run's"],
			['byoai run build.yml --dry-run', 'print order and placement only'],
			['byoai run build.yml --json | jq .type', 'what happens, as JSON lines'],
		],
		load: async () => (await import('./run.ts')).runFile,
	},
	{
		name: 'agent-manager-mode',
		summary: 'serve the API, run the default workflow or the one given with -f, then stay',
		operands: '',
		operandCount: none,
		options: ['workflow', ...submitting, 'onStop', ...listening],
		examples: [
			['byoai agent-manager-mode --no-tui', 'serve on 127.0.0.1:5001'],
			['byoai agent-manager-mode --host 0.0.0.0 --token "$TOKEN"', 'serve for other hosts'],
			['byoai agent-manager-mode --on-stop cancel', 'SIGTERM also cancels the runs'],
		],
		load: async () => (await import('./manager.ts')).runManager,
	},
	{
		name: 'validate',
		summary: 'check workflow files; problems as file:line:column',
		operands: '<file>...',
		operandCount: {least: 1, most: Number.POSITIVE_INFINITY},
		options: ['param', 'json'],
		examples: [['byoai validate workflows/*.yml', 'check them all']],
		load: async () => (await import('./validate.ts')).validate,
	},
	{
		name: 'graph',
		summary: 'print the task graph of a workflow',
		operands: '<file>',
		operandCount: {least: 1, most: 1},
		options: ['format', 'param'],
		examples: [
			['byoai graph build.yml', 'as a tree'],
			['byoai graph build.yml --format dot | dot -Tsvg > build.svg', 'as a picture'],
		],
		load: async () => (await import('./graph.ts')).graph,
	},
	{
		name: 'schema',
		summary: 'print the JSON Schema of workflow files, for editors',
		operands: '',
		operandCount: none,
		options: [],
		examples: [['byoai schema > byoai.schema.json', "to be named in an editor's settings"]],
		load: async () => (await import('./schema.ts')).schema,
	},
	{
		name: 'ps',
		summary: 'list runs, newest first',
		operands: '',
		operandCount: none,
		options: asking,
		examples: [
			['byoai ps', 'runs, and how far they are'],
			['byoai ps --json | jq ".[0].id"', "the newest one's id"],
		],
		load: async () => (await import('./ps.ts')).ps,
	},
	{
		name: 'agents',
		summary: 'list agents of a running orchestrator',
		operands: '',
		operandCount: none,
		options: asking,
		examples: [['byoai agents', 'who is there, and how busy']],
		load: async () => (await import('./agents.ts')).agents,
	},
	{
		name: 'logs',
		summary: 'print the output of a run, or the raw output of one of its tasks',
		operands: '[run] [task]',
		operandCount: {least: 0, most: 2},
		options: ['follow', 'attempt', ...asking],
		examples: [
			['byoai logs', 'of the latest run'],
			['byoai logs latest build > build.log', 'one task, byte for byte'],
			['byoai logs r01j8k2 -f', 'as it comes'],
		],
		load: async () => (await import('./logs.ts')).logs,
	},
	{
		name: 'cancel',
		summary: 'cancel a run; final',
		operands: '<run>',
		operandCount: {least: 1, most: 1},
		options: asking,
		examples: [
			['byoai cancel latest', 'the newest run'],
			['byoai cancel r01j8k2', 'by id, or the beginning of one'],
		],
		load: async () => (await import('./cancel.ts')).cancel,
	},
	{
		name: 'agent',
		summary: 'run the agent program on this host (AGENT_* and ORCHESTRATOR_URL)',
		operands: '',
		operandCount: none,
		options: [],
		examples: [
			['ORCHESTRATOR_URL=http://10.0.0.5:5001 AGENT_NAME=builder byoai agent', 'take tasks of a manager'],
			['AGENT_HOST=0.0.0.0 BYOAI_TOKEN=… byoai agent', 'wait to be registered, and dialled by a manager'],
		],
		load: async () => (await import('./agent.ts')).agent,
	},
];

/** Commands that a later version has. */
export const laterCommands: readonly string[] = ['attach', 'retry', 'approve', 'deploy', 'remove', 'drain', 'doctor', 'completion'];
