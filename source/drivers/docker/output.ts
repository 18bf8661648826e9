import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import {ByoaiError} from '../../model/error.ts';
import type {OutputPiece} from '../../model/instance.ts';
import {inspect, isAlive} from './container.ts';
import {ask, saidBy} from './engine.ts';

const space = 0x20;
const headBytes = 8;

/**
 * The output of a container from byte `from` of its merged streams on, to its end. The engine tells all of it anew each time; what comes before `from`
 * is passed over. Rejects with a retryable `unavailable` when it breaks off.
 */
export async function* containerOutput(docker: Docker, id: string, from: number, signal: AbortSignal): AsyncGenerator<OutputPiece> {
	let at = from;
	for (;;) {
		const endedBefore = await hasEnded(docker, id);
		for await (const piece of read(docker, id, {skip: at, follow: !endedBefore, signal})) {
			at += piece.data.length;
			yield piece;
		}
		// What follows the output may end a moment before the last of it is there: once more, now that no more can come.
		if (endedBefore) return;
	}
}

async function hasEnded(docker: Docker, id: string): Promise<boolean> {
	const facts = await inspect(docker, id);
	if (facts === undefined) throw new ByoaiError('unavailable', 'its container is not there any more', {retryable: true});
	return !isAlive(facts);
}

type Reading = {readonly skip: number; readonly follow: boolean; readonly signal: AbortSignal};

async function* read(docker: Docker, id: string, {skip, follow, signal}: Reading): AsyncGenerator<OutputPiece> {
	const options = {stdout: true, stderr: true, timestamps: true, abortSignal: signal};
	const container = docker.getContainer(id);
	// The whole answer, where it is complete already, comes as a buffer.
	const answer = follow ? container.logs({...options, follow: true}) : container.logs({...options, follow: false});
	const source = (await ask('tell the output of a container', answer as Promise<Readable | Buffer>)) as Readable | Buffer;
	let left = skip;
	try {
		for await (const frame of frames(Buffer.isBuffer(source) ? [source] : source)) {
			const piece = pieceOf(frame);
			if (left >= piece.data.length) left -= piece.data.length;
			else {
				yield left === 0 ? piece : {...piece, data: piece.data.subarray(left)};
				left = 0;
			}
		}
	} catch (error) {
		signal.throwIfAborted();
		throw new ByoaiError('unavailable', `the output of its container broke off: ${saidBy(error)}`, {cause: error, retryable: true});
	} finally {
		if (!Buffer.isBuffer(source)) source.destroy();
	}
}

type Frame = {readonly stream: 'stdout' | 'stderr'; readonly data: Buffer};

/** Output comes in frames: eight bytes, of which the first names the stream and the last four say how long what follows is. */
async function* frames(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<Frame> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const chunk of source) {
		if (!Buffer.isBuffer(chunk)) throw new TypeError('no bytes');
		rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
		let at = 0;
		while (at + headBytes <= rest.length) {
			const end = at + headBytes + rest.readUInt32BE(at + 4);
			if (end > rest.length) break;
			yield {stream: rest[at] === 2 ? 'stderr' : 'stdout', data: rest.subarray(at + headBytes, end)};
			at = end;
		}
		rest = rest.subarray(at);
	}
	if (rest.length > 0) throw new Error('it ended within a piece');
}

/** Each frame begins with its time, to the nanosecond, and a space. */
function pieceOf({stream, data}: Frame): OutputPiece {
	const end = data.indexOf(space);
	const at = Date.parse(data.subarray(0, end).toString('latin1'));
	if (end < 0 || Number.isNaN(at)) throw new Error('a piece without its time');
	return {stream, at, data: data.subarray(end + 1)};
}
