import {ByoaiError} from '../model/error.ts';
import {readWatchdog} from './local-directory.ts';
import {killLeftGroups} from './local-groups.ts';
import type {ProcessId} from './local-process.ts';
import {isAlive, isSame, killGroup, signalProcess, until} from './local-process.ts';

/** For a process that was sent SIGKILL to be gone, and for a watchdog to end after its agent. */
const killMs = 10_000;

/**
 * Ends agents with all that they started: SIGTERM, after `graceMs` SIGKILL; then their watchdogs are given the time to kill
 * the tasks; what then still runs of them or is in an agent's process group is killed too. Rejects with `unavailable` when something stays.
 */
export async function endAgents(
	name: string,
	agents: readonly ProcessId[],
	generations: readonly string[],
	graceMs: number,
): Promise<void> {
	// Of an agent that had ended before, the process group may be somebody else's by now: that one is not looked at.
	const living = agents.filter((agent, index) => isAlive(agent) && agents.findIndex(other => isSame(agent, other)) === index);
	for (const agent of living) signalProcess(agent, 'SIGTERM');
	const gone = () => !living.some(isAlive);
	if (!(await until(gone, graceMs))) {
		for (const agent of living) signalProcess(agent, 'SIGKILL');
		if (!(await until(gone, killMs))) throw stuck(name, living);
	}
	for (const generation of generations) await endLeft(name, generation);
	for (const agent of living) {
		if (!(await killGroup(agent, killMs))) throw stuck(name, [agent]);
	}
}

/** Waits for the watchdog of an agent that is gone to end the tasks, and ends what still runs of them where it is dead too. */
export async function endLeft(name: string, generation: string): Promise<void> {
	const watchdog = await readWatchdog(generation);
	if (watchdog !== undefined && !(await until(() => !isAlive(watchdog), killMs))) throw stuck(name, [watchdog]);
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
