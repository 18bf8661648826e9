import {closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync} from 'node:fs';
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

/**
 * Makes a directory and those above it that are not there, durably, mode 0700. One by one: Node's `recursive` never returns where a
 * file system has no place for new names, as `/proc`.
 */
export function makeDirectory(path: string): void {
	if (isDirectory(path)) return;
	if (dirname(path) !== path) makeDirectory(dirname(path));
	try {
		mkdirSync(path, {mode: 0o700});
	} catch (error) {
		if (!isDirectory(path)) throw error; // else another process was faster
	}
	syncDirectory(dirname(path));
}

function isDirectory(path: string): boolean {
	return statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;
}

function withDescriptor(path: string, flags: string, use: (descriptor: number) => void): void {
	const descriptor = openSync(path, flags, 0o600);
	try {
		use(descriptor);
	} finally {
		closeSync(descriptor);
	}
}
