import type {ConfigFlags} from '../config.ts';

/** What the options of a command line may say, by their names in camel case; texts as they were typed. */
export type Flags = ConfigFlags & {
	readonly workflow?: string;
	readonly param?: readonly string[];
	readonly new?: boolean;
	readonly tui?: boolean;
	readonly json?: boolean;
	readonly onStop?: string;
	readonly dryRun?: boolean;
	readonly format?: string;
	readonly follow?: boolean;
	readonly attempt?: string;
};

export type OptionName = keyof Flags | 'help' | 'version';

export type Option = {
	/** What follows it in a help text; absent: it is a switch. */
	readonly value?: string;
	readonly short?: string;
	/** May be given several times. */
	readonly multiple?: true;
	/** It is on by default, and written `--no-…` in help texts. */
	readonly negated?: true;
	readonly help: string;
};

/** Every option of every command. A name means the same wherever it is. */
export const options: Readonly<Record<OptionName, Option>> = {
	workflow: {value: '<file>', short: 'f', help: 'the workflow to run; relative to here, then to WORKFLOW_DIR'},
	param: {value: '<name=value>', multiple: true, help: 'a value for a param of the workflow; may be repeated'},
	new: {help: 'start another run, even if the same one is unfinished'},
	tui: {negated: true, help: 'print logs, no full-screen display'},
	dryRun: {help: 'print order and placement; run nothing'},
	onStop: {value: '<keep|cancel>', help: 'what becomes of unfinished runs at SIGTERM or SIGINT; default: keep, the next start goes on'},
	format: {value: '<format>', help: 'tree, mermaid, dot or json; default: tree'},
	follow: {short: 'f', help: 'go on until the run has ended'},
	attempt: {value: '<number>', help: 'of a task that was tried several times; default: the last'},
	json: {help: 'JSON on standard output: a value, or one a line'},
	host: {value: '<address>', help: 'address to listen on; default: 127.0.0.1 (BYOAI_HOST)'},
	port: {value: '<number>', help: 'port to listen on; default: 5001 (AGENT_MANAGER_API_PORT)'},
	https: {help: 'listen with TLS and a certificate of its own, whose fingerprint is shown'},
	httpsCert: {value: '<file>', help: 'listen with TLS and this certificate (PEM); needs --https-key'},
	httpsKey: {value: '<file>', help: 'the key of that certificate (PEM)'},
	auth: {value: '<token|none>', help: 'none: listen beyond loopback without a token (BYOAI_AUTH)'},
	token: {value: '<token>', help: 'bearer token that the API asks for (BYOAI_TOKEN)'},
	url: {value: '<url>', help: 'the orchestrator to talk to (ORCHESTRATOR_URL)'},
	stateDir: {value: '<directory>', help: 'database, task logs, lock (BYOAI_STATE_DIR)'},
	logLevel: {value: '<level>', help: 'of diagnostics: error, warn, info or debug; default: info'},
	color: {negated: true, help: 'no colours (NO_COLOR)'},
	help: {short: 'h', help: 'this text'},
	version: {help: 'print the version'},
};

/** Options that every command has. */
export const commonOptions: readonly OptionName[] = ['stateDir', 'logLevel', 'color', 'help', 'version'];

/** `stateDir` as it is typed: `--state-dir`. */
export function spelling(name: string): string {
	return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}
