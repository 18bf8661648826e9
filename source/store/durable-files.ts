import {closeSync, fsyncSync, openSync, renameSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';

/** Replaces a file in one step that survives loss of power: it is the old one or the new one, whole. Mode 0600. */
export function replaceFile(path: string, content: Uint8Array): void {
	const temporary = `${path}.new`;
	withDescriptor(temporary, 'w', descriptor => {
		for (let written = 0; written < content.length; ) written += writeSync(descriptor, content, written);
		fsyncSync(descriptor);
	});
	renameSync(temporary, path);
	syncDirectory(dirname(path));
}

/** Makes the names in a directory durable: a file's own `fsync` does not. */
export function syncDirectory(path: string): void {
	withDescriptor(path, 'r', fsyncSync);
}

/** Makes directories durable that were just made, from `first` down to `last`. */
export function syncNewDirectories(first: string, last: string): void {
	for (let path = last; path.length >= first.length; path = dirname(path)) syncDirectory(dirname(path));
}

function withDescriptor(path: string, flags: string, use: (descriptor: number) => void): void {
	const descriptor = openSync(path, flags, 0o600);
	try {
		use(descriptor);
	} finally {
		closeSync(descriptor);
	}
}
