import {existsSync} from 'node:fs';
import {availableParallelism, homedir} from 'node:os';
import {isAbsolute, join, resolve} from 'node:path';
import type {DockerSettings, KubernetesSettings} from './config/engines.ts';
import {dockerSettings, kubernetesSettings} from './config/engines.ts';
import {ByoaiError} from './model/error.ts';
import type {Limits} from './model/limits.ts';
import {defaultLimits} from './model/limits.ts';

/** What the process was told, whole: by flags, else by variables, else by the settings file, else by default. */
export type Config = {
	/** Absolute: database, task logs, lock, endpoint, key. */
	readonly stateDir: string;
	/** Somebody asked for this very directory: its orchestrator is meant, no other. */
	readonly stateDirIsExplicit: boolean;
	readonly host: string;
	/** 0: any free one. */
	readonly port: number;
	/** Somebody asked for this very port. */
	readonly portIsExplicit: boolean;
	/** Listen with TLS: with the certificate and key of these files (PEM), absolute; without, with one of its own. */
	readonly https?: {readonly cert?: string; readonly key?: string};
	/** Where clients find the orchestrator, when they were told. */
	readonly url?: string;
	readonly token?: string;
	/** Where the two were told, as people know the place: `--url`, `BYOAI_TOKEN`, `url in <settings file>`. */
	readonly told: Told;
	readonly auth: 'token' | 'none';
	/** Absolute: where workflow files are looked up. */
	readonly workflowDir: string;
	/** Whether what goes to each stream may have colours. */
	readonly colour: {readonly out: boolean; readonly err: boolean};
	/** Whether the terminal shows more than ASCII. */
	readonly unicode: boolean;
	/** Whether somebody sits at a terminal that can show a screen: standard output is one, it is not dumb, and this is no CI. */
	readonly interactive: boolean;
	readonly logLevel: LogLevel;
	/** Tasks at once on the own host. */
	readonly localSlots: number;
	readonly limits: Limits;
	readonly intervals: Intervals;
	readonly docker: DockerSettings;
	readonly kubernetes: KubernetesSettings;
	/** What agents on the own host inherit. */
	/** Other keys of the full-screen display, by the name of what they do. */
	readonly keys: Readonly<Record<string, readonly string[]>>;
	/** Its colours. */
	readonly theme: ScreenTheme;
	readonly environment: Environment;
};

export type Told = {readonly url?: string; readonly token?: string};

export type Intervals = {
	/** How long an agent that registered may be silent before its attempts count as lost. */
	readonly leaseMs: number;
	/** The same for instances that a driver watches. */
	readonly instanceLeaseMs: number;
	/** After which silence an agent gets no new attempts. */
	readonly silentMs: number;
	/** Between asking a command to end and killing it. */
	readonly graceMs: number;
	/** How long an answer to an agent is held while there is nothing to say. */
	readonly holdMs: number;
	/** How long a task of a one-shot run waits for an agent that is not there. */
	readonly agentTimeoutMs: number;
};

/** The colours of the full-screen display: as the terminal's background is, for a dark or a light one, or none. */
export const screenThemes = ['auto', 'dark', 'light', 'mono'] as const;
export type ScreenTheme = (typeof screenThemes)[number];

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line says of the configuration; texts as they were typed. */
export type ConfigFlags = {
	readonly host?: string;
	readonly port?: string;
	readonly stateDir?: string;
	readonly url?: string;
	readonly token?: string;
	readonly auth?: string;
	readonly https?: boolean;
	readonly httpsCert?: string;
	readonly httpsKey?: string;
	readonly logLevel?: string;
	readonly color?: boolean;
	readonly kubeconfig?: string;
	readonly context?: string;
	readonly namespace?: string;
};

/** What the settings file says; checked already. */
export type Settings = {
	readonly host?: string;
	readonly port?: number;
	readonly url?: string;
	readonly token?: string;
	readonly auth?: Config['auth'];
	readonly stateDir?: string;
	readonly workflowDir?: string;
	readonly localSlots?: number;
	readonly intervals?: Partial<Intervals>;
	readonly limits?: Partial<Limits>;
	readonly keys?: Config['keys'];
	readonly theme?: ScreenTheme;
};

export type ConfigSources = {
	readonly flags: ConfigFlags;
	readonly settings: Settings;
	readonly environment: Environment;
	/** Which streams are terminals. */
	readonly terminal: {readonly out: boolean; readonly err: boolean};
};

const defaultPort = 5001;
const defaultIntervals: Intervals = {
	leaseMs: 60_000,
	instanceLeaseMs: 24 * 60 * 60 * 1000,
	silentMs: 15_000,
	graceMs: 10_000,
	holdMs: 10_000,
	agentTimeoutMs: 5 * 60 * 1000,
};

/** The environment of this process. Nothing else of the product reads it. */
export function processEnvironment(): Environment {
	return process.env;
}

/** `$XDG_CONFIG_HOME/byoai/config.yml`. */
export function settingsPath(environment: Environment): string {
	return join(xdgDirectory(environment.XDG_CONFIG_HOME, '.config'), 'byoai', 'config.yml');
}

