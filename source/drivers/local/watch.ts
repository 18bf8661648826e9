import {setTimeout as sleep} from 'node:timers/promises';
import type {InstanceEnd} from '../../model/instance.ts';
import {lastOutput, readWatchdog} from './directory.ts';
import {killLeftGroups} from './groups.ts';
import type {ProcessId} from './process.ts';
import {isAlive, signalProcess} from './process.ts';

/** How often a process is looked at that is not our child: nobody tells us of its end. */
const pollMs = 500;
/** How often the watchdog of an agent that has ended is looked at: it needs but a moment. */
const watchdogPollMs = 20;

/** For the watchdog of an agent that has ended to end what that ran: longer than it ever takes. */
const watchdogMs = 10_000;

/** For what a dead agent and a dead watchdog left running to be gone, once it was killed. */
const killMs = 10_000;

/** The end of an agent that an earlier life of the orchestrator started. Its exit status cannot be had. */
export async function adoptedEnd(holder: ProcessId, signal: AbortSignal): Promise<InstanceEnd> {
	if (!isAlive(holder)) return {cause: 'ended while nobody watched'};
	await gone(holder, pollMs, signal);
	return {cause: 'ended; how is not known, for an earlier life of the orchestrator had started it'};
}

/**
 * The end of the whole instance, with what it printed last: its agent's, once the watchdog, or this driver where that is dead too, has killed
 * what the agent left. Before that, an attempt that is taken for lost might still run.
 */
export async function instanceEnd(agentEnd: Promise<InstanceEnd>, generation: string, signal: AbortSignal): Promise<InstanceEnd> {
	const end = await agentEnd;
	const watchdog = await readWatchdog(generation);
	if (watchdog !== undefined) await watchdogEnd(watchdog, signal);
	// What cannot be killed (it hangs in the kernel) is waited for no longer: its attempt would hang with it.
	if (!signal.aborted) await killLeftGroups(generation, killMs);
	const output = await lastOutput(generation);
	return {...end, ...(output === undefined ? {} : {output})};
}

/** One that somebody has stopped goes on; one that hangs is killed, as this driver does the rest of its work. */
async function watchdogEnd(watchdog: ProcessId, signal: AbortSignal): Promise<void> {
	signalProcess(watchdog, 'SIGCONT');
	await gone(watchdog, watchdogPollMs, AbortSignal.any([signal, AbortSignal.timeout(watchdogMs)]));
	if (signal.aborted) return;
	signalProcess(watchdog, 'SIGKILL');
	await gone(watchdog, watchdogPollMs, signal);
}

/** Resolves when the process has ended, or the signal is aborted. Its timers keep nobody alive. */
async function gone(id: ProcessId, lookMs: number, signal: AbortSignal): Promise<void> {
	while (isAlive(id) && !signal.aborted) await sleep(lookMs, undefined, {ref: false});
}
