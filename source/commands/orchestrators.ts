import {existsSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Client} from '../client/client.ts';
import {createClient} from '../client/client.ts';
import {causeOf} from '../client/reply.ts';
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
	/** Where it is now, where that may change. */
	readonly address?: () => string;
	/** Closes what is in this process; nothing else. */
	close(): Promise<void>;
};

type Fetch = (request: Request) => Promise<Response>;

/** How long an owner of the state directory may take to tell where it is reached, or to go away. */
const ownerTimeoutMs = 10_000;
const ownerLookMs = 100;

/** Opens an orchestrator in this process. Rejects with `conflict` when another one has the state directory. */
async function openOwn(
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

/** The orchestrator of the state directory: one in this process where nobody has the directory, else its owner. */
export function openOrJoin(invocation: Invocation, mode: OrchestratorOptions['mode']): Promise<Access> {
	return openUnless(invocation, mode, owner => owner);
}

/** Opens an orchestrator that shares its state directory with nobody. Rejects with `unavailable` when it has an owner. */
export function openAlone(invocation: Invocation, mode: OrchestratorOptions['mode']): Promise<Access & {own: Orchestrator}> {
	return openUnless(invocation, mode, (_, error) => {
		throw new ByoaiError('unavailable', error.message, {cause: error});
	});
}

/** `owned` tells what to do about an owner. A directory is held for a moment, too, by one that only just starts, or ends, or reads. */
async function openUnless<Owned>(
	invocation: Invocation,
	mode: OrchestratorOptions['mode'],
	owned: (owner: Access, error: ByoaiError) => Owned,
): Promise<(Access & {own: Orchestrator}) | Owned> {
	for (const deadline = performance.now() + ownerTimeoutMs; ; ) {
		try {
			return await openOwn(invocation, mode);
		} catch (error) {
			if (!(error instanceof ByoaiError && error.code === 'conflict')) throw error;
			const owner = await reachOwner(invocation.config);
			if (isAccess(owner)) return owned(owner, error);
			if (performance.now() > deadline) throw new ByoaiError('unavailable', error.message, {cause: error});
			await sleep(ownerLookMs);
		}
	}
}

/**
 * Finds the orchestrator that a command is to act on: `--url`, `ORCHESTRATOR_URL`, the owner of the state directory, whoever listens
 * on the default port (unless somebody named a state directory); then, with `fallback`, one in this process that has the state
 * directory's runs. Rejects with `unavailable`, telling all that was tried.
 */
export async function findOrchestrator(invocation: Invocation, fallback?: 'reader' | 'once'): Promise<Access> {
	const {config} = invocation;
	if (config.url !== undefined) return remote(config, config.url);
	const owner = await reachOwner(config);
	if (isAccess(owner)) return owner;
	const byDefault = `http://127.0.0.1:${config.port}`;
	const other = config.stateDirIsExplicit ? notTried : await reach(remote(config, byDefault));
	if (isAccess(other)) return other;
	if (fallback !== undefined && existsSync(config.stateDir)) return openOrJoin(invocation, fallback);
	const tried = [`the state directory ${config.stateDir}: ${owner.miss}`, `${byDefault}: ${other.miss}`];
	throw new ByoaiError(
		'unavailable',
		[
			'no orchestrator runs where byoai looked:',
			...tried.map(line => `  ${line}`),
			'Start one with `byoai agent-manager-mode`, or name one with --url (ORCHESTRATOR_URL).',
		].join('\n'),
	);
}

/** A client of an orchestrator elsewhere. */
export function remote(config: Config, url: string, fetch: Fetch = request => globalThis.fetch(request)): Access {
	return {client: clientOf(config, url, fetch), close: async () => undefined};
}

/**
 * The same way for as long as it takes: an orchestrator that was found by its state directory is found there again when it was started
 * anew, at whatever address.
 */
export function followOwner(access: Access, config: Config): Access {
	const {client} = access;
	let endpoint = readEndpoint(config.stateDir);
	if (access.own !== undefined || config.url !== undefined || endpoint?.url !== client.url) return access;
	let now = {certificate: '', fetch: globalThis.fetch as Fetch};
	const fetch: Fetch = async request => {
		// While it starts there is none: then the last one counts.
		endpoint = readEndpoint(config.stateDir) ?? endpoint;
		const url = endpoint?.url ?? client.url;
		const certificate = endpoint?.certificate;
		if (typeof certificate === 'string' && certificate !== now.certificate) now = {certificate, fetch: await pinned(certificate)};
		return now.fetch(url === client.url ? request : new Request(url + request.url.slice(client.url.length), request));
	};
	return {...remote(config, client.url, fetch), address: () => endpoint?.url ?? client.url};
}

/** Why nothing was found at a place, in words. */
type Miss = {readonly miss: string};

const notTried: Miss = {miss: 'not tried, as that state directory was asked for'};

function isAccess(found: Access | Miss): found is Access {
	return 'client' in found;
}

async function reachOwner(config: Config): Promise<Access | Miss> {
	const endpoint = readEndpoint(config.stateDir);
	if (endpoint === undefined) return {miss: existsSync(config.stateDir) ? 'no orchestrator has it' : 'is not there'};
	const {url, epoch, certificate} = endpoint;
	const access = typeof certificate === 'string' ? remote(config, url, await pinned(certificate)) : remote(config, url);
	return reach(access, epoch);
}

async function pinned(certificate: string): Promise<Fetch> {
	const {pinnedFetch} = await import('../client/pinned-fetch.ts');
	return pinnedFetch(certificate);
}

/** Whoever answers there; not another orchestrator than expected: where a killed one was, one of another state directory may be now. */
async function reach(access: Access, expectedEpoch?: unknown): Promise<Access | Miss> {
	const {url} = access.client;
	const isOwner = expectedEpoch !== undefined;
	try {
		const {protocol, epoch} = await access.client.health();
		if (typeof protocol !== 'number') return {miss: 'something else than an orchestrator answers there'};
		return isOwner && epoch !== expectedEpoch ? {miss: `its orchestrator is gone from ${url}, where another one is`} : access;
	} catch (error) {
		if (!(error instanceof ByoaiError)) throw error;
		const why = error.cause === undefined ? error.message : causeOf(error.cause);
		return {miss: isOwner ? `its orchestrator does not answer at ${url}: ${why}` : why};
	}
}

function clientOf({token, told}: Config, url: string, fetch: Fetch): Client {
	return createClient({url, fetch, told, ...(token !== undefined && {token})});
}
