/** What Linux tells of a process in `/proc/<pid>/stat` (proc_pid_stat(5)). */
export type ProcessStat = {
	/** A letter: `Z` and `X` are dead. */
	readonly state: string;
	readonly parent: number;
	readonly group: number;
	/** The process group that has the process's terminal; 0 or less where it has none. */
	readonly foreground: number;
	/** In ticks since the machine was started: tells it from a later process of the same number. */
	readonly startTime: string;
};

export function parseProcessStat(text: string): ProcessStat {
	// The second field is the program's name in parentheses, which may hold blanks and parentheses itself; the others are read from behind it.
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const [state = '', parent, group, , , foreground] = fields;
	return {state, parent: Number(parent), group: Number(group), foreground: Number(foreground), startTime: fields[19] ?? ''};
}
