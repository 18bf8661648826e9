import type {Command} from './command.ts';
import {shellCommands} from './registry-shell.ts';
import type {OptionName} from './words/options.ts';

const submitting: readonly OptionName[] = ['param', 'new', 'tui', 'json'];
const clusters: readonly OptionName[] = ['kubeconfig', 'context', 'namespace'];
const listening: readonly OptionName[] = ['host', 'port', 'https', 'httpsCert', 'httpsKey', 'auth', 'token'];
const asking: readonly OptionName[] = ['url', 'token', 'json'];

const none = {least: 0, most: 0};

/** The commands, in the order in which the help shows them; the first is `byoai` by itself. */
export const commands: readonly Command[] = [
	{
		name: '',
		summary: 'run a workflow and show it on the screen; without -f, the default workflow; with --no-tui, print its logs',
		operands: '',
		operandCount: none,
		options: ['workflow', ...submitting, 'url', ...clusters, ...listening],
		examples: [
			['byoai', 'run the default workflow'],
			['byoai -f build.yml', 'run a workflow, and stay on its screen until q'],
			['byoai -f build.yml --no-tui', "print its logs; the exit status is the run's"],
			['byoai -f build.yml --param version=1.2', 'give it a value'],
		],
		load: async () => (await import('./run.ts')).runDefault,
	},
	{
		name: 'run',
		summary: 'run a workflow and print its logs; with ORCHESTRATOR_URL, on the orchestrator that is there',
		operands: '<file>',
		operandCount: {least: 1, most: 1},
		completes: ['workflow'],
		options: [...submitting, 'dryRun', 'url', ...clusters, ...listening],
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
		options: ['workflow', ...submitting, 'onStop', 'readonly', ...clusters, ...listening],
		examples: [
			['byoai agent-manager-mode', 'serve on 127.0.0.1:5001, and show all runs on the screen'],
			['byoai agent-manager-mode --no-tui', 'the same for a service: print the logs'],
			['byoai agent-manager-mode --host 0.0.0.0 --token "$TOKEN"', 'serve for other hosts'],
			['byoai agent-manager-mode --on-stop cancel', 'SIGTERM also cancels the runs'],
		],
		load: async () => (await import('./manager.ts')).runManager,
	},
	{
		name: 'attach',
		summary: 'the full-screen display on an orchestrator that runs elsewhere; leaving it ends nothing',
		operands: '[url]',
		operandCount: {least: 0, most: 1},
		options: ['readonly', 'url', 'token'],
		examples: [
			['byoai attach', 'to the one that runs here'],
			['byoai attach http://10.0.0.5:5001 --readonly', 'look on, without a key that changes anything'],
		],
		load: async () => (await import('./attach.ts')).attach,
	},
	{
		name: 'validate',
		summary: 'check workflow files; problems as file:line:column',
		operands: '<file>...',
		operandCount: {least: 1, most: Number.POSITIVE_INFINITY},
		completes: ['workflow'],
		options: ['param', 'json'],
		examples: [['byoai validate workflows/*.yml', 'check them all']],
		load: async () => (await import('./validate.ts')).validate,
	},
	{
		name: 'graph',
		summary: 'print the task graph of a workflow',
		operands: '<file>',
		operandCount: {least: 1, most: 1},
		completes: ['workflow'],
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
		options: ['status', 'limit', ...asking],
		examples: [
			['byoai ps', 'runs, and how far they are'],
			['byoai ps --status failed --limit 5', 'the last five that failed'],
			['byoai ps --json | jq ".[0].id"', "the newest one's id"],
		],
		load: async () => (await import('./ps.ts')).ps,
	},
	{
		name: 'agents',
		summary: 'list agents of a running orchestrator, or show one',
		operands: '[agent]',
		operandCount: {least: 0, most: 1},
		completes: ['agent'],
		options: asking,
		examples: [
			['byoai agents', 'who is there, and how busy'],
			['byoai agents gpu-1', 'one of them: where it is, when it was last seen, what it runs'],
		],
		load: async () => (await import('./agents.ts')).agents,
	},
	{
		name: 'logs',
		summary: 'print output: of a run, of one task, or lines of all runs',
		operands: '[run] [task]',
		operandCount: {least: 0, most: 2},
		completes: ['run', 'task'],
		options: ['follow', 'attempt', 'agent', 'since', 'grep', ...asking],
		examples: [
			['byoai logs', 'of the latest run'],
			['byoai logs latest build > build.log', 'one task, byte for byte'],
			['byoai logs r01j8k2 -f', 'as it comes'],
			['byoai logs --agent gpu-1 --since 10m', 'of all runs, what that agent printed'],
			['byoai logs --grep "out of memory"', 'of all runs, lines with this text'],
		],
		load: async () => (await import('./logs.ts')).logs,
	},
	{
		name: 'cancel',
		summary: 'cancel a run; final',
		operands: '<run>',
		operandCount: {least: 1, most: 1},
		completes: ['run'],
		options: asking,
		examples: [
			['byoai cancel latest', 'the newest run'],
			['byoai cancel r01j8k2', 'by id, or the beginning of one'],
		],
		load: async () => (await import('./cancel.ts')).cancel,
	},
	{
		name: 'retry',
		summary: 'run again what did not succeed, as a new run',
		operands: '<run>',
		operandCount: {least: 1, most: 1},
		completes: ['run'],
		options: ['failed', 'from', 'only', 'dryRun', 'detach', ...asking],
		examples: [
			['byoai retry latest --dry-run', 'print what would run again'],
			['byoai retry latest', "run it; the exit status is the new run's"],
			['byoai retry r01j8k2 --from build', 'this task and all that comes after it, too'],
			['byoai retry r01j8k2 --only lint -d', 'one task, on a running orchestrator, without following it'],
		],
		load: async () => (await import('./retry.ts')).retry,
	},
	{
		name: 'deploy',
		summary: 'start an agent that stays, and wait until it is online',
		operands: '[file|-]',
		operandCount: {least: 0, most: 1},
		completes: ['file'],
		options: ['name', 'type', 'image', 'slots', 'label', 'env', 'volume', 'wait', ...asking],
		examples: [
			['byoai deploy --name builder --slots 2 --label disk=fast', 'on the host of the orchestrator'],
			['byoai deploy builder.yml', 'a file with the keys of one agent'],
			['byoai deploy builder.yml --no-wait', 'without waiting until it is online'],
		],
		load: async () => (await import('./deploy.ts')).deploy,
	},
	{
		name: 'drain',
		summary: 'let an agent finish what it runs and give it nothing more',
		operands: '<agent>',
		operandCount: {least: 1, most: 1},
		completes: ['agent'],
		options: ['wait', ...asking],
		examples: [['byoai drain builder --wait', 'until it is deployed or registered again; wait until nothing runs there']],
		load: async () => (await import('./drain.ts')).drain,
	},
	{
		name: 'remove',
		summary: 'stop a deployed agent, or forget one that registered',
		operands: '<agent>',
		operandCount: {least: 1, most: 1},
		completes: ['agent'],
		options: ['force', 'wait', ...asking],
		examples: [
			['byoai remove builder', 'it is refused while the agent runs tasks'],
			['byoai remove builder --force --wait', 'whatever it runs, and wait until it has ended'],
		],
		load: async () => (await import('./remove.ts')).remove,
	},
	{
		name: 'doctor',
		summary: 'check what workflows need here: state directory, port, Docker, Kubernetes; and what was left behind',
		operands: '',
		operandCount: none,
		options: ['clean', 'json', ...clusters, 'host', 'port', 'token'],
		examples: [
			['byoai doctor', 'what is wrong, and what helps; the exit status is 3 when something is'],
			['byoai doctor --clean', 'remove containers and pods that were left behind'],
			['byoai doctor --json | jq -r .status', 'ok, note, warning or problem'],
		],
		load: async () => (await import('./doctor.ts')).doctor,
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
	...shellCommands,
];

/** Commands that a later version has. */
export const laterCommands: readonly string[] = ['approve'];
