import type {SanitiseOptions} from './sanitise.ts';
import {Sanitiser} from './sanitise.ts';

/** What is kept of a line that has not ended, beyond what will be shown: escape sequences take room and are not shown. */
const rawFactor = 4;

/**
 * Puts the bytes of one stream together to lines that may go to a terminal, wherever they are cut: within a character, within an
 * escape sequence. Memory is bounded, however long a line gets.
 */
export class OutputLines {
	readonly #decoder = new TextDecoder();
	readonly #sanitiser: Sanitiser;
	readonly #rawLimit: number;
	/** The line that has not ended, and how many of its characters were not kept. */
	#open = '';
	#lost = 0;

	constructor(options: SanitiseOptions) {
		this.#sanitiser = new Sanitiser(options);
		this.#rawLimit = options.lineCharacters * rawFactor;
	}

	/** The lines that this chunk completes, without their ends. A chunk of text has no characters cut in two. */
	add(chunk: Uint8Array | string): string[] {
		const text = typeof chunk === 'string' ? this.#decoder.decode() + chunk : this.#decoder.decode(chunk, {stream: true});
		const parts = text.split('\n');
		const last = parts.pop() ?? '';
		const lines: string[] = [];
		for (const part of parts) {
			this.#extend(part);
			lines.push(this.#close());
		}
		this.#extend(last);
		return lines;
	}

	/** The line that has not ended as it looks now, for instance the state of a progress bar; empty: there is none. */
	get open(): string {
		return this.#open === '' ? '' : this.#sanitiser.openLine(this.#open, this.#lost);
	}

	/** The line that has no end: called when no more can come. */
	end(): string[] {
		this.#extend(this.#decoder.decode());
		return this.#open === '' ? [] : [this.#close()];
	}

	#close(): string {
		const line = this.#sanitiser.line(this.#open, this.#lost);
		this.#open = '';
		this.#lost = 0;
		return line;
	}

	#extend(text: string): void {
		const whole = this.#open === '' ? text : this.#open + text;
		if (whole.length <= this.#rawLimit) {
			this.#open = whole;
			return;
		}
		// Of a progress bar only the newest state matters, and of a very long line the beginning.
		const from = whole.lastIndexOf('\r', whole.length - 2) + 1;
		this.#open = whole.slice(from, from + this.#rawLimit);
		this.#lost = (from === 0 ? this.#lost : 0) + whole.length - from - this.#open.length;
	}
}
