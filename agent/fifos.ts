import {execFile} from 'node:child_process';
import {closeSync, constants, openSync, unlinkSync} from 'node:fs';
import {Socket} from 'node:net';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {promisify} from 'node:util';

/** Both ends of what a command writes to. `writeEnds` are its stdout and stderr, to be closed here once it has started. */
export type Pipes = {readonly stdout: Readable; readonly stderr: Readable; readonly writeEnds: readonly [number, number]};

/** Made at one time, because making them takes a process: few at first, twice as many each time, as an agent that runs many commands needs them. */
const [firstBatch, largestBatch] = [16, 256];
/** With fewer left, more are made. */
const lowWater = 8;

/**
 * Real pipes for commands. What Node calls a pipe is a socket, and with a socket `echo x >/dev/stderr` fails. Node has no
 * pipe(2), so named pipes are made in stock, and each is used once and unlinked as soon as it is open.
 */
export class Fifos {
	readonly #directory: string;
	readonly #stock: string[] = [];
	#made = 0;
	#batch = firstBatch;
	#making: Promise<void> | undefined;

	constructor(directory: string) {
		this.#directory = directory;
	}

	/** Rejects with what the system says when pipes cannot be made. */
	async take(): Promise<Pipes> {
		while (this.#stock.length < 2) await this.#make();
		if (this.#stock.length < lowWater * 2) this.#make().catch(() => undefined); // tried again, and told, once there is none left
		const [stdout, stderr] = [openBoth(this.#stock.pop()), openBoth(this.#stock.pop())];
		return {stdout: stdout.reader, stderr: stderr.reader, writeEnds: [stdout.writeEnd, stderr.writeEnd]};
	}

	#make(): Promise<void> {
		this.#making ??= this.#makeBatch().finally(() => {
			this.#making = undefined;
		});
		return this.#making;
	}

	async #makeBatch(): Promise<void> {
		const files = Array.from({length: this.#batch * 2}, (_, index) => join(this.#directory, `pipe-${this.#made + index}`));
		this.#made += files.length;
		this.#batch = Math.min(this.#batch * 2, largestBatch);
		try {
			await promisify(execFile)('mkfifo', ['-m', '600', ...files]);
		} catch (error) {
			const said = error instanceof Error && 'stderr' in error && String(error.stderr).split('\n')[0];
			throw new Error(`no pipes can be made with mkfifo in ${this.#directory}${said ? `: ${said}` : ''}`, {cause: error});
		}
		this.#stock.push(...files);
	}
}

function openBoth(file: string | undefined): {reader: Readable; writeEnd: number} {
	if (file === undefined) throw new Error('no pipe in stock');
	// Without waiting for a writer; the writer then finds a reader.
	const readEnd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
	const writeEnd = openSync(file, constants.O_WRONLY);
	unlinkSync(file);
	return {reader: new Socket({fd: readEnd, readable: true, writable: false}), writeEnd};
}

/** Closes the write ends here; the command has its own. */
export function closeWriteEnds(pipes: Pipes): void {
	for (const end of pipes.writeEnds) closeSync(end);
}
