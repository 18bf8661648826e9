import {ByoaiError} from '../../model/error.ts';
import type {Pod} from './pod.ts';
import type {Status} from './words.ts';

export type WatchEvent = {readonly type: string; readonly object: Pod & Status};

/** A pod can have 1.5 MB, and this is more than that in JSON. */
const lineBytes = 8 * 1024 * 1024;

/** The events of a watch, one a line. */
export async function* eventsOf(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncIterable<WatchEvent> {
	let pieces: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of chunks) {
		let rest = chunk;
		for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
			pieces.push(rest.subarray(0, end));
			const line = Buffer.concat(pieces).toString();
			[pieces, bytes, rest] = [[], 0, rest.subarray(end + 1)];
			if (line.trim() !== '') yield JSON.parse(line);
		}
		pieces.push(rest);
		bytes += rest.length;
		if (bytes > lineBytes) throw new ByoaiError('too_large', `an event of the watch has more than ${lineBytes} bytes`);
	}
	if (bytes > 0) throw new Error('the watch ended in the midst of an event');
}
