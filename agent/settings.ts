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
	/** `AGENT_SPOOL_BYTES`: output kept until the orchestrator has it. */
	readonly spoolBytes: number;
	/** `BYOAI_TOKEN`; commands never see it. */
	readonly token?: string;
	/** `BYOAI_INSTANCE_DIR`: set by the driver that started this agent. The agent ends when it is removed. */
	readonly instanceDirectory?: string;
};

/** Throws `usage`, with what to do. */
export function readSettings(env: NodeJS.ProcessEnv): AgentSettings {
	const url = env.ORCHESTRATOR_URL || undefined;
	const endpointFile = env.BYOAI_ENDPOINT_FILE || undefined;
	if (url === undefined && endpointFile === undefined) throw usage('set ORCHESTRATOR_URL, for instance to http://127.0.0.1:5001');
	if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
		throw usage(`ORCHESTRATOR_URL must be an http or https URL, not ${url}`);
	const name = env.AGENT_NAME || hostname();
	if (!/^[A-Za-z0-9][A-Za-z0-9_.~-]{0,199}$/.test(name))
		throw usage(`AGENT_NAME must be letters, digits and "_.~-", not ${JSON.stringify(name)}`);
	const token = env.BYOAI_TOKEN || undefined;
	const instanceDirectory = env.BYOAI_INSTANCE_DIR || undefined;
	return {
		name,
		...(url !== undefined && {url}),
		...(endpointFile !== undefined && {endpointFile}),
		slots: count(env, 'AGENT_SLOTS', 1),
		labels: readLabels(env.AGENT_LABELS ?? ''),
		spoolBytes: count(env, 'AGENT_SPOOL_BYTES', defaultLimits.agent_spool_bytes),
		...(token !== undefined && {token}),
		...(instanceDirectory !== undefined && {instanceDirectory}),
	};
}

function count(env: NodeJS.ProcessEnv, name: string, absent: number): number {
	const text = env[name] || String(absent);
	const value = Number(text);
	if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value))
		throw usage(`${name} must be a whole number from 1 on, not ${JSON.stringify(text)}`);
	return value;
}

function readLabels(text: string): Labels {
	const pairs = text.split(',').filter(pair => pair.trim() !== '');
	return Object.fromEntries(
		pairs.map(pair => {
			const [key = '', ...value] = pair.split('=');
			if (key.trim() === '' || value.length === 0) throw usage(`AGENT_LABELS must be like a=b,c=d, not ${JSON.stringify(text)}`);
			return [key.trim(), value.join('=').trim()];
		}),
	);
}

function usage(message: string): ByoaiError {
	return new ByoaiError('usage', message);
}
