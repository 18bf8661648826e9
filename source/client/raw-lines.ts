import type {LogLine} from '../protocol/views.ts';

/** Whose output a line is: one object for all lines of a stream of an attempt. */
export type LineOrigin = Pick<LogLine, 'run' | 'task' | 'name' | 'attempt' | 'agent' | 'stream'>;

/** A line of output of which is known whose it is and when it came; what it says is read when somebody asks. */
export class RawLine {
	readonly origin: LineOrigin;
	/** Milliseconds since 1970. */
	readonly at: number;
	/** There may be control characters in it, such as those that begin a colour. */
	readonly isSteered: boolean;
	readonly #bytes: Buffer;
	readonly #from: number;
	readonly #to: number;

	constructor(origin: LineOrigin, at: number, isSteered: boolean, [bytes, from, to]: readonly [bytes: Buffer, from: number, to: number]) {
		this.origin = origin;
		this.at = at;
		this.isSteered = isSteered;
		this.#bytes = bytes;
		this.#from = from;
		this.#to = to;
	}

	/** All of it. Throws `SyntaxError` where it is no JSON. */
	parse(): LogLine {
		return JSON.parse(this.#bytes.toString('utf8', this.#from, this.#to)) as LogLine;
	}
}

const newline = 0x0a;
const brace = 0x7b;
const endBrace = 0x7d;
const [zero, nine] = [0x30, 0x39];
/** What comes after whose line it is. No text within a value looks like it: its quotes would be escaped. */
const beforeTime = Buffer.from(',"at":');
/** How control characters are written. */
const escaped = Buffer.from('\\u00');
/** The one that begins a sequence by itself and needs not be escaped: U+009B. */
const introducer = Buffer.from([0xc2, 0x9b]);
/** Origins that are remembered; of more, all are forgotten. */
const remembered = 50_000;

/**
 * Takes NDJSON of `LogLine`s apart without reading all of it: only whose each is, and when it came. What a line says costs most of the
 * reading, and of thousands a second nobody sees more than a few.
 */
export class RawLines {
	readonly #origins = new Map<string, LineOrigin>();
	/** A line that has not ended. */
	#open: Buffer[] = [];

	/** The lines that a chunk ends. Throws `SyntaxError` for one that is cut short. */
	add(chunk: Uint8Array): RawLine[] {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		const lines: RawLine[] = [];
		let end = bytes.indexOf(newline);
		if (end < 0) {
			if (bytes.length > 0) this.#open.push(bytes);
			return lines;
		}
		let from = 0;
		if (this.#open.length > 0) {
			const first = Buffer.concat([...this.#open, bytes.subarray(0, end)]);
			this.#open = [];
			this.#addLine(first, [0, first.length], new Steered(first), lines);
			from = end + 1;
			end = bytes.indexOf(newline, from);
		}
		const steered = new Steered(bytes);
		for (; end >= 0; end = bytes.indexOf(newline, from)) {
			this.#addLine(bytes, [from, end], steered, lines);
			from = end + 1;
		}
		// A copy, lest it keep the whole chunk.
		if (from < bytes.length) this.#open.push(Buffer.from(bytes.subarray(from)));
		return lines;
	}

	/** The line that has no end: when no more comes. */
	end(): RawLine[] {
		const last = Buffer.concat(this.#open);
		const lines: RawLine[] = [];
		this.#open = [];
		this.#addLine(last, [0, last.length], new Steered(last), lines);
		return lines;
	}

	/** Empty lines are heartbeats. */
	#addLine(bytes: Buffer, [from, to]: readonly [from: number, to: number], steered: Steered, into: RawLine[]): void {
		if (from === to) return;
		const isWhole = bytes[from] === brace && bytes[to - 1] === endBrace;
		const middle = bytes.indexOf(beforeTime, from);
		const time = isWhole && middle >= 0 && middle < to ? timeAt(bytes, middle + beforeTime.length) : undefined;
		const origin = time === undefined ? undefined : this.#originOf(bytes, from, middle);
		const place = [bytes, from, to] as const;
		if (time !== undefined && origin !== undefined) {
			into.push(new RawLine(origin, time, steered.isIn(from, to), place));
			return;
		}
		// Written in another way: then it is read as a whole.
		const line: unknown = JSON.parse(bytes.toString('utf8', from, to));
		if (!isLine(line)) throw new SyntaxError('it is no line of output');
		into.push(new RawLine(line, line.at, true, place));
	}

	#originOf(bytes: Buffer, from: number, to: number): LineOrigin | undefined {
		const key = bytes.toString('latin1', from, to);
		const known = this.#origins.get(key);
		if (known !== undefined) return known;
		const origin: unknown = JSON.parse(`${bytes.toString('utf8', from, to)}}`);
		if (!isOrigin(origin)) return undefined;
		if (this.#origins.size >= remembered) this.#origins.clear();
		this.#origins.set(key, origin);
		return origin;
	}
}

/** Where in a chunk control characters stand: looked for once for many lines. */
class Steered {
	readonly #bytes: Buffer;
	#next: number;
	#nextIntroducer: number;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
		this.#next = bytes.indexOf(escaped);
		this.#nextIntroducer = bytes.indexOf(introducer);
	}

	/** Whether one is in this part. Parts are asked for in order. */
	isIn(from: number, to: number): boolean {
		if (this.#next >= 0 && this.#next < from) this.#next = this.#bytes.indexOf(escaped, from);
		if (this.#nextIntroducer >= 0 && this.#nextIntroducer < from) this.#nextIntroducer = this.#bytes.indexOf(introducer, from);
		return (this.#next >= 0 && this.#next < to) || (this.#nextIntroducer >= 0 && this.#nextIntroducer < to);
	}
}

/** A whole number that a comma follows; undefined: there is none. */
function timeAt(bytes: Buffer, from: number): number | undefined {
	let at = from;
	let value = 0;
	for (let byte = bytes[at] ?? 0; byte >= zero && byte <= nine && at - from < 16; byte = bytes[++at] ?? 0) value = value * 10 + byte - zero;
	return at > from && bytes[at] === 0x2c ? value : undefined;
}

function isOrigin(value: unknown): value is LineOrigin {
	return typeof value === 'object' && value !== null && 'run' in value && 'task' in value && 'attempt' in value && 'stream' in value;
}

function isLine(value: unknown): value is LogLine {
	return isOrigin(value) && 'at' in value && 'text' in value;
}
