import {linkSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {processStat} from './process-group.ts';

/**
 * Makes this process the agent of an instance: writes `pid` (JSON `{pid, startTime}`, the latter where /proc tells it) into
 * the instance's directory, which works once. False: another process has it, or the directory is gone; in either case this
 * one is not wanted. A claim is never taken over, not from a dead process either: its driver makes a new directory.
 */
export function claimInstance(directory: string): boolean {
	const mine = join(directory, `pid-${process.pid}`);
	try {
		writeFileSync(mine, ownIdentity());
		linkSync(mine, join(directory, 'pid')); // appears whole or not at all, and never replaces
		return true;
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOENT')) return false;
		throw error;
	} finally {
		rmSync(mine, {force: true});
	}
}

/** Writes `watchdog.pid` into an instance's directory, so that who stops the instance can wait for its watchdog's end. */
export function enterWatchdog(directory: string): void {
	const mine = join(directory, `watchdog-${process.pid}`);
	writeFileSync(mine, ownIdentity());
	renameSync(mine, join(directory, 'watchdog.pid')); // replaces the one before, which has ended
}

/** Process ids are used again; together with the start time they are not. */
function ownIdentity(): string {
	return JSON.stringify({pid: process.pid, startTime: processStat('self')?.startTime});
}
