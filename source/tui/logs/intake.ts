import type {RawLine} from '../../client/raw-lines.ts';
import type {LogLine, LogRecord} from '../../protocol/views.ts';
import {OutputLines} from '../../text/output-lines.ts';
import type {SanitiseOptions} from '../../text/sanitise.ts';
import {Sanitiser} from '../../text/sanitise.ts';
import {formatCount} from '../../text/spans.ts';
import type {LogOrigin, LogRing, NewLine, OwnLine} from './ring.ts';
import type {LineStream} from './streams.ts';
import {ellipsis, UnreadLine} from './unread-line.ts';

export type IntakeOptions = {
	readonly ring: LogRing;
	/** Lines that are taken between two frames: the limit `tui_frame_lines`. Of more, only the newest are. */
	readonly frameLines: number;
	readonly sanitise: SanitiseOptions;
};

type Stream = 'stdout' | 'stderr';

/** Output that waits for the next frame: one line of many tasks' lines, or bytes of one attempt. */
type Piece = {
	readonly origin: LogOrigin;
	readonly stream: Stream;
	readonly at: number;
	readonly data: string | Uint8Array;
	/** `line`: one, without its end. `bytes`: as they came. `end`: no more can come. */
	readonly kind: 'line' | 'bytes' | 'end';
	/** Its beginning is not that of a line. */
	readonly isTorn?: true;
	/** Lines that it ends. */
	readonly lines: number;
	readonly offset?: number;
};

/** The lines of one stream of one attempt, as they come. */
type Assembly = {
	readonly lines: OutputLines;
	/** Where the line that has not ended began, in bytes; undefined: where the next piece does. */
	openAt: number | undefined;
	/** The beginning of that line was left out: it is not shown. */
	isTorn: boolean;
};

/** Bytes that wait, whatever their lines; also what one line may hold up. */
const waitingBytes = 4 * 1024 * 1024;

/**
 * What stands between streams of output and the ring. Streams are never made to wait: what comes in faster than it can be looked at is
 * left out without having been looked at, and a line says how much. So memory and time are bounded, however much comes.
 */
export class LogIntake {
	readonly #options: IntakeOptions;
	readonly #sanitisers = new Map<LogOrigin, Partial<Record<Stream, Sanitiser>>>();
	readonly #assemblies = new Map<string, Assembly>();
	/** For lines that no colour of another line goes on in. */
	readonly #plain: Sanitiser;
	#waiting: Array<Piece | UnreadLine> = [];
	/** Pieces before it are dropped or taken. */
	#first = 0;
	#lines = 0;
	#bytes = 0;
	#lastAt = 0;
	#skipped: {lines: number; piece: Pick<Piece, 'origin' | 'stream' | 'at' | 'offset'>} | undefined;

	constructor(options: IntakeOptions) {
		this.#options = options;
		this.#plain = new Sanitiser(options.sanitise);
	}

	/** One line of many tasks'. */
	addLine(line: LogLine, origin: LogOrigin): void {
		const data = line.cut === true ? line.text + ellipsis : line.text;
		this.#add({origin, stream: line.stream, at: line.at, data, kind: 'line', lines: 1});
	}

	/** The same, to be read when somebody looks at it. */
	addRaw(raw: RawLine<LineStream>): void {
		this.#push(new UnreadLine(raw, this.#plain), 1, raw.length);
	}

	/** A piece of one attempt's output. `isTorn`: reading began there, within a line. */
	addRecord(record: LogRecord, origin: LogOrigin, {isTorn = false} = {}): void {
		if ('dropped' in record) {
			const count = formatCount(record.dropped);
			this.note(`byoai: ${count} bytes more than the limit attempt_log_bytes permits were not kept`, origin, 0);
			return;
		}
		const data = 'text' in record ? record.text : Uint8Array.fromBase64(record.base64);
		const {stream, at, offset} = record;
		this.#add({origin, stream, at, data, kind: 'bytes', lines: newlinesOf(data), offset, ...(isTorn && {isTorn})});
	}

	/** A line of our own. */
	note(text: string, origin: LogOrigin, at: number): void {
		this.#add({origin, stream: 'stderr', at: at === 0 ? this.#lastAt : at, data: text, kind: 'line', lines: 1});
	}

	/** No more of this attempt can come: a line without end is one, too. */
	end(origin: LogOrigin): void {
		for (const stream of ['stdout', 'stderr'] as const) {
			this.#add({origin, stream, at: this.#lastAt, data: '', kind: 'end', lines: 0});
		}
	}

	/** Hands over to the ring what has come since the last frame. Whether there was anything. */
	flush(): boolean {
		const lines: Array<NewLine | OwnLine> = [];
		if (this.#skipped !== undefined) {
			const {lines: skipped, piece} = this.#skipped;
			const {origin, stream, at, offset} = piece;
			const text = `${ellipsis} ${formatCount(skipped)} lines skipped, all in byoai logs`;
			lines.push({text, at, origin, stream, skipped, ...(offset !== undefined && {offset})});
			this.#skipped = undefined;
		}
		for (let at = this.#first; at < this.#waiting.length; at++) {
			const piece = this.#waiting[at];
			if (piece !== undefined) this.#take(piece, lines);
		}
		this.#waiting = [];
		this.#first = 0;
		this.#lines = 0;
		this.#bytes = 0;
		this.#options.ring.append(lines);
		return lines.length > 0;
	}