/** Puts the sources together. Throws `usage` for a value that cannot be. */
export function readConfig({flags, settings, environment, terminal}: ConfigSources): Config {
	const variable = (name: string) => environment[name] || undefined;
	const stateDir = flags.stateDir ?? variable('BYOAI_STATE_DIR') ?? settings.stateDir;
	const port = flags.port ?? variable('AGENT_MANAGER_API_PORT');
	const file = settingsPath(environment);
	const url = firstOf({'--url': flags.url, ORCHESTRATOR_URL: variable('ORCHESTRATOR_URL'), [`url in ${file}`]: settings.url});
	const token = firstOf({'--token': flags.token, BYOAI_TOKEN: variable('BYOAI_TOKEN'), [`token in ${file}`]: settings.token});
	return {
		stateDir: resolve(stateDir ?? defaultStateDirectory(environment)),
		stateDirIsExplicit: stateDir !== undefined,
		host: flags.host ?? variable('BYOAI_HOST') ?? settings.host ?? '127.0.0.1',
		port: port === undefined ? (settings.port ?? defaultPort) : portNumber(port),
		portIsExplicit: port !== undefined || settings.port !== undefined,
		...httpsOf(flags),
		...(url && {url: httpUrl(url.value)}),
		...(token && {token: token.value}),
		told: {...(url && {url: url.place}), ...(token && {token: token.place})},
		auth: oneOf(['token', 'none'], flags.auth ?? variable('BYOAI_AUTH') ?? settings.auth ?? 'token', '--auth (BYOAI_AUTH)'),
		workflowDir: resolve(variable('WORKFLOW_DIR') ?? settings.workflowDir ?? defaultWorkflowDirectory()),
		colour: {out: isColoured(flags, environment, terminal.out), err: isColoured(flags, environment, terminal.err)},
		unicode: /^$|utf-?8/i.test(variable('LC_ALL') ?? variable('LC_CTYPE') ?? variable('LANG') ?? ''),
		interactive: terminal.out && environment.TERM !== 'dumb' && !isCi(environment.CI),
		logLevel: logLevel(flags.logLevel, variable('BYOAI_DEBUG') !== undefined),
		localSlots: settings.localSlots ?? availableParallelism(),
		limits: {...defaultLimits, ...settings.limits},
		intervals: {...defaultIntervals, ...settings.intervals},
		docker: dockerSettings(variable),
		keys: settings.keys ?? {},
		theme: settings.theme ?? 'auto',
		kubernetes: kubernetesSettings(flags, variable),
		environment,
	};
}

/** The first value that somebody gave, and where. */
function firstOf(places: Readonly<Record<string, string | undefined>>): {place: string; value: string} | undefined {
	for (const [place, value] of Object.entries(places)) if (value !== undefined) return {place, value};
	return undefined;
}

/**
 * Refuses to let everybody in: throws `unavailable` when the API would be reached from elsewhere without a token, unless `auth` is
 * `none`.
 */
export function refuseExposure({host, token, auth}: Config): void {
	if (token !== undefined || auth === 'none' || isLoopback(host)) return;
	throw new ByoaiError(
		'unavailable',
		`listening on ${host} without a token would let anybody who reaches it run commands here. Set BYOAI_TOKEN (or --token), or permit it with --auth none.`,
	);
}

function httpsOf({https, httpsCert, httpsKey}: ConfigFlags): Pick<Config, 'https'> {
	if ((httpsCert === undefined) !== (httpsKey === undefined)) {
		throw new ByoaiError('usage', '--https-cert and --https-key belong together: a certificate is of no use without its key');
	}
	if (httpsCert !== undefined && httpsKey !== undefined) return {https: {cert: resolve(httpsCert), key: resolve(httpsKey)}};
	return https === true ? {https: {}} : {};
}

function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function portNumber(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port <= 65_535) return port;
	throw new ByoaiError('usage', `--port (AGENT_MANAGER_API_PORT) must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
}

/** The URL of an orchestrator as a person gave it; throws `usage` where it is none. `place`: where it was given. */
export function httpUrl(text: string, place = '--url (ORCHESTRATOR_URL)'): string {
	const url = URL.parse(text);
	if (url !== null && ['http:', 'https:'].includes(url.protocol)) return text.replace(/\/+$/, '');
	throw new ByoaiError('usage', `${place} must be a URL such as http://127.0.0.1:${defaultPort}, not ${JSON.stringify(text)}`);
}

function logLevel(flag: string | undefined, debug: boolean): LogLevel {
	if (flag === undefined) return debug ? 'debug' : 'info';
	return oneOf(logLevels, flag, '--log-level');
}

function oneOf<Word extends string>(words: readonly Word[], text: string, name: string): Word {
	const word = words.find(candidate => candidate === text);
	if (word !== undefined) return word;
	throw new ByoaiError('usage', `${name} must be one of ${words.join(', ')}, not ${JSON.stringify(text)}`);
}

/** A flag decides; then `NO_COLOR`, then `FORCE_COLOR`; else a terminal that is not dumb has colours. */
function isColoured(flags: ConfigFlags, environment: Environment, isTerminal: boolean): boolean {
	if (flags.color !== undefined) return flags.color;
	if (environment.NO_COLOR) return false;
	if (environment.FORCE_COLOR) return !['0', 'false'].includes(environment.FORCE_COLOR);
	return isTerminal && environment.TERM !== 'dumb';
}

function isCi(value: string | undefined): boolean {
	return value !== undefined && !['', '0', 'false'].includes(value);
}

function defaultStateDirectory(environment: Environment): string {
	return join(xdgDirectory(environment.XDG_STATE_HOME, '.local/state'), 'byoai');
}

function defaultWorkflowDirectory(): string {
	return existsSync('/app/workflows') ? '/app/workflows' : 'workflows';
}

/** A relative path counts as unset, as the XDG specification has it. */
function xdgDirectory(value: string | undefined, byDefault: string): string {
	return value !== undefined && isAbsolute(value) ? value : join(homedir(), byDefault);
}
