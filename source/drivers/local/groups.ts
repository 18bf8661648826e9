import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {startVariable} from '../../model/instance.ts';
import type {ProcessId} from './process.ts';
import {killOwnGroup, killProcesses, toProcessId} from './process.ts';

/** How long a process that a dead agent was about to start may take to show; each look goes through all processes of the host. */
const startMs = 1000;
const startLookMs = 100;

/**
 * Ends what an agent's commands left running, once the agent and its watchdog are both gone: nobody else does. Resolves with the
 * leaders of the groups, and the processes, that outlive `timeoutMs` all the same.
 */
export async function killLeftGroups(generation: string, timeoutMs: number): Promise<readonly ProcessId[]> {
	const {starting, groups} = readRecord(generation);
	const marked = await Promise.all(starting.map(mark => killMarked(mark, timeoutMs)));
	const gone = await Promise.all(groups.map(group => killOwnGroup(group, isOurs, timeoutMs)));
	return [...marked.flat(), ...groups.filter((_, index) => !gone[index])];
}

/**
 * Ends the command in whose start the agent died: nobody wrote down its number, so it is told by its mark. It may be about to run only. Resolves
 * with what outlives `timeoutMs`.
 */
async function killMarked(mark: string, timeoutMs: number): Promise<readonly ProcessId[]> {
	const begunAt = performance.now();
	for (;;) {
		const found = killProcesses(pid => variablesOf(pid).includes(`${startVariable}=${mark}`));
		const ms = performance.now() - begunAt;
		if ((found.length === 0 && ms >= startMs) || ms >= timeoutMs) return found;
		await sleep(startLookMs);
	}
}

type Left = {readonly starting: readonly string[]; readonly groups: readonly ProcessId[]};

/** What the agent wrote into `groups` (`agent/group-record.ts`) and has not crossed out. */
function readRecord(generation: string): Left {
	const starting = new Set<string>();
	const groups = new Map<string, ProcessId>();
	// What stands after the last line's end was cut short by the agent's death.
	for (const line of readGroups(generation).split('\n').slice(0, -1)) {
		const [first = '', startTime, mark = ''] = line.slice(1).split(' ');
		if (line.startsWith('?')) starting.add(first);
		if (line.startsWith('!')) starting.delete(first);
		if (line.startsWith('-')) groups.delete(first);
		if (!line.startsWith('+')) continue;
		starting.delete(mark);
		const id = toProcessId(Number(first), startTime || undefined);
		if (id !== undefined) groups.set(first, id);
	}
	return {starting: [...starting], groups: [...groups.values()]};
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
	return variablesOf(pid).some(entry => entry.startsWith('BYOAI_ATTEMPT='));
}

/** What a process was started with, `NAME=value` each. */
function variablesOf(pid: number): readonly string[] {
	try {
		return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
	} catch {
		return []; // it has ended, or is another user's
	}
}
