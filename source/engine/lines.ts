/** One line of output, or a part of a very long one. */
export type Line = {readonly stream: 'stdout' | 'stderr'; readonly at: number; readonly text: string; readonly cut?: true};

type Open = {parts: Buffer[]; bytes: number; at: number};

const newline = 0x0a;

/** Puts the pieces of one attempt's output together to lines, each stream by itself. Memory is bounded by the limit for a line. */
export class LineAssembler {
	readonly #limit: number;
	readonly #open = new Map<Line['stream'], Open>();

	/** `limit`: bytes after which a line is passed on in parts, marked as cut. */
	constructor(limit: number) {
		this.#limit = limit;
	}

	/** The lines that this piece completes. */
	add(piece: {readonly stream: Line['stream']; readonly at: number; readonly data: Uint8Array}): Line[] {
		const lines: Line[] = [];
		const data = Buffer.from(piece.data.buffer, piece.data.byteOffset, piece.data.byteLength);
		let from = 0;
		for (let to = data.indexOf(newline); to >= 0; to = data.indexOf(newline, from)) {
			if (to - from <= this.#limit && !this.#open.has(piece.stream)) {
				// Most lines: whole, and in one piece.
				lines.push(withoutReturn({stream: piece.stream, at: piece.at, text: data.toString('utf8', from, to)}));
			} else {
				this.#extend(piece, data.subarray(from, to), lines);
				lines.push(this.#closeLine(piece.stream, piece.at));
			}
			from = to + 1;
		}
		if (from < data.length) this.#extend(piece, data.subarray(from), lines);
		return lines;
	}

	/** Whether there is a line that has not ended. */
	get isOpen(): boolean {
		return this.#open.size > 0;
	}

	/** The lines that have no end: called when no more output can come. */
	end(): Line[] {
		return [...this.#open.keys()].map(stream => this.#closeLine(stream, 0));
	}

	#extend(piece: {stream: Line['stream']; at: number}, data: Buffer, lines: Line[]): void {
		let rest = data;
		for (;;) {
			const open = this.#open.get(piece.stream) ?? {parts: [], bytes: 0, at: piece.at};
			const room = this.#limit - open.bytes;
			const fits = rest.length <= room;
			const part = rest.subarray(0, fits ? rest.length : characterStart(rest, room));
			// A copy, lest a short line keep the whole piece in memory.
			open.parts.push(Buffer.from(part));
			open.bytes += part.length;
			this.#open.set(piece.stream, open);
			if (fits) return;
			lines.push({...this.#close(piece.stream, piece.at), cut: true});
			rest = rest.subarray(part.length);
		}
	}

	/** What is open, as the end of its line. */
	#closeLine(stream: Line['stream'], at: number): Line {
		return withoutReturn(this.#close(stream, at));
	}

	#close(stream: Line['stream'], at: number): Line {
		const open = this.#open.get(stream);
		this.#open.delete(stream);
		return {stream, at: open?.at ?? at, text: open === undefined ? '' : Buffer.concat(open.parts).toString('utf8')};
	}
}

function withoutReturn(line: Line): Line {
	return line.text.endsWith('\r') ? {...line, text: line.text.slice(0, -1)} : line;
}

/** The place up to `most` where a UTF-8 character begins, so that none is cut in two; `most` itself where there is no other. */
function characterStart(data: Buffer, most: number): number {
	let at = most;
	while (at > 0 && ((data[at] ?? 0) & 0xc0) === 0x80) at--;
	return at === 0 ? most : at;
}
