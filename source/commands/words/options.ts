import type {ConfigFlags} from '../../config.ts';
import {runStatuses} from '../../model/run.ts';

/** What the options of a command line may say, by their names in camel case; texts as they were typed. */
export type Flags = ConfigFlags & {
	readonly workflow?: string;
	readonly param?: readonly string[];
	readonly new?: boolean;
	readonly tui?: boolean;
	readonly readonly?: boolean;
	readonly json?: boolean;
	readonly onStop?: string;
	readonly dryRun?: boolean;
	readonly format?: string;
	readonly follow?: boolean;
	readonly attempt?: string;
	readonly agent?: string;
	readonly since?: string;
	readonly grep?: string;
	readonly status?: string;
	readonly limit?: string;
	readonly failed?: boolean;
	readonly from?: string;
	readonly only?: string;
	readonly detach?: boolean;
	readonly name?: string;
	readonly type?: string;
	readonly image?: string;
	readonly slots?: string;
	readonly label?: readonly string[];
	readonly env?: readonly string[];
	readonly volume?: readonly string[];
	readonly wait?: boolean;
	readonly force?: boolean;
	readonly clean?: boolean;
};

export type OptionName = keyof Flags | 'help' | 'version';

export type Option = {
	/** What follows it in a help text; absent: it is a switch. */
	readonly value?: string;
	readonly short?: string;
	/** May be given several times. */
	readonly multiple?: true;
	/** `no`: it is on by default, and written `--no-…` in help texts. `either`: that depends on the command, `--[no-]…`. */
	readonly negated?: 'no' | 'either';
	readonly help: string;
};

/** Every option of every command. A name means the same wherever it is. */
export const options: Readonly<Record<OptionName, Option>> = {
	workflow: {value: '<file>', short: 'f', help: 'the workflow to run; relative to here, then to WORKFLOW_DIR'},
	param: {value: '<name=value>', multiple: true, help: 'a value for a param of the workflow; may be repeated'},
	new: {help: 'start another run, even if the same one is unfinished'},
	tui: {negated: 'no', help: 'print logs instead of the full-screen display, as where there is no terminal'},
	readonly: {help: 'no key on the screen starts, changes or ends anything but the screen itself'},
	dryRun: {help: 'print what would run; run nothing'},
	onStop: {value: '<keep|cancel>', help: 'what becomes of unfinished runs at SIGTERM or SIGINT; default: keep, the next start goes on'},
	format: {value: '<format>', help: 'tree, mermaid, dot or json; default: tree'},
	follow: {short: 'f', help: 'go on until the run has ended'},
	attempt: {value: '<number>', help: 'of a task that was tried several times; default: the last'},
	agent: {value: '<name>', help: 'of this agent only'},
	since: {value: '<time>', help: 'not older: 10m back from now, or a time: 2026-01-31T12:00'},
	grep: {value: '<text>', help: 'only lines with this text'},
	status: {value: '<status>', help: `one of ${runStatuses.join(', ')}`},
	limit: {value: '<number>', help: 'the most runs; default: 50'},
	failed: {help: 'run again what did not succeed, and what depends on it; the default'},
	from: {value: '<task>', help: 'run this task again, all that comes after it, and what did not succeed'},
	only: {value: '<task>', help: 'run this task, and no other'},
	detach: {short: 'd', help: 'start it on a running orchestrator, print its id, and end'},
	name: {value: '<name>', help: "the agent's name"},
	type: {value: '<type>', help: 'what starts it: local, docker or kubernetes; default: docker with an image, else local'},
	image: {value: '<image>', help: 'the image with an agent program in it'},
	slots: {value: '<number>', help: 'tasks at once; default: 1'},
	label: {value: '<name=value>', multiple: true, help: 'a label, for tasks that choose by them; may be repeated'},
	env: {value: '<name=value>', multiple: true, help: 'a variable of its tasks; may be repeated'},
	volume: {value: '<host:container>', multiple: true, help: 'a volume; may be repeated'},
	wait: {negated: 'either', help: 'wait until that is done'},
	force: {help: 'although it runs tasks: they count as lost, and are tried again elsewhere'},
	clean: {help: 'remove containers of this state directory that no agent and no unfinished run of it knows'},
	json: {help: 'JSON on standard output: a value, or one a line'},
	host: {value: '<address>', help: 'address to listen on; default: 127.0.0.1 (BYOAI_HOST)'},
	port: {value: '<number>', help: 'port to listen on; default: 5001 (AGENT_MANAGER_API_PORT)'},
	https: {help: 'listen with TLS and a certificate of its own, whose fingerprint is shown'},
	httpsCert: {value: '<file>', help: 'listen with TLS and this certificate (PEM); needs --https-key'},
	httpsKey: {value: '<file>', help: 'the key of that certificate (PEM)'},
	kubeconfig: {value: '<file>', help: 'how clusters of Kubernetes are reached; default: ~/.kube/config (KUBECONFIG)'},
	context: {value: '<name>', help: 'of the kubeconfig, for agents that name none; default: the current one (BYOAI_KUBE_CONTEXT)'},
	namespace: {value: '<name>', help: 'for pods of agents that name none; default: that of the context (BYOAI_KUBE_NAMESPACE)'},
	auth: {value: '<token|none>', help: 'none: listen beyond loopback without a token (BYOAI_AUTH)'},
	token: {value: '<token>', help: 'bearer token that the API asks for (BYOAI_TOKEN)'},
	url: {value: '<url>', help: 'the orchestrator to talk to (ORCHESTRATOR_URL, of all commands but `byoai` itself)'},
	stateDir: {value: '<directory>', help: 'database, task logs, lock (BYOAI_STATE_DIR)'},
	logLevel: {value: '<level>', help: 'of diagnostics: error, warn, info or debug; default: info'},
	color: {negated: 'no', help: 'no colours (NO_COLOR)'},
	help: {short: 'h', help: 'this text'},
	version: {short: 'v', help: 'print the version'},
};

/** Options that every command has. */
export const commonOptions: readonly OptionName[] = ['stateDir', 'logLevel', 'color', 'help', 'version'];

/** `stateDir` as it is typed: `--state-dir`. */
export function spelling(name: string): string {
	return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}
