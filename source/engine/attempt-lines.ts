import type {AttemptRef} from '../model/ids.ts';
import type {LogLine} from '../protocol/views.ts';
import {LineAssembler} from './lines.ts';
import type {LogPiece, TaskLogs} from './task-logs.ts';

/** The attempt, and what each of its lines says of it. */
export type AboutAttempt = AttemptRef & Pick<LogLine, 'name' | 'agent'>;

/** Reads one attempt's output as lines, from where it left off. */
export class AttemptLines {
	readonly about: AboutAttempt;
	readonly #logs: TaskLogs;
	readonly #assembler: LineAssembler;
	readonly #readBytes: number;
	#next = 0;
	#lastAt = 0;
	#toldDropped = false;

	constructor(logs: TaskLogs, about: AboutAttempt, {lineBytes, readBytes}: {lineBytes: number; readBytes: number}) {
		this.about = about;
		this.#logs = logs;
		this.#assembler = new LineAssembler(lineBytes);
		this.#readBytes = readBytes;
	}

	/** There is a line that has not ended. */
	get isOpen(): boolean {
		return this.#assembler.isOpen;
	}

	/** The lines of output that is at hand; undefined: it does not follow on what was read, and the store has to be asked. */
	take(pieces: readonly LogPiece[]): LogLine[] | undefined {
		const [first, last] = [pieces[0], pieces.at(-1)];
		if (first === undefined || last === undefined) return [];
		const end = last.offset + last.data.length;
		if (end <= this.#next) return [];
		if (first.offset !== this.#next) return undefined;
		const lines: LogLine[] = [];
		for (const piece of pieces) this.#add(piece, lines);
		this.#next = end;
		return lines;
	}

	/** The lines that have come in since the last call. */
	async *read(): AsyncGenerator<LogLine> {
		for (let isEnd = false; !isEnd; ) {
			const slice = await this.#logs.read(this.about, this.#next, this.#readBytes);
			const lines: LogLine[] = [];
			for (const piece of slice.pieces) this.#add(piece, lines);
			yield* lines;
			isEnd = slice.next === this.#next || slice.next >= slice.end;
			this.#next = slice.next;
			if (slice.dropped > 0 && !this.#toldDropped) yield* this.#tellDropped();
		}
	}

	/** A last line that was not ended. */
	*end(): Generator<LogLine> {
		for (const line of this.#assembler.end()) yield {...this.about, ...line};
	}

	#add(piece: LogPiece, into: LogLine[]): void {
		this.#lastAt = piece.at;
		const {run, task, attempt, name, agent} = this.about;
		for (const {stream, at, text, cut} of this.#assembler.add(piece)) {
			// Written out, so that all lines have their parts in one order: who reads them finds it sooner.
			into.push({run, task, attempt, name, agent, stream, at, text, ...(cut && {cut})});
		}
	}

	*#tellDropped(): Generator<LogLine> {
		this.#toldDropped = true;
		const text = '[byoai: the limit attempt_log_bytes is reached: what follows is counted, not kept]';
		yield {...this.about, stream: 'stderr', at: this.#lastAt, text};
	}
}
