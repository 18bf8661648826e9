/** How control characters are written. */
const escaped = Buffer.from('\\u00');
/** The one that begins a sequence by itself and needs not be escaped: U+009B. */
const introducer = Buffer.from([0xc2, 0x9b]);
/** How a sequence begins. */
const begin = Buffer.from('\\u001b[');
const backslash = 0x5c;
const semicolon = 0x3b;
const lastOfColours = 0x6d;
const [zero, nine] = [0x30, 0x39];
/** Of one sequence; more than every colour and emphasis takes. */
const longestParameters = 40;

/** What can be on, a bit each. */
const [foreground, background, bold, italic, underlined, inverse, struck] = [1, 2, 4, 8, 16, 32, 64];
const switchedOn: Readonly<Record<number, number>> = {1: bold, 2: bold, 3: italic, 4: underlined, 21: underlined, 7: inverse, 9: struck};
const switchedOff: Readonly<Record<number, number>> = {
	...{39: foreground, 49: background, 22: bold, 23: italic},
	...{24: underlined, 27: inverse, 29: struck},
};

/** Where in a chunk of JSON control characters stand: looked for once for many lines. */
export class Steering {
	readonly #bytes: Buffer;
	#next: number;
	#nextIntroducer: number;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
		this.#next = bytes.indexOf(escaped);
		this.#nextIntroducer = bytes.indexOf(introducer);
	}

	/** Whether there is none in this part, or only colours, all of which are off again at its end. Parts are asked for in order. */
	isSettled(from: number, to: number): boolean {
		if (this.#next >= 0 && this.#next < from) this.#next = this.#bytes.indexOf(escaped, from);
		if (this.#nextIntroducer >= 0 && this.#nextIntroducer < from) this.#nextIntroducer = this.#bytes.indexOf(introducer, from);
		if (this.#nextIntroducer >= 0 && this.#nextIntroducer < to) return false;
		let lit = 0;
		while (this.#next >= 0 && this.#next < to) {
			lit = afterSequence(this.#bytes, this.#next, lit);
			if (lit < 0) return false;
			this.#next = this.#bytes.indexOf(escaped, this.#next + begin.length);
		}
		return lit === 0;
	}
}

/** What is on after the sequence that begins here; -1: it is none of colours alone, or not one of the usual ones. */
function afterSequence(bytes: Buffer, from: number, before: number): number {
	// `\\u001b` is a backslash, and what follows it.
	if (bytes[from - 1] === backslash) return -1;
	for (let index = 0; index < begin.length; index++) if (bytes[from + index] !== begin[index]) return -1;
	const first = from + begin.length;
	let lit = before;
	let code = 0;
	for (let at = first; at < first + longestParameters; at++) {
		const byte = bytes[at] ?? 0;
		if (byte >= zero && byte <= nine) {
			code = code * 10 + byte - zero;
			continue;
		}
		if (byte !== semicolon && byte !== lastOfColours) return -1;
		// What follows is a colour of many, and no code of its own.
		if (code === 38 || code === 48) return endsWithColour(bytes, at) ? lit | (code === 38 ? foreground : background) : -1;
		lit = afterCode(lit, code);
		if (byte === lastOfColours) return lit;
		code = 0;
	}
	return -1;
}

function afterCode(lit: number, code: number): number {
	if (code === 0) return 0;
	if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return lit | foreground;
	if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return lit | background;
	return (lit | (switchedOn[code] ?? 0)) & ~(switchedOff[code] ?? 0);
}

const colourOfMany = /^;(?:5;\d{1,3}|2;\d{1,3};\d{1,3};\d{1,3})m/;

/** Whether that is all that the sequence still has. */
function endsWithColour(bytes: Buffer, at: number): boolean {
	return colourOfMany.test(bytes.toString('latin1', at, at + longestParameters));
}
