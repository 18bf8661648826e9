import type {Stats} from 'node:fs';
import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';
import {ByoaiError} from '../model/error.ts';
import {whyUnreadable} from '../model/unreadable.ts';

const chunkBytes = 64 * 1024;
/** After so long without a byte, a pipe is given up. */
const patienceMs = 30_000;
const lookMs = 20;

/**
 * The bytes of a file; undefined when it is not there. Pipes are read too, such as a shell's `<(command)`. Throws `invalid` when it
 * cannot be read, has more than `mostBytes`, or is a pipe to which nobody writes for `silenceMs`.
 */
export function readFileBytes(path: string, mostBytes: number, silenceMs = patienceMs): Buffer | undefined {
	try {
		// Without O_NONBLOCK, this would wait for ever for somebody to open the other end of a pipe.
		const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		try {
			return readAll(file, path, {mostBytes, silenceMs});
		} finally {
			closeSync(file);
		}
	} catch (error) {
		if (error instanceof ByoaiError) throw error;
		const code = codeOf(error);
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw new ByoaiError('invalid', `${path} cannot be read: ${whyUnreadable(error)}`, {cause: error});
	}
}

function readAll(file: number, path: string, {mostBytes, silenceMs}: {mostBytes: number; silenceMs: number}): Buffer {
	const facts = fstatSync(file);
	const chunks: Buffer[] = [];
	let bytes = 0;
	for (let heardAt = performance.now(); ; ) {
		const chunk = readSome(file);
		if (chunk === undefined || isTooEarly(facts, bytes, chunk)) {
			if (performance.now() - heardAt > silenceMs) {
				throw new ByoaiError('invalid', `${path} cannot be read: for ${silenceMs / 1000} s nobody has written to it`);
			}
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lookMs);
			continue;
		}
		if (chunk.length === 0) return Buffer.concat(chunks);
		heardAt = performance.now();
		bytes += chunk.length;
		if (bytes > mostBytes) {
			throw new ByoaiError('invalid', `${path} is larger than the limit workflow_bytes permits (${mostBytes} bytes)`);
		}
		chunks.push(chunk);
	}
}

/** A pipe is at its end, too, as long as nobody has opened it for writing. */
function isTooEarly(facts: Stats, bytes: number, {length}: Buffer): boolean {
	return length === 0 && bytes === 0 && facts.isFIFO();
}

/** The next bytes, none at the end; undefined: there may be some later. */
function readSome(file: number): Buffer | undefined {
	const chunk = Buffer.allocUnsafe(chunkBytes);
	try {
		return chunk.subarray(0, readSync(file, chunk));
	} catch (error) {
		if (codeOf(error) === 'EAGAIN') return undefined;
		throw error;
	}
}

function codeOf(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
