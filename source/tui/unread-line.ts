import type {RawLine} from '../client/raw-lines.ts';
import type {Sanitiser} from '../text/sanitise.ts';
import type {KeptLine, LogOrigin, OwnLine} from './log-ring.ts';

/** Stands at the end of a line that goes on. */
export const ellipsis = '…';

/** A line whose text is read, and made safe, when somebody looks at it for the first time. */
export class UnreadLine implements KeptLine, OwnLine {
	readonly origin: LogOrigin;
	readonly at: number;
	readonly stream: 'stdout' | 'stderr';
	seq = 0;
	#raw: RawLine | undefined;
	#sanitiser: Sanitiser | undefined;
	#text = '';

	/** `sanitiser`: one that stands at no colour, and stays so. */
	constructor(raw: RawLine, origin: LogOrigin, sanitiser: Sanitiser) {
		this.origin = origin;
		this.at = raw.at;
		this.stream = raw.origin.stream;
		this.#raw = raw;
		this.#sanitiser = sanitiser;
	}

	get text(): string {
		if (this.#raw !== undefined && this.#sanitiser !== undefined) {
			this.#text = this.#sanitiser.openLine(textOf(this.#raw));
			// What it was read from need not stay in memory.
			this.#raw = undefined;
			this.#sanitiser = undefined;
		}
		return this.#text;
	}

	keep(seq: number): KeptLine {
		this.seq = seq;
		return this;
	}
}

/** What a line says, not yet safe to be shown. */
export function textOf(line: RawLine): string {
	const {text, cut} = line.parse();
	return cut === true ? text + ellipsis : text;
}
