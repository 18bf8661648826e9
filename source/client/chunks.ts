import {brokenOff} from './reply.ts';

export type ChunkOptions = {
	/** Where it comes from, for messages. */
	readonly url: string;
	/** After so much silence the connection counts as dead. */
	readonly silenceMs: number;
	readonly signal?: AbortSignal;
};

/** The chunks of a body as they come. Ends quietly when the signal is aborted; throws `unavailable` when the connection breaks. */
export async function* readChunks(body: ReadableStream<Uint8Array>, {url, silenceMs, signal}: ChunkOptions): AsyncGenerator<Uint8Array> {
	const reader = body.getReader();
	let silent = false;
	// It is given up either way: what cancelling comes to does not matter.
	const cancel = () => void reader.cancel().catch(() => undefined);
	const giveUp = () => {
		silent = true;
		cancel();
	};
	const read = async () => {
		const timer = setTimeout(giveUp, silenceMs);
		try {
			return await reader.read();
		} finally {
			clearTimeout(timer);
		}
	};
	signal?.addEventListener('abort', cancel);
	if (signal?.aborted === true) cancel();
	try {
		for (let chunk = await read(); !chunk.done; chunk = await read()) yield chunk.value;
		if (silent) throw new Error(`nothing was heard for ${silenceMs / 1000} s`);
	} catch (error) {
		if (signal?.aborted === true) return;
		throw brokenOff(error, url);
	} finally {
		signal?.removeEventListener('abort', cancel);
		cancel();
	}
}
