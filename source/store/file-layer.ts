import {mkdir, open, rm} from 'node:fs/promises';

/** As much of an open file as logs need; Node's file handles are such. */
export type OpenFile = {
	read(buffer: Buffer, offset: number, length: number, position: number): Promise<{readonly bytesRead: number}>;
	write(data: Uint8Array, offset: number, length: number, position: number): Promise<{readonly bytesWritten: number}>;
	truncate(length: number): Promise<void>;
	stat(): Promise<{readonly size: number}>;
	/** Content and length are on the disk. */
	datasync(): Promise<void>;
	/** The same, and for a directory the names in it. */
	sync(): Promise<void>;
	close(): Promise<void>;
};

/** The file system as logs use it. A simulation brings one that tears, and that fails. */
export type FileLayer = {
	/** Rejects as the operating system does: with a `code`. */
	open(path: string, flags: number, mode?: number): Promise<OpenFile>;
	/** Also those above it that are not there. Mode 0700. */
	makeDirectory(path: string): Promise<void>;
	/** With all that is in it; fine when it is not there. */
	removeDirectory(path: string): Promise<void>;
};

export const systemFiles: FileLayer = {
	open,
	async makeDirectory(path) {
		await mkdir(path, {recursive: true, mode: 0o700});
	},
	removeDirectory: path => rm(path, {recursive: true, force: true}),
};
