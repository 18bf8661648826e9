import type {RawLine} from '../client/raw-lines.ts';
import type {Sanitiser} from '../text/sanitise.ts';
import type {KeptLine, LogOrigin, OwnLine} from './log-ring.ts';

/** Stands at the end of a line that goes on. */
export const ellipsis = '…';

/** A line of many tasks' whose text is read, and made safe, when somebody looks at it for the first time. */
export class UnreadLine implements KeptLine, OwnLine {
	readonly at: number;
	readonly origin: LogOrigin;
	readonly stream: 'stdout' | 'stderr';
	seq = 0;
	#raw: RawLine<unknown> | undefined;
	#sanitiser: Sanitiser | undefined;
	#text = '';

	/** `sanitiser`: one that stands at no colour, and stays so. */
	constructor(raw: RawLine<Pick<UnreadLine, 'origin' | 'stream'>>, sanitiser: Sanitiser) {
		this.at = raw.at;
		this.origin = raw.origin.origin;
		this.stream = raw.origin.stream;
		this.#raw = raw;
		this.#sanitiser = sanitiser;
	}

	/** False: it may have colours, and those go on from line to line, or it is long. */
	get mayWait(): boolean {
		return this.#raw?.mayWait ?? true;
	}

	/** In memory, until it is read. */
	get bytes(): number {
		return this.#raw?.length ?? 0;
	}

	get text(): string {
		if (this.#raw !== undefined && this.#sanitiser !== undefined) {
			this.#text = this.readWith(this.#sanitiser);
			// What it was read from need not stay in memory.
			this.#raw = undefined;
			this.#sanitiser = undefined;
		}
		return this.#text;
	}

	/** Its text, with the colours that go on from the lines before. */
	readWith(sanitiser: Sanitiser): string {
		if (this.#raw === undefined) return this.#text;
		const {text, cut} = this.#raw.parse();
		return sanitiser.line(cut === true ? text + ellipsis : text);
	}

	keep(seq: number): KeptLine {
		this.seq = seq;
		return this;
	}
}
