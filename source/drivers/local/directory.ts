import {randomUUID} from 'node:crypto';
import {link, mkdir, open, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ProcessId} from './process.ts';
import {ownProcess, toProcessId} from './process.ts';

/*
 * What the local driver keeps on disk:
 *
 *     <instances>/<name>/<generation>/pid           the agent that holds this generation
 *                                     watchdog.pid  what kills its tasks when it dies
 *                                     groups        process groups of what it runs, for when both are dead
 *                                     agent.log     what it printed
 *
 * An agent program claims its generation by linking a complete `pid` (`{pid, startTime}`) into it, which only one can; the
 * others end. So a start that was cut short may be repeated blindly. A claim is never taken back: where its process has died
 * the next start opens the next generation, so that no driver can remove a claim which another has just renewed. A stop claims
 * what is not claimed yet in its own name, so that no agent can any more; then it removes everything at once.
 */

/** `none`: nobody holds it yet. `void`: nobody can hold it any more, because a stop came first or the file is damaged. */
export type Claim = 'none' | 'void' | ProcessId;

export type Generation = {
	/** Its directory. */
	readonly generation: string;
	/** From 1, without gaps. */
	readonly number: number;
	readonly claim: Claim;
};

const outputBytes = 4096;
const outputLines = 20;

/** An agent's name as a file name, which begins with no dot: those are ours. */
export function fileName(name: string): string {
	return encodeURIComponent(name).replace(/^\./, '%2E');
}

/** Names of all instances that have a directory, alive or not. */
export async function instanceNames(instances: string): Promise<readonly string[]> {
	const entries = (await orMissing(readdir(instances, {withFileTypes: true}))) ?? [];
	return entries.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(({name}) => decodeURIComponent(name));
}

/** The directories of an instance's generations, the newest last. */
export async function generations(instances: string, name: string): Promise<readonly string[]> {
	const directory = join(instances, fileName(name));
	const numbers = ((await orMissing(readdir(directory))) ?? []).map(Number).filter(Number.isSafeInteger);
	return numbers.sort((a, b) => a - b).map(number => join(directory, String(number)));
}

/** The generation that an instance is in; undefined when it was never started. */
export async function newestGeneration(instances: string, name: string): Promise<Generation | undefined> {
	const known = await generations(instances, name);
	const generation = known.at(-1);
	return generation === undefined ? undefined : {generation, number: known.length, claim: await readClaim(generation)};
}

/** Makes and names the directory of the generation after the newest. */
export async function addGeneration(instances: string, name: string, newest = 0): Promise<string> {
	const directory = join(instances, fileName(name), String(newest + 1));
	await mkdir(directory, {recursive: true, mode: 0o700});
	return directory;
}

/** Who holds a generation. */
export async function readClaim(generation: string): Promise<Claim> {
	return (await readProcessFile(join(generation, 'pid'))) ?? 'none';
}

/** Makes sure that no agent claims the generation any more; resolves with the one that did before. */
export async function refuseClaims(generation: string): Promise<ProcessId | undefined> {
	const refusal = join(generation, `refusal-${randomUUID()}`);
	try {
		// Naming a living process, it is a claim like any other to an agent that comes too late.
		await writeFile(refusal, JSON.stringify({...ownProcess(), refused: true}));
		await link(refusal, join(generation, 'pid'));
	} catch (error) {
		if (!isOneOf(error, ['EEXIST', 'ENOENT'])) throw error; // it is claimed, or another stop has removed it
	}
	const claim = await readClaim(generation);
	return typeof claim === 'object' ? claim : undefined;
}

/** The process that kills an agent's tasks when the agent dies; undefined where it has none. */
export async function readWatchdog(generation: string): Promise<ProcessId | undefined> {
	const watchdog = await readProcessFile(join(generation, 'watchdog.pid'));
	return typeof watchdog === 'object' ? watchdog : undefined;
}

/** Where an agent's output goes. */
export function logFile(generation: string): string {
	return join(generation, 'agent.log');
}

/** The end of what an agent printed, in whole lines where they are short enough; undefined when it printed nothing. */
export async function lastOutput(generation: string): Promise<string | undefined> {
	const file = await orMissing(open(logFile(generation)));
	if (file === undefined) return undefined;
	try {
		const {size} = await file.stat();
		const start = Math.max(0, size - outputBytes);
		const {buffer, bytesRead} = await file.read({buffer: Buffer.alloc(size - start), position: start});
		const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
		if (start > 0 && lines.length > 1) lines.shift();
		return lines.slice(-outputLines).join('\n') || undefined;
	} finally {
		await file.close();
	}
}

/**
 * Removes all that is kept of an instance. The directory is renamed first, so that an agent program which is only now
 * starting finds no place to claim; a removal that was cut short is finished by the next.
 */
export async function removeInstance(instances: string, name: string): Promise<void> {
	const removed = join(instances, `.${fileName(name)}`);
	await rm(removed, {recursive: true, force: true});
	await orMissing(rename(join(instances, fileName(name)), removed));
	await rm(removed, {recursive: true, force: true});
}

/** A process that wrote itself down; undefined where there is no such file. */
async function readProcessFile(file: string): Promise<ProcessId | 'void' | undefined> {
	const text = await orMissing(readFile(file, 'utf8'));
	if (text === undefined) return undefined;
	try {
		const {pid, startTime, refused} = JSON.parse(text) as {pid?: unknown; startTime?: unknown; refused?: unknown};
		return (refused === true ? undefined : toProcessId(pid, startTime)) ?? 'void';
	} catch {
		return 'void'; // it was cut short by a crash of the host
	}
}

async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
	try {
		return await work;
	} catch (error) {
		if (isOneOf(error, ['ENOENT'])) return undefined;
		throw error;
	}
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
	return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
