import type {RawLine} from '../../client/raw-lines.ts';
import type {Sanitiser} from '../../text/sanitise.ts';
import type {KeptLine, LogOrigin, OwnLine} from './ring.ts';

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

	/** `sanitiser`: one that stands at no colour. */
	constructor(raw: RawLine<Pick<UnreadLine, 'origin' | 'stream'>>, sanitiser: Sanitiser) {
		this.at = raw.at;
		this.origin = raw.origin.origin;
		this.stream = raw.origin.stream;
		this.#raw = raw;
		this.#sanitiser = sanitiser;
	}

	/** False: a colour may go on in the next line, or it is long. */
	get mayWait(): boolean {
		return this.#raw?.mayWait ?? true;
	}

	/** In memory, until it is read. */
	get bytes(): number {
		return this.#raw?.length ?? 0;
	}

	get text(): string {
		if (this.#raw !== undefined && this.#sanitiser !== undefined) {
			this.#text = this.#sanitiser.openLine(this.#said);
			// What it was read from need not stay in memory.
			this.#raw = undefined;
			this.#sanitiser = undefined;
		}
		return this.#text;
	}

	/** Its text, with the colours that go on from the lines before. */
	readWith(sanitiser: Sanitiser): string {
		return this.#raw === undefined ? this.#text : sanitiser.line(this.#said);
	}

	get #said(): string {
		if (this.#raw === undefined) return '';
		const {text, cut} = this.#raw.parse();
		return cut === true ? text + ellipsis : text;
	}

	keep(seq: number): KeptLine {
		this.seq = seq;
		return this;
	}
}