	/** The line that one attempt's output is in the middle of, as it looks now: a progress bar. Empty: there is none. */
	get open(): string {
		return [...this.#assemblies.values()].map(({lines, isTorn}) => (isTorn ? '' : lines.open)).findLast(text => text !== '') ?? '';
	}

	/** Other output comes from now on. */
	reset(): void {
		this.#waiting = [];
		this.#first = 0;
		this.#lines = 0;
		this.#bytes = 0;
		this.#skipped = undefined;
		this.#sanitisers.clear();
		this.#assemblies.clear();
	}

	#add(piece: Piece): void {
		this.#push(piece, piece.lines, piece.data.length);
	}

	#push(piece: Piece | UnreadLine, lines: number, bytes: number): void {
		this.#waiting.push(piece);
		this.#lastAt = piece.at;
		this.#lines += lines;
		this.#bytes += bytes;
		// The newest piece is kept in any case: it is no larger than the server makes them.
		while ((this.#lines > this.#options.frameLines || this.#bytes > waitingBytes) && this.#first < this.#waiting.length - 1) this.#drop();
		if (this.#first > 10_000) {
			this.#waiting = this.#waiting.slice(this.#first);
			this.#first = 0;
		}
	}

	#drop(): void {
		const piece = this.#waiting[this.#first++];
		if (piece === undefined) return;
		this.#skipped ??= {lines: 0, piece};
		if (piece instanceof UnreadLine) {
			this.#lines--;
			this.#bytes -= piece.bytes;
			this.#skipped.lines++;
			return;
		}
		this.#lines -= piece.lines;
		this.#bytes -= piece.data.length;
		if (piece.kind === 'bytes') this.#assemblies.set(keyOf(piece), this.#newAssembly(!endsLine(piece.data)));
		if (piece.kind === 'end') this.#assemblies.delete(keyOf(piece));
		this.#skipped.lines += piece.lines;
	}

	#take(piece: Piece | UnreadLine, into: Array<NewLine | OwnLine>): void {
		if (piece instanceof UnreadLine) into.push(this.#coloured(piece));
		else this.#takePiece(piece, into);
	}

	/** A line out of which colours go on, or into which they do, has to be read in its turn, and so does a long one. */
	#coloured(line: UnreadLine): NewLine | OwnLine {
		const {origin, stream, at} = line;
		if (line.mayWait && this.#sanitisers.get(origin)?.[stream]?.isPlain !== false) return line;
		return {text: line.readWith(this.#sanitiser(line)), at, origin, stream};
	}

	#takePiece(piece: Piece, into: Array<NewLine | OwnLine>): void {
		const {origin, stream, at, data} = piece;
		if (piece.kind === 'line' && typeof data === 'string') {
			into.push({text: this.#sanitiser(piece).line(data), at, origin, stream});
			return;
		}
		const key = keyOf(piece);
		const assembly = this.#assemblies.get(key) ?? this.#newAssembly(piece.isTorn === true);
		this.#assemblies.set(key, assembly);
		assembly.openAt ??= piece.offset;
		const isEnd = piece.kind === 'end';
		const ended = isEnd ? assembly.lines.end() : assembly.lines.add(data);
		const starts = piece.offset === undefined ? [] : startsOf(data, piece.offset);
		for (const [index, text] of ended.entries()) {
			const offset = index === 0 ? assembly.openAt : starts[index - 1];
			if (index > 0 || !assembly.isTorn) into.push({text, at, origin, stream, ...(offset !== undefined && {offset})});
		}
		if (isEnd) this.#assemblies.delete(key);
		if (ended.length === 0) return;
		assembly.isTorn = false;
		assembly.openAt = starts.at(-1);
	}

	#newAssembly(isTorn: boolean): Assembly {
		return {lines: new OutputLines(this.#options.sanitise), openAt: undefined, isTorn};
	}

	/** Colours go on from line to line of one stream of one origin. */
	#sanitiser({origin, stream}: Pick<Piece, 'origin' | 'stream'>): Sanitiser {
		let known = this.#sanitisers.get(origin);
		if (known === undefined) {
			// Colours of tasks that nobody heard of for long do not matter.
			if (this.#sanitisers.size >= 10_000) this.#sanitisers.clear();
			known = {};
			this.#sanitisers.set(origin, known);
		}
		known[stream] ??= new Sanitiser(this.#options.sanitise);
		return known[stream];
	}
}

function keyOf({origin: {run, task, attempt}, stream}: Pick<Piece, 'origin' | 'stream'>): string {
	return `${run}/${task}/${attempt}/${stream}`;
}

function endsLine(data: string | Uint8Array): boolean {
	return typeof data === 'string' ? data.endsWith('\n') : data.at(-1) === 0x0a;
}

function newlinesOf(data: string | Uint8Array): number {
	let count = 0;
	for (let at = indexOfNewline(data, 0); at >= 0; at = indexOfNewline(data, at + 1)) count++;
	return count;
}

/** After each end of a line in the data, the offset in bytes of what follows. */
export function startsOf(data: string | Uint8Array, offset: number): number[] {
	const starts: number[] = [];
	let bytes = offset;
	let from = 0;
	for (let at = indexOfNewline(data, 0); at >= 0; at = indexOfNewline(data, from)) {
		bytes += typeof data === 'string' ? Buffer.byteLength(data.slice(from, at + 1)) : at + 1 - from;
		starts.push(bytes);
		from = at + 1;
	}
	return starts;
}

function indexOfNewline(data: string | Uint8Array, from: number): number {
	return typeof data === 'string' ? data.indexOf('\n', from) : data.indexOf(0x0a, from);
}
