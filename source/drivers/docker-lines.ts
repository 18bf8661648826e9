import type {Readable} from 'node:stream';

/** What the engine tells as one JSON value a line, for as long as it does. A line that cannot be read was cut off with its stream. */
export async function* jsonLines(stream: Readable): AsyncGenerator<Readonly<Record<string, unknown>>> {
	let rest = '';
	stream.setEncoding('utf8');
	for await (const chunk of stream) {
		const lines = (rest + String(chunk)).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
	}
}
