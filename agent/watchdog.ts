import {rmSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {enterWatchdog} from './instance.ts';
import type {Lease} from './lease.ts';
import {clockLookMs, killWindowMs, leaseLeftMs} from './lease.ts';
import {now} from './now.ts';
import {endGroup, groupsMarked, signalGroup} from './process-group.ts';

/** What the agent tells its watchdog, a line of JSON each. */
export type WatchdogMessage =
	| {readonly type: 'starting'; readonly mark: string}
	| {readonly type: 'not-started'; readonly mark: string}
	| {readonly type: 'began'; readonly group: number; readonly mark: string; readonly direct: boolean}
	| {readonly type: 'vanished'; readonly group: number}
	| {readonly type: 'lease'; readonly lease: Lease};

/** The argument that makes the agent's program a watchdog; after it come its directory and, for a deployed agent, its instance's. */
export const watchdogArgument = '--watchdog';
/** Printed when it listens: from then on commands may start. */
export const watchdogReady = 'watching';

/** What a dead agent's commands get between SIGTERM and SIGKILL. */
const orphanGraceMs = 2000;

/** How long a process that the agent was about to start may take to show, and how often it is looked for. */
const startMs = 2000;
const startLookMs = 50;

/** A group, whether it is a direct task's, and what was sent last to it. */
type Watched = {readonly direct: boolean; sent: NodeJS.Signals | undefined};

/**
 * The process beside the agent that ends its commands when it cannot: when it is dead (its pipe to here ends), and when
 * the lease is about to end and it did nothing (it is stopped, or hangs). Resolves once the agent is gone and nothing of
 * its commands runs; `directory`, its temporary files, is removed then.
 */
export async function watch(directory: string, instanceDirectory?: string): Promise<void> {
	// These are for the agent, and to go on after its end is what this process is for.
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
	const starting = new Set<string>();
	const groups = new Map<number, Watched>();
	let lease: Lease | undefined;
	let timer: NodeJS.Timeout | undefined;
	const lines = createInterface({input: process.stdin, crlfDelay: 0});
	if (instanceDirectory !== undefined) enterWatchdog(instanceDirectory);
	process.stdout.on('error', () => undefined); // the agent is dead; the end of the pipe says so too
	process.stdout.write(`${watchdogReady}\n`);
	for await (const line of lines) {
		const message = parse(line);
		if (message?.type === 'starting') starting.add(message.mark);
		if (message?.type === 'not-started' || message?.type === 'began') starting.delete(message.mark);
		if (message?.type === 'began') groups.set(message.group, {direct: message.direct, sent: undefined});
		if (message?.type === 'vanished') groups.delete(message.group);
		if (message?.type !== 'lease') continue;
		if (message.lease.leaseMs !== lease?.leaseMs) {
			clearInterval(timer);
			timer = setInterval(() => lease && groups.size > 0 && guardLease(lease, groups), clockLookMs(message.lease.leaseMs));
		}
		lease = message.lease;
	}
	clearInterval(timer);
	const killAt = performance.now() + (lease ? Math.min(orphanGraceMs, leaseLeftMs(lease, now())) : orphanGraceMs);
	const end = (group: number) => endGroup(group, () => killAt);
	await Promise.all([...[...groups.keys()].map(end), ...[...starting].map(async mark => Promise.all((await startedAs(mark)).map(end)))]);
	rmSync(directory, {recursive: true, force: true});
}

/** Groups of a command in whose start the agent died. It may be about to run only, or never come. */
async function startedAs(mark: string): Promise<readonly number[]> {
	for (const giveUpAt = performance.now() + startMs; performance.now() < giveUpAt; await sleep(startLookMs)) {
		const groups = groupsMarked(mark);
		if (groups.length > 0) return groups;
	}
	return [];
}

/** The agent itself terminates at the start of the window and kills at a half of it: this is for one that does not. */
function guardLease(lease: Lease, groups: ReadonlyMap<number, Watched>): void {
	const window = killWindowMs(lease.leaseMs);
	const leftMs = leaseLeftMs(lease, now());
	if (leftMs > window / 2) return;
	const signal = leftMs > window / 4 ? 'SIGTERM' : 'SIGKILL';
	for (const [group, watched] of groups) {
		if (watched.direct || signal === watched.sent) continue;
		signalGroup(group, signal);
		watched.sent = signal;
	}
}

function parse(line: string): WatchdogMessage | undefined {
	try {
		return JSON.parse(line) as WatchdogMessage;
	} catch {
		return undefined; // cut short by the agent's death, in the midst of a write
	}
}
