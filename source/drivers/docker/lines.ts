import type {Readable} from 'node:stream';

/** What takes long by its nature, and of which nothing is heard for so long, is given up. */
const stallMs = 5 * 60 * 1000;

/** What the engine said in the midst of its work, instead of doing more of it. */
export class EngineRefusal extends Error {}

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

/** The same of a pull or a build. Throws `EngineRefusal` with what the engine says is wrong, and another error when the work stalls or is given up. */
export async function* progressLines(stream: Readable, signal: AbortSignal): AsyncGenerator<Readonly<Record<string, unknown>>> {
	let timer: NodeJS.Timeout | undefined;
	const heard = () => {
		clearTimeout(timer);
		timer = setTimeout(() => stream.destroy(new Error(`nothing came for ${stallMs / 60_000} minutes`)), stallMs);
	};
	const giveUp = () => stream.destroy(new Error('given up'));
	signal.addEventListener('abort', giveUp);
	try {
		heard();
		if (signal.aborted) giveUp();
		for await (const line of jsonLines(stream)) {
			heard();
			if (typeof line.error === 'string') throw new EngineRefusal(line.error);
			yield line;
		}
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', giveUp);
		stream.destroy();
	}
}
