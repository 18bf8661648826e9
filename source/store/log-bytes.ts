import {constants} from 'node:fs';
import {DamagedFile} from './file-error.ts';
import type {FileLayer, OpenFile} from './file-layer.ts';

/** All of `length` bytes. Throws `DamagedFile` when the file ends before. */
export async function readExactly(file: OpenFile, position: number, length: number): Promise<Buffer> {
	const buffer = Buffer.allocUnsafe(length);
	for (let filled = 0; filled < length; ) {
		const {bytesRead} = await file.read(buffer, filled, length - filled, position + filled);
		if (bytesRead === 0) throw new DamagedFile(`it ends at byte ${position + filled}: somebody cut it`);
		filled += bytesRead;
	}
	return buffer;
}

/** Writes all of `data` and waits until it is on the disk. */
export async function writeDurably(file: OpenFile, position: number, data: Uint8Array): Promise<void> {
	for (let written = 0; written < data.length; ) {
		const {bytesWritten} = await file.write(data, written, data.length - written, position + written);
		written += bytesWritten;
	}
	await file.datasync();
}

/** Makes the names in a directory durable. */
export async function syncDirectory(files: FileLayer, path: string): Promise<void> {
	const directory = await files.open(path, constants.O_RDONLY);
	try {
		await directory.sync();
	} finally {
		await directory.close();
	}
}
