import {existsSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Client} from '../client/client.ts';
import {createClient} from '../client/client.ts';
import type {Config} from '../config.ts';
import {refuseExposure} from '../config.ts';
import {ByoaiError} from '../model/error.ts';
import type {Orchestrator, OrchestratorOptions} from '../orchestrator.ts';
import {readEndpoint} from '../store/state-directory.ts';
import type {Invocation} from './command.ts';

/** A way to an orchestrator. */
export type Access = {
	readonly client: Client;
	/** Set when it lives in this process. */
	readonly own?: Orchestrator;
	/** Closes what is in this process; nothing else. */
	close(): Promise<void>;
};

type Fetch = (request: Request) => Promise<Response>;

/** How long an owner of the state directory may take to tell where it is reached, or to go away. */
const ownerTimeoutMs = 10_000;
const ownerLookMs = 100;

/** Opens an orchestrator in this process. Rejects with `conflict` when another one has the state directory. */
export async function openOwn(
	{config, agentProgram, diagnostics}: Invocation,
	mode: OrchestratorOptions['mode'],
): Promise<Access & {own: Orchestrator}> {
	if (mode !== 'reader') refuseExposure(config);
	const {openOrchestrator} = await import('../orchestrator.ts');
	const own = await openOrchestrator({config, mode, agentProgram, warn: message => diagnostics.warn(message)});
	if (own.fingerprint !== undefined) diagnostics.info(`the certificate is its own, with the SHA-256 fingerprint ${own.fingerprint}`);
	// A reader has no address; its `fetch` does not look at this one.
	const url = own.url === '' ? 'http://localhost' : own.url;
	return {own, client: clientOf(config, url, own.fetch), close: () => own.close()};
}

/**
 * The orchestrator of the state directory: one in this process where nobody has the directory, else its owner. A directory is held
 * for a moment, too, by one that only just starts, or ends, or reads.
 */
export async function openOrJoin(invocation: Invocation, mode: OrchestratorOptions['mode']): Promise<Access> {
	const {config} = invocation;
	for (const deadline = performance.now() + ownerTimeoutMs; ; ) {
		try {
			return await openOwn(invocation, mode);
		} catch (error) {
			if (!(error instanceof ByoaiError && error.code === 'conflict')) throw error;
			const owner = await reachOwner(config);
			if (owner !== undefined) return owner;
			if (performance.now() > deadline) throw new ByoaiError('unavailable', error.message, {cause: error});
			await sleep(ownerLookMs);
		}
	}
}

/**
 * Finds the orchestrator that a command is to act on: `--url`, `ORCHESTRATOR_URL`, the owner of the state directory, whoever listens
 * on the default port (unless somebody named a state directory); then, with `fallback`, one in this process that has the state directory's runs. Rejects with `unavailable`,
 * telling what was tried.
 */
export async function findOrchestrator(invocation: Invocation, fallback?: 'reader' | 'once'): Promise<Access> {
	const {config} = invocation;
	if (config.url !== undefined) return remote(config, config.url);
	const owner = await reachOwner(config);
	if (owner !== undefined) return owner;
	const byDefault = `http://127.0.0.1:${config.port}`;
	if (!config.stateDirIsExplicit) {
		const other = await reach(remote(config, byDefault));
		if (other !== undefined) return other;
	}
	if (fallback !== undefined && existsSync(config.stateDir)) return openOrJoin(invocation, fallback);
	const tried = [`the state directory ${config.stateDir}`, ...(config.stateDirIsExplicit ? [] : [byDefault])].join(' and ');
	throw new ByoaiError(
		'unavailable',
		`no orchestrator runs: looked for one at ${tried}. Start one with \`byoai agent-manager-mode\`, or name one with --url.`,
	);
}

/** A client of an orchestrator elsewhere. */
export function remote(config: Config, url: string, fetch: Fetch = request => globalThis.fetch(request)): Access {
	return {client: clientOf(config, url, fetch), close: async () => undefined};
}

async function reachOwner(config: Config): Promise<Access | undefined> {
	const endpoint = readEndpoint(config.stateDir);
	if (endpoint === undefined) return undefined;
	const {url, epoch, certificate} = endpoint;
	const access = typeof certificate === 'string' ? remote(config, url, await pinned(certificate)) : remote(config, url);
	return reach(access, epoch);
}

async function pinned(certificate: string): Promise<Fetch> {
	const {pinnedFetch} = await import('../client/pinned-fetch.ts');
	return pinnedFetch(certificate);
}

/** Undefined when no orchestrator answers there, or another one: where a killed one was, one of another state directory may be now. */
async function reach(access: Access, expectedEpoch?: unknown): Promise<Access | undefined> {
	try {
		const {protocol, epoch} = await access.client.health();
		const isOther = expectedEpoch !== undefined && epoch !== expectedEpoch;
		return typeof protocol === 'number' && !isOther ? access : undefined;
	} catch (error) {
		if (error instanceof ByoaiError) return undefined;
		throw error;
	}
}

function clientOf({token}: Config, url: string, fetch: Fetch): Client {
	return createClient({url, fetch, ...(token !== undefined && {token})});
}
