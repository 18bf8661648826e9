import type {StreamReader, Streams} from './stream.ts';

/** Bytes as they are. */
export function textReply(body: ReadableStream<Uint8Array>): Response {
	return new Response(body, {headers: {'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff'}});
}

/** NDJSON; empty lines mean nothing but that the connection is alive. */
export function lineReply(streams: Streams, reader: StreamReader, lines: (signal: AbortSignal) => AsyncGenerator<string>): Response {
	return new Response(streams.open(reader, lines, {heartbeat: '\n'}), {headers: {'content-type': 'application/x-ndjson'}});
}
