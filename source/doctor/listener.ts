import {readdir, readFile, readlink} from 'node:fs/promises';

/** Who listens at a TCP port of this host, as `/proc` tells it: `python3 (process 4711)`. Undefined: it does not tell. */
export async function listenerAt(port: number): Promise<string | undefined> {
	const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readIfThere));
	const inodes = new Set(tables.flatMap(table => listeningInodes(table, port)).map(inode => `socket:[${inode}]`));
	if (inodes.size === 0) return undefined;
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	for (const pid of pids) {
		// Processes of others show their files to root only; one that has just ended shows none.
		const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
		const targets = await Promise.all(files.map(file => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
		if (targets.some(target => inodes.has(target))) return `${(await readIfThere(`/proc/${pid}/comm`)).trim()} (process ${pid})`;
	}
	return undefined;
}

/** Lines of such a table: number, local address and port, remote ones, state (`0A`: listening), …, the inode as the tenth. */
function listeningInodes(table: string, port: number): string[] {
	const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	return table.split('\n').flatMap(line => {
		const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
		return local.endsWith(suffix) && state === '0A' && inode !== undefined ? [inode] : [];
	});
}

/** Empty where there is no such file, as on other systems. */
async function readIfThere(path: string): Promise<string> {
	return readFile(path, 'utf8').catch(() => '');
}
