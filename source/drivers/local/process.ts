import {readdirSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ProcessStat} from '../../model/process-stat.ts';
import {parseProcessStat} from '../../model/process-stat.ts';

/**
 * A process of this host. `startTime` is field 22 of `/proc/<pid>/stat` and tells it from a later process of the same pid;
 * absent where there is no such file (macOS): there the pid alone must do.
 */
export type ProcessId = {readonly pid: number; readonly startTime?: string};

const hasProc = process.platform === 'linux';

/** A process as it was written down; undefined for what cannot be one of ours: signals to pids below 2 go to many processes. */
export function toProcessId(pid: unknown, startTime: unknown): ProcessId | undefined {
	if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
	return toProcess(pid, startTime);
}

/** The process that this runs in. */
export function ownProcess(): ProcessId {
	return toProcess(process.pid, hasProc ? readStat(process.pid)?.startTime : undefined);
}

/** Whether it runs. A zombie, which only waits for its parent to notice, does not. */
export function isAlive(id: ProcessId): boolean {
	if (!hasProc) return trySignal(id.pid, 0);
	const stat = readStat(id.pid);
	return stat !== undefined && isRunning(stat) && (id.startTime === undefined || stat.startTime === id.startTime);
}

/** Whether both are the same process. */
export function isSame(one: ProcessId, other: ProcessId): boolean {
	return one.pid === other.pid && one.startTime === other.startTime;
}

/** Sends a signal to the process, never to another one that has its pid now. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): void {
	if (isAlive(id)) trySignal(id.pid, signal);
}

/** Kills what is left of the process group of a leader that just ended. Resolves with false when something outlives `timeoutMs`. */
export async function killGroup(leader: ProcessId, timeoutMs: number): Promise<boolean> {
	return until(() => {
		// Another process with the leader's pid would mean that no process of the old group was left to keep the number taken.
		if (isAlive({pid: leader.pid}) || !groupLives(leader.pid)) return true;
		trySignal(-leader.pid, 'SIGKILL');
		return false;
	}, timeoutMs);
}

/**
 * Kills a process group that was written down: where its leader is still the same process, all of it; where the leader is gone, those
 * members that `isOurs` knows, for the number may be another's by now. Resolves with false when something outlives `timeoutMs`.
 */
export async function killOwnGroup(leader: ProcessId, isOurs: (pid: number) => boolean, timeoutMs: number): Promise<boolean> {
	return until(() => {
		if (isAlive(leader)) {
			trySignal(-leader.pid, 'SIGKILL');
			return false;
		}
		const members = hasProc ? membersOf(leader.pid).filter(isOurs) : [];
		for (const pid of members) trySignal(pid, 'SIGKILL');
		return members.length === 0;
	}, timeoutMs);
}

/** Kills the processes that `which` names, and returns them; none where there is no /proc. */
export function killProcesses(which: (pid: number) => boolean): readonly ProcessId[] {
	const found = hasProc ? runningProcesses(() => true).filter(which) : [];
	for (const pid of found) trySignal(pid, 'SIGKILL');
	return found.map(pid => ({pid}));
}

/** Asks until the condition holds, or `timeoutMs` have passed. Resolves with whether it holds. */
export async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
	const deadline = performance.now() + timeoutMs;
	for (;;) {
		if (condition()) return true;
		if (performance.now() >= deadline) return false;
		await sleep(20);
	}
}

function toProcess(pid: number, startTime: unknown): ProcessId {
	return {pid, ...(startTime === undefined ? {} : {startTime: String(startTime)})};
}

function groupLives(group: number): boolean {
	if (!trySignal(-group, 0)) return false;
	if (!hasProc) return true;
	// A signal reaches zombies too, which stay for good where process 1 does not reap.
	return membersOf(group).length > 0;
}

/** Processes of a group that run, on Linux. */
function membersOf(group: number): readonly number[] {
	return runningProcesses(stat => stat.group === group);
}

function runningProcesses(which: (stat: ProcessStat) => boolean): readonly number[] {
	const pids = readdirSync('/proc')
		.filter(entry => /^\d+$/.test(entry))
		.map(Number);
	return pids.filter(pid => {
		const stat = readStat(pid);
		return stat !== undefined && isRunning(stat) && which(stat);
	});
}

function isRunning(stat: ProcessStat): boolean {
	return stat.state !== 'Z' && stat.state !== 'X';
}

function readStat(pid: number): ProcessStat | undefined {
	const text = readProcFile(`/proc/${pid}/stat`);
	return text === undefined ? undefined : parseProcessStat(text);
}

/** Only "no such process" means that it is gone: to take any other error for that would start a second agent. */
function readProcFile(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ESRCH') return undefined;
		throw error;
	}
}

/** Whether there was something to signal. A process of another user is none of ours: it only has a pid that was ours. */
function trySignal(pid: number, signal: NodeJS.Signals | 0): boolean {
	try {
		return process.kill(pid, signal);
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === 'ESRCH' || code === 'EPERM') return false;
		throw error;
	}
}
