/** Shells in the manner of `sh`: `-e` makes a list of lines stop at the first that fails. */
const posixShells: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh', 'yash']);

/** The flag before the script where it is not `-c`. */
const scriptFlags: ReadonlyMap<string, string> = new Map([
	['node', '-e'],
	['perl', '-e'],
	['ruby', '-e'],
	['php', '-r'],
	['pwsh', '-Command'],
	['powershell', '-Command'],
]);

/**
 * The argv prefix for a `shell` key: a list is one already; a name, or a path to a program of that name, becomes `name -c`,
 * or `-ec` for a list of lines.
 */
export function shellArgv(shell: string | readonly string[], command: string | readonly string[]): readonly string[] {
	if (typeof shell !== 'string') return shell;
	if (isPosixShell(shell)) return [shell, typeof command === 'string' ? '-c' : '-ec'];
	return [shell, scriptFlags.get(nameOf(shell)) ?? '-c'];
}

/** Whether this program, by name or path, is a shell in the manner of `sh`. */
export function isPosixShell(program: string): boolean {
	return posixShells.has(nameOf(program));
}

function nameOf(program: string): string {
	return program.slice(program.lastIndexOf('/') + 1);
}
