import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ProcessId} from './local-process.ts';
import {killOwnGroup, toProcessId} from './local-process.ts';

/**
 * Ends what an agent's commands left running, once the agent and its watchdog are both gone: nobody else does. Resolves with the
 * leaders of the groups that outlive `timeoutMs` all the same.
 */
export async function killLeftGroups(generation: string, timeoutMs: number): Promise<readonly ProcessId[]> {
	const groups = recordedGroups(generation);
	const gone = await Promise.all(groups.map(group => killOwnGroup(group, isOurs, timeoutMs)));
	return groups.filter((_, index) => !gone[index]);
}

/** What the agent wrote into `groups` (`agent/group-record.ts`) and has not crossed out. */
function recordedGroups(generation: string): readonly ProcessId[] {
	const groups = new Map<string, ProcessId>();
	// What stands after the last line's end was cut short by the agent's death.
	for (const line of readGroups(generation).split('\n').slice(0, -1)) {
		const [pid = '', startTime] = line.slice(1).split(' ');
		const id = line.startsWith('+') ? toProcessId(Number(pid), startTime || undefined) : undefined;
		if (id === undefined) groups.delete(pid);
		else groups.set(pid, id);
	}
	return [...groups.values()];
}

function readGroups(generation: string): string {
	try {
		return readFileSync(join(generation, 'groups'), 'utf8');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
		throw error;
	}
}

/** Whether a process whose group has lost its leader is of a task: the group's number alone might be another's by now. */
function isOurs(pid: number): boolean {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1')
			.split('\0')
			.some(entry => entry.startsWith('BYOAI_ATTEMPT='));
	} catch {
		return false; // it has ended, or is another user's
	}
}
