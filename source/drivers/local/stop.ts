import {ByoaiError} from '../../model/error.ts';
import {readWatchdog} from './directory.ts';
import {killLeftGroups} from './groups.ts';
import type {ProcessId} from './process.ts';
import {isAlive, isSame, killGroup, signalProcess, until} from './process.ts';

/** For a process that was sent SIGKILL to be gone. */
const killMs = 10_000;

/**
 * Ends agents with all that they started: SIGTERM, after `graceMs` SIGKILL; then their watchdogs are given as long to kill
 * the tasks; what then still runs of them or is in an agent's process group is killed too. Rejects with `unavailable` when something stays.
 * One that somebody has stopped (SIGSTOP) goes on, so that it can end in order.
 */
export async function endAgents(
	name: string,
	agents: readonly ProcessId[],
	generations: readonly string[],
	graceMs: number,
): Promise<void> {
	// Of an agent that had ended before, the process group may be somebody else's by now: that one is not looked at.
	const living = agents.filter((agent, index) => isAlive(agent) && agents.findIndex(other => isSame(agent, other)) === index);
	for (const agent of living) {
		signalProcess(agent, 'SIGTERM');
		signalProcess(agent, 'SIGCONT');
	}
	const gone = () => !living.some(isAlive);
	if (!(await until(gone, graceMs))) {
		for (const agent of living) signalProcess(agent, 'SIGKILL');
		if (!(await until(gone, killMs))) throw stuck(name, living);
	}
	for (const generation of generations) await endLeft(name, generation, graceMs);
	for (const agent of living) {
		if (!(await killGroup(agent, killMs))) throw stuck(name, [agent]);
	}
}

/** Waits `graceMs` for the watchdog of an agent that is gone to end the tasks; where it does not, or is dead too, they are ended by the agent's record. */
export async function endLeft(name: string, generation: string, graceMs: number): Promise<void> {
	const watchdog = await readWatchdog(generation);
	if (watchdog !== undefined) {
		const gone = () => !isAlive(watchdog);
		signalProcess(watchdog, 'SIGCONT');
		if (!(await until(gone, graceMs))) {
			signalProcess(watchdog, 'SIGKILL');
			if (!(await until(gone, killMs))) throw stuck(name, [watchdog]);
		}
	}
	const left = await killLeftGroups(generation, killMs);
	if (left.length > 0) throw stuck(name, left);
}

function stuck(name: string, processes: readonly ProcessId[]): ByoaiError {
	const pids = processes.map(({pid}) => pid).join(', ');
	return new ByoaiError(
		'unavailable',
		`Instance ${name} cannot be stopped: process ${pids} does not end. See what holds it with ps, then stop it again.`,
		{
			retryable: true,
		},
	);
}
