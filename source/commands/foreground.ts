import {readFileSync} from 'node:fs';

/**
 * Whether the terminal is this process's to draw on. Not so while a shell has it back, after `byoai … &` or `bg`: what such a process prints stands
 * amid what somebody types, and setting the terminal's modes would stop it. Linux tells it in /proc; elsewhere it counts as so, and so it does
 * without a terminal that governs the process.
 */
export function isInForeground(): boolean {
	if (process.platform !== 'linux') return true;
	const stat = readFileSync('/proc/self/stat', 'latin1');
	// The program's name, in brackets, may hold anything; what follows is fields 3 and on.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [group, foreground] = [Number(fields[2]), Number(fields[5])];
	return foreground <= 0 || foreground === group;
}
