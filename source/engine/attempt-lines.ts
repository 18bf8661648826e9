import type {AttemptRef} from '../model/ids.ts';
import type {LogLine} from '../protocol/views.ts';
import {LineAssembler} from './lines.ts';
import type {TaskLogs} from './task-logs.ts';

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

	/** The lines that have come in since the last call. */
	async *read(): AsyncGenerator<LogLine> {
		for (let isEnd = false; !isEnd; ) {
			const slice = await this.#logs.read(this.about, this.#next, this.#readBytes);
			for (const piece of slice.pieces) {
				this.#lastAt = piece.at;
				for (const line of this.#assembler.add(piece)) yield {...this.about, ...line};
			}
			isEnd = slice.next === this.#next || slice.next >= slice.end;
			this.#next = slice.next;
			if (slice.dropped > 0 && !this.#toldDropped) yield* this.#tellDropped();
		}
	}

	/** A last line that was not ended. */
	*end(): Generator<LogLine> {
		for (const line of this.#assembler.end()) yield {...this.about, ...line};
	}

	*#tellDropped(): Generator<LogLine> {
		this.#toldDropped = true;
		const text = '[byoai: the limit attempt_log_bytes is reached: what follows is counted, not kept]';
		yield {...this.about, stream: 'stderr', at: this.#lastAt, text};
	}
}
