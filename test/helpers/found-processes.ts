import {existsSync, readdirSync, readFileSync} from 'node:fs';

export type Found = {readonly pid: number; readonly command: string};

/** Living processes that have `text` in their environment or their arguments; none where there is no /proc. */
export function processesWith(text: string): readonly Found[] {
	if (!existsSync('/proc/self/environ')) return [];
	return readdirSync('/proc').flatMap(name => {
		if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
		try {
			const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
			const isOne = command.includes(text) || readFileSync(`/proc/${name}/environ`, 'latin1').includes(text);
			return isOne ? [{pid: Number(name), command}] : [];
		} catch {
			return []; // it has ended meanwhile
		}
	});
}

export const isAgent = ({command}: Found): boolean => command.includes('agent.js') && !command.includes('--watchdog');
export const isWatchdog = ({command}: Found): boolean => command.includes('agent.js') && command.includes('--watchdog');

/** Signals each of them; those that have ended meanwhile are passed over. */
export function signalAll(found: readonly Found[], signal: NodeJS.Signals): void {
	for (const {pid} of found) {
		try {
			process.kill(pid, signal);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
		}
	}
}
