import {existsSync} from 'node:fs';
import {statfs} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {Finding} from './check.ts';
import {ok, warning} from './check.ts';

/** What there is of the path already: itself, or the nearest directory above. */
export function nearest(path: string): string {
	let there = path;
	while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
	return there;
}

/** Says how much room there is for what is kept at a path. Rejects as `statfs` does. */
export async function spaceFor(what: string, path: string, leastBytes: number): Promise<Finding> {
	const {bavail, bsize} = await statfs(nearest(path));
	const free = bavail * bsize;
	const says = `${size(free)} are free for ${what} (${path}).`;
	if (free >= leastBytes) return ok(says);
	return warning(says, `free some space: less than ${size(leastBytes)} is little (limits: low_disk_bytes)`);
}

/** `295 MiB`, `78 GiB` */
export function size(bytes: number): string {
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
	const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
	const count = bytes / 1024 ** power;
	return `${count < 10 && power > 0 ? count.toFixed(1) : Math.round(count)} ${units[power]}`;
}
