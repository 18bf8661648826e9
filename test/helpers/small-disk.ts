import {execFileSync} from 'node:child_process';
import {appendFileSync, truncateSync, writeFileSync} from 'node:fs';
import {onTestFinished} from 'vitest';

/** Mounts a file system of 1 MiB on a directory until the test is over; false where that is not permitted. */
export function mountSmallDisk(directory: string): boolean {
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', directory], {stdio: 'ignore'});
	} catch {
		return false;
	}
	onTestFinished(() => {
		execFileSync('umount', [directory]);
	});
	return true;
}

/** Fills a disk with a file until `freeBytes` are left. */
export function fillDisk(path: string, freeBytes = 40_960): void {
	writeFileSync(path, '');
	for (let size = 0; ; size += 4096) {
		try {
			appendFileSync(path, Buffer.alloc(4096));
		} catch {
			truncateSync(path, Math.max(0, size - freeBytes));
			return;
		}
	}
}
