import {ByoaiError} from '../model/error.ts';
import {placesOf} from './positions.ts';

/** What decoders put in the place of bytes that mean nothing. */
const replacement = '\ufffd';

/**
 * The bytes of a file as text. Throws `invalid`, with the place, where they are not UTF-8: commands are to run as they were written, not
 * with replaced characters.
 */
export function decodeText(bytes: Uint8Array, file: string): string {
	const text = new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes);
	const at = firstReplaced(text, bytes);
	if (at < 0) return text;
	const problem = {message: 'a byte that is not UTF-8; save the file in UTF-8', file, ...placesOf(text)(at)};
	throw new ByoaiError('invalid', `${file} is not a text file in UTF-8`, {problems: [problem]});
}

/** Where in `text` the first replacement is that `bytes` do not spell themselves; -1: nowhere. */
function firstReplaced(text: string, bytes: Uint8Array): number {
	const encoder = new TextEncoder();
	let [start, offset] = [0, 0];
	for (let at = text.indexOf(replacement); at >= 0; at = text.indexOf(replacement, start)) {
		offset += encoder.encode(text.slice(start, at)).length;
		if (bytes[offset] !== 0xef || bytes[offset + 1] !== 0xbf || bytes[offset + 2] !== 0xbd) return at;
		[start, offset] = [at + 1, offset + 3];
	}
	return -1;
}
