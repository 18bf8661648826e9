import type {FileHandle} from 'node:fs/promises';
import {open} from 'node:fs/promises';
import {DamagedFile} from './file-error.ts';

/** All of `length` bytes. Throws `DamagedFile` when the file ends before. */
export async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
	const buffer = Buffer.allocUnsafe(length);
	for (let filled = 0; filled < length; ) {
		const {bytesRead} = await file.read(buffer, filled, length - filled, position + filled);
		if (bytesRead === 0) throw new DamagedFile(`it ends at byte ${position + filled}: somebody cut it`);
		filled += bytesRead;
	}
	return buffer;
}

/** Writes all of `data` and waits until it is on the disk. */
export async function writeDurably(file: FileHandle, position: number, data: Uint8Array): Promise<void> {
	for (let written = 0; written < data.length; ) {
		const {bytesWritten} = await file.write(data, written, data.length - written, position + written);
		written += bytesWritten;
	}
	await file.datasync();
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
	const directory = await open(path, 'r');
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}
