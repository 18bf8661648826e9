/**
 * Lines of a UTF-8 text that comes in chunks, cut anywhere, also within a character. Ends of lines (LF or CRLF) are taken off; what
 * comes after the last one is a line too.
 */
export async function* readTextLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	const decoder = new TextDecoder();
	let open = '';
	for await (const chunk of chunks) {
		// Only the new part is searched, so that a very long line costs no more than its length.
		const [first = '', ...others] = decoder.decode(chunk, {stream: true}).split('\n');
		const last = others.pop();
		if (last === undefined) {
			open += first;
			continue;
		}
		yield withoutReturn(open + first);
		yield* others.map(withoutReturn);
		open = last;
	}
	open += decoder.decode();
	if (open !== '') yield withoutReturn(open);
}

function withoutReturn(line: string): string {
	return line.endsWith('\r') ? line.slice(0, -1) : line;
}
