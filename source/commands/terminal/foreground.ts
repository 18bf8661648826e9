import {readFileSync} from 'node:fs';
import {parseProcessStat} from '../../model/process-stat.ts';

/**
 * Whether the terminal is this process's to draw on. Not so while a shell has it back, after `byoai … &` or `bg`: what such a process prints stands
 * amid what somebody types, and setting the terminal's modes would stop it. Linux tells it in /proc; elsewhere it counts as so, and so it does
 * without a terminal that governs the process.
 */
export function isInForeground(readStat = readOwnStat): boolean {
	if (process.platform !== 'linux') return true;
	try {
		const {group, foreground} = parseProcessStat(readStat());
		return foreground <= 0 || foreground === group;
	} catch {
		return true; // this system has no /proc, as in a bare chroot
	}
}

function readOwnStat(): string {
	return readFileSync('/proc/self/stat', 'latin1');
}
