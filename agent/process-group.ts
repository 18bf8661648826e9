import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {startVariable} from '../source/model/instance.ts';
import type {ProcessStat} from '../source/model/process-stat.ts';
import {parseProcessStat} from '../source/model/process-stat.ts';

/** How often a dying group is looked at: soon at first, for most die at once. */
const firstLookMs = 2;
const lastLookMs = 100;
/** How long a killed group may take to vanish; longer takes only what cannot be killed (another user's, or stuck in the kernel). */
const vanishMs = 3000;

/** Signals a whole process group; false: there is nobody to signal. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
	try {
		process.kill(-group, signal);
		return true;
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code === 'ESRCH') return false;
		// Members of another user cannot be signalled, but they live. (macOS says the same of a group of zombies.)
		if (code === 'EPERM') return process.platform === 'linux';
		throw error;
	}
}

/** Whether a process group has a living member. */
export function groupLives(group: number): boolean {
	if (!signalGroup(group, 0)) return false;
	// A signal reaches zombies too, and nobody may be there to reap them (an agent that is process 1 of a container).
	return process.platform !== 'linux' || hasLivingMember(group);
}

/**
 * Ends a process group: SIGTERM, and SIGKILL once `killAt` (of `performance.now()`, looked at again and again) has come.
 * Resolves with whether all of it is gone.
 */
export async function endGroup(group: number, killAt: () => number): Promise<boolean> {
	if (!groupLives(group)) return true;
	signalGroup(group, 'SIGTERM');
	let lookMs = firstLookMs;
	for (let leftMs = killAt() - performance.now(); leftMs > 0; leftMs = killAt() - performance.now()) {
		await sleep(Math.min(lookMs, leftMs));
		if (!groupLives(group)) return true;
		lookMs = Math.min(lookMs * 1.5, lastLookMs);
	}
	const giveUpAt = performance.now() + vanishMs;
	for (lookMs = firstLookMs; performance.now() < giveUpAt; lookMs = Math.min(lookMs * 1.5, lastLookMs)) {
		signalGroup(group, 'SIGKILL');
		await sleep(lookMs);
		if (!groupLives(group)) return true;
	}
	return false;
}

/** Undefined where /proc does not tell. */
export function processStat(pid: number | 'self'): ProcessStat | undefined {
	try {
		return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
	} catch {
		return undefined; // it has ended, or this system has no /proc
	}
}

/** Groups of the living processes that carry this mark of a start; none where /proc does not tell. */
export function groupsMarked(mark: string): readonly number[] {
	if (process.platform !== 'linux') return [];
	const groups = new Set<number>();
	for (const pid of pids()) {
		const stat = isMarked(pid, mark) ? processStat(pid) : undefined;
		if (stat !== undefined && stat.state !== 'Z') groups.add(stat.group);
	}
	return [...groups];
}

function isMarked(pid: number, mark: string): boolean {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${startVariable}=${mark}`);
	} catch {
		return false; // it has ended, or is another user's
	}
}

function pids(): readonly number[] {
	return readdirSync('/proc')
		.filter(name => /^\d+$/.test(name))
		.map(Number);
}

function hasLivingMember(group: number): boolean {
	if (isLivingMember(group, group)) return true; // the leader, most often
	return pids().some(pid => isLivingMember(pid, group));
}

function isLivingMember(pid: number, group: number): boolean {
	const stat = processStat(pid);
	return stat?.group === group && stat.state !== 'Z' && stat.state !== 'X';
}
