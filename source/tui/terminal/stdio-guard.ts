import type {EventEmitter} from 'node:events';

/** A stream of a process: what is used of it here. */
export type TerminalStream = NodeJS.WritableStream & {
	readonly writableNeedDrain?: boolean;
	/** Node's own handle of a terminal. */
	readonly _handle?: {setBlocking?: (isBlocking: boolean) => unknown} | null;
};

export type Guarded = {
	/** The way to the terminal that stays open. */
	readonly stdout: TerminalStream;
	/** After a program had the terminal: what a child inherits is made to wait, and would go on to. */
	regain(): void;
	/** Lets everything through again. */
	release(): void;
};

type Write = NodeJS.WritableStream['write'];

/**
 * Keeps everything but the screen from the terminal: one foreign line would shift the picture for good. What the program, its libraries
 * and Node itself write goes to `take`. Writing to the terminal never waits for it, too: Node would block the whole process where
 * nobody reads, and with it the orchestrator.
 */
export function guardStreams(
	{stdout, stderr, process}: {readonly stdout: TerminalStream; readonly stderr: TerminalStream; readonly process: EventEmitter},
	take: (text: string) => void,
): Guarded {
	const [writeOut, writeErr] = [stdout.write, stderr.write];
	const divert = diverted(take);
	stdout.write = divert;
	stderr.write = divert;
	const regain = () => void stdout._handle?.setBlocking?.(false);
	regain();
	// Node's own listener writes warnings to the file descriptor, past every stream.
	const warned = process.listeners('warning') as Array<(warning: Error) => void>;
	process.removeAllListeners('warning');
	const onWarning = (warning: Error) => take(`${warning.name}: ${warning.message}`);
	process.on('warning', onWarning);
	let isReleased = false;
	return {
		stdout: withWrite(stdout, onItsScreen(writeOut.bind(stdout) as Write)),
		regain: () => {
			if (!isReleased) regain();
		},
		release() {
			if (isReleased) return;
			isReleased = true;
			stdout.write = writeOut;
			stderr.write = writeErr;
			process.removeListener('warning', onWarning);
			for (const listener of warned) process.on('warning', listener);
		},
	};
}

const otherScreen = '\u001b[?1049h';
const home = '\u001b[H';
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const switching = /\u001b\[\?1049[hl]/g;

/**
 * The other screen is entered with the cursor where it was, within a line perhaps: it is drawn from its corner on. It is left where it was entered
 * alone: leaving puts the cursor back where it was then, which is amid what a program has written since that has the terminal now.
 */
function onItsScreen(write: Write): Write {
	let isThere = false;
	const fitted = (text: string) =>
		text.replaceAll(switching, found => {
			const [was, is] = [isThere, found === otherScreen];
			isThere = is;
			if (is) return found + home;
			return was ? found : '';
		});
	return ((chunk: Uint8Array | string, ...rest: []) => write(typeof chunk === 'string' ? fitted(chunk) : chunk, ...rest)) as Write;
}

/** A `write` that hands text over instead of writing it. */
function diverted(take: (text: string) => void): Write {
	return (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
		take(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
		const callback = typeof encoding === 'function' ? encoding : done;
		if (typeof callback === 'function') queueMicrotask(() => callback());
		return true;
	};
}

/** The same stream with another `write`; events and size are its own. */
export function withWrite(stream: TerminalStream, write: Write): TerminalStream {
	return new Proxy(stream, {
		get(target, key) {
			if (key === 'write') return write;
			const value: unknown = Reflect.get(target, key, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}
