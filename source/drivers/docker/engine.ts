import {setTimeout as sleep} from 'node:timers/promises';
import type Docker from 'dockerode';
import {ByoaiError, messageOf} from '../../model/error.ts';

/** The engine's client, made when it is first asked for: whoever needs no Docker pays nothing for it. */
export type Connect = () => Promise<Docker>;

/** Answers come within this time, or not at all; what takes longer by its nature is not bounded by it. */
const answerMs = 60_000;
/** Between looking for an engine that is away, and looking again. */
const awayLookMs = 500;

/** `host`: `DOCKER_HOST`. Absent: the usual socket. */
export function createConnect(host: string | undefined): Connect {
	let client: Promise<Docker> | undefined;
	return () => {
		client ??= connect(host);
		return client;
	};
}

async function connect(host: string | undefined): Promise<Docker> {
	const options = optionsOf(host);
	const {default: Client} = await import('dockerode');
	return new Client(options);
}

/** Agents are reached at a port of this host, so the engine must be on it. Throws `unavailable`. */
function optionsOf(host: string | undefined): Docker.DockerOptions {
	if (!host) return {};
	const url = URL.parse(host.includes('://') ? host : `tcp://${host}`);
	if (url?.protocol === 'unix:') return {socketPath: url.pathname};
	if (url?.protocol === 'npipe:') return {socketPath: host.slice('npipe://'.length)};
	const isHere = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
	if (url !== null && ['tcp:', 'http:'].includes(url.protocol) && isHere) {
		return {protocol: 'http', host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 2375)};
	}
	throw new ByoaiError(
		'unavailable',
		`DOCKER_HOST is ${host}, and agents can be started with an engine on this host only, because they are reached at its ports: unset it, or set it to unix:///var/run/docker.sock.`,
	);
}

/** Asks the engine for something. Rejects with `unavailable`, in words; `doing` says what was to be done. */
export async function ask<T>(doing: string, work: Promise<T>, ms = answerMs): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		const message = `it did not answer within ${ms / 1000} s`;
		timer = setTimeout(() => reject(Object.assign(new Error(message), {code: 'ETIMEDOUT'})), ms);
	});
	try {
		return await Promise.race([work, late]);
	} catch (error) {
		throw inWords(doing, error);
	} finally {
		clearTimeout(timer);
	}
}

/** The same for what may be gone by now: then undefined. */
export async function askOfGone<T>(doing: string, work: Promise<T>, ms?: number): Promise<T | undefined> {
	return ask(
		doing,
		work.catch((error: unknown) => {
			if (statusOf(error) === 404) return undefined;
			throw error;
		}),
		ms,
	);
}

/** The HTTP status of the engine's refusal; undefined: there was none. */
export function statusOf(error: unknown): number | undefined {
	const source = error instanceof ByoaiError ? error.cause : error;
	return source instanceof Error && 'statusCode' in source && typeof source.statusCode === 'number' ? source.statusCode : undefined;
}

/** Whether the engine itself could not be reached, or did not answer, which may pass. */
export function isAway(error: unknown): boolean {
	return error instanceof ByoaiError && statusOf(error) === undefined && awayCodes.has(codeOf(error.cause));
}

const awayCodes: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/**
 * Does it again while the engine is away, for `awayMs` at most: it may just be started again. What is done must be such that it may be
 * repeated. Rejects with the signal's reason, or as `work` did last.
 */
export async function despiteRestart<T>(work: () => Promise<T>, {awayMs, signal}: {awayMs: number; signal: AbortSignal}): Promise<T> {
	for (const deadline = performance.now() + awayMs; ; ) {
		try {
			return await work();
		} catch (error) {
			signal.throwIfAborted();
			if (!isAway(error) || performance.now() >= deadline) throw error;
			await sleep(awayLookMs, undefined, {signal}).catch(() => signal.throwIfAborted());
		}
	}
}

function codeOf(error: unknown): string {
	return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What the engine says of its refusal, or what became of a call, in one line. */
export function saidBy(error: unknown): string {
	const said = error instanceof Error && 'json' in error ? error.json : undefined;
	if (typeof said === 'object' && said !== null && 'message' in said && typeof said.message === 'string') return oneLine(said.message);
	const message = messageOf(error);
	if (closed.has(message)) return 'Docker closed the connection';
	return oneLine(message.replace(/^\(HTTP code \d+\) [^-]* - /, ''));
}

/** What Node says of a connection that its other end gave up. */
const closed: ReadonlySet<string> = new Set(['aborted', 'socket hang up', 'read ECONNRESET', 'write EPIPE']);

function oneLine(text: string): string {
	return text.replace(/\s+/g, ' ').trim();
}

const start = 'start it (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to where it listens';
const mends: Readonly<Record<string, string>> = {
	ENOENT: `Docker is not running here: ${start}.`,
	ECONNREFUSED: `Docker is not running here: ${start}.`,
	EACCES:
		'This user may not use Docker: add it to the group `docker` (`sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST to an engine of its own.',
	EPERM:
		'This user may not use Docker: add it to the group `docker` (`sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST to an engine of its own.',
};

function inWords(doing: string, error: unknown): ByoaiError {
	if (error instanceof ByoaiError) return error;
	const mend = statusOf(error) === undefined ? mends[codeOf(error)] : undefined;
	const message = mend === undefined ? `Docker cannot ${doing}: ${saidBy(error)}` : `${mend} (${saidBy(error)})`;
	// What it refuses for what was asked, it refuses again; what broke in it, or on the way to it, may pass.
	const isRefusal = (statusOf(error) ?? 500) < 500;
	return new ByoaiError('unavailable', message, {cause: error, retryable: !isRefusal});
}
