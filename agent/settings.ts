import {isIP} from 'node:net';
import {hostname} from 'node:os';
import {ByoaiError} from '../source/model/error.ts';
import {defaultLimits} from '../source/model/limits.ts';
import type {Labels} from '../source/model/workflow.ts';

/** What the agent program is told by its environment. An empty variable counts as unset. */
export type AgentSettings = {
	/** `AGENT_NAME`; else the host's name. */
	readonly name: string;
	/** `ORCHESTRATOR_URL` */
	readonly url?: string;
	/** `BYOAI_ENDPOINT_FILE`: JSON `{"url": …}`, read before `ORCHESTRATOR_URL`, and again when the orchestrator cannot be reached. */
	readonly endpointFile?: string;
	/** `AGENT_SLOTS`: attempts at once. */
	readonly slots: number;
	/** `AGENT_LABELS`: `a=b,c=d` */
	readonly labels: Labels;
	/** `AGENT_HOST`: the address that the agent listens on. */
	readonly host: string;
	/** `AGENT_API_PORT`; 0: any free one. */
	readonly port: number;
	/** Whether the port was asked for: then it must be had. */
	readonly portIsExplicit: boolean;
	/** `AGENT_URL`: where the agent says that it is reached; information only. */
	readonly advertisedUrl?: string;
	/** `BYOAI_AUTH=none`: without a token, hosts beyond this one may have commands run. */
	readonly open: boolean;
	/** `AGENT_WORKFLOW`: a file to be handed to the orchestrator once for this start. */
	readonly workflow?: string;
	/** `AGENT_TASK_OUTPUT_BYTES`: output of a direct task that its reply holds. */
	readonly taskOutputBytes: number;
	/** `AGENT_SPOOL_BYTES`: output kept until the orchestrator has it. */
	readonly spoolBytes: number;
	/** `AGENT_WATCHDOG=none`: what this agent runs ends with it all the same, as in a container whose program it is. */
	readonly watched: boolean;
	/** `BYOAI_TOKEN`; commands never see it. */
	readonly token?: string;
	/** `BYOAI_INSTANCE_DIR`: set by the driver that started this agent. The agent ends when it is removed. */
	readonly instanceDirectory?: string;
};

const defaultPort = 5000;
/** As many as an orchestrator takes of an agent that registers. */
const slotsLimit = 10_000;
const labelLimits = {name: 100, value: 200};

/** Throws `usage`, with what to do. */
export function readSettings(env: NodeJS.ProcessEnv): AgentSettings {
	const url = httpUrl(env, 'ORCHESTRATOR_URL');
	const advertisedUrl = httpUrl(env, 'AGENT_URL');
	const endpointFile = env.BYOAI_ENDPOINT_FILE || undefined;
	const token = env.BYOAI_TOKEN || undefined;
	const workflow = env.AGENT_WORKFLOW || undefined;
	const instanceDirectory = env.BYOAI_INSTANCE_DIR || undefined;
	if (instanceDirectory !== undefined && url === undefined && endpointFile === undefined)
		throw usage('an instance (BYOAI_INSTANCE_DIR) does not listen: set ORCHESTRATOR_URL, for instance to http://127.0.0.1:5001');
	return {
		name: readName(env.AGENT_NAME || hostname()),
		...(url !== undefined && {url}),
		...(endpointFile !== undefined && {endpointFile}),
		slots: count(env, 'AGENT_SLOTS', 1, instanceDirectory === undefined ? [1, slotsLimit] : undefined),
		labels: readLabels(env.AGENT_LABELS ?? ''),
		host: readHost(env.AGENT_HOST || '127.0.0.1'),
		port: count(env, 'AGENT_API_PORT', defaultPort, [0, 65_535]),
		portIsExplicit: Boolean(env.AGENT_API_PORT),
		...(advertisedUrl !== undefined && {advertisedUrl}),
		open: readAuth(env.BYOAI_AUTH || 'token'),
		...(workflow !== undefined && {workflow}),
		taskOutputBytes: count(env, 'AGENT_TASK_OUTPUT_BYTES', defaultLimits.task_output_bytes),
		spoolBytes: count(env, 'AGENT_SPOOL_BYTES', defaultLimits.agent_spool_bytes),
		watched: readWatchdog(env.AGENT_WATCHDOG || 'own'),
		...(token !== undefined && {token}),
		...(instanceDirectory !== undefined && {instanceDirectory}),
	};
}

function httpUrl(env: NodeJS.ProcessEnv, name: string): string | undefined {
	const url = env[name] || undefined;
	if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
		throw usage(`${name} must be an http or https URL, not ${url}`);
	return url;
}

function readName(name: string): string {
	if (!/^[A-Za-z0-9][A-Za-z0-9_.~-]{0,199}$/.test(name))
		throw usage(`AGENT_NAME must be letters, digits and "_.~-", not ${JSON.stringify(name)}`);
	if (name in Object.prototype) throw usage(`AGENT_NAME cannot be ${name}, a word of JavaScript`);
	return name;
}

/** Where to listen, with no brackets around an IPv6 address. */
function readHost(text: string): string {
	const host = text.replace(/^\[(.*)\]$/, '$1');
	if (isIP(host) === 0 && !/^[A-Za-z0-9_.-]+$/.test(host))
		throw usage(`AGENT_HOST must be an address or a name of this host, such as 0.0.0.0, not ${JSON.stringify(text)}`);
	return host;
}

function readAuth(text: string): boolean {
	if (text !== 'token' && text !== 'none') throw usage(`BYOAI_AUTH must be token or none, not ${JSON.stringify(text)}`);
	return text === 'none';
}

function readWatchdog(text: string): boolean {
	if (text !== 'own' && text !== 'none') throw usage(`AGENT_WATCHDOG must be own or none, not ${JSON.stringify(text)}`);
	return text === 'own';
}

function count(
	env: NodeJS.ProcessEnv,
	name: string,
	absent: number,
	[least, most]: readonly [number, number] = [1, Number.MAX_SAFE_INTEGER],
): number {
	const text = env[name] || String(absent);
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= least && value <= most) return value;
	const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
	throw usage(`${name} must be a whole number ${range}, not ${JSON.stringify(text)}`);
}

function readLabels(text: string): Labels {
	const labels = new Map<string, string>();
	for (const pair of text.split(',')) {
		if (pair.trim() === '') continue;
		const [key = '', ...rest] = pair.split('=');
		const [name, value] = [key.trim(), rest.join('=').trim()];
		if (name === '' || rest.length === 0) throw usage(`AGENT_LABELS must be like a=b,c=d, not ${JSON.stringify(text)}`);
		if (labels.has(name)) throw usage(`AGENT_LABELS has ${name} twice: ${JSON.stringify(text)}`);
		if (name.length > labelLimits.name || value.length > labelLimits.value)
			throw usage(
				`AGENT_LABELS may have names of ${labelLimits.name} and values of ${labelLimits.value} characters, and ${name.slice(0, 50)} has more`,
			);
		labels.set(name, value);
	}
	return Object.fromEntries(labels);
}

function usage(message: string): ByoaiError {
	return new ByoaiError('usage', message);
}
