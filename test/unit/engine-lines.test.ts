import {expect, test} from 'vitest';
import {LineAssembler} from '../../source/engine/lines.ts';

type Piece = readonly [stream: 'stdout' | 'stderr', text: string | Uint8Array, at?: number];

/** `o` or `e` for the stream, the time where it matters, `|`, the text; `…` where it was cut. */
function assemble(pieces: readonly Piece[], limit = 100): string[] {
	const assembler = new LineAssembler(limit);
	const lines = pieces.flatMap(([stream, text, at = 0]) => assembler.add({stream, at, data: Buffer.from(text as string)}));
	return [...lines, ...assembler.end()].map(({stream, at, text, cut}) => `${stream[3]}${at || ''}|${text}${cut ? '…' : ''}`);
}

test('a line is put together from pieces and has the time of its beginning', () => {
	expect(
		assemble([
			['stdout', 'a', 1],
			['stdout', 'b', 2],
			['stdout', 'c\nd', 3],
			['stdout', '\n', 4],
		]),
	).toEqual(['o1|abc', 'o3|d']);
});

test('one piece may hold many lines, also empty ones, and the last may have no end', () => {
	expect(assemble([['stdout', 'a\n\n\nb\nc', 7]])).toEqual(['o7|a', 'o7|', 'o7|', 'o7|b', 'o7|c']);
	expect(assemble([['stdout', 'a\n']])).toEqual(['o|a']);
	expect(assemble([['stdout', '']])).toEqual([]);
	expect(assemble([])).toEqual([]);
});

test('an empty line has the time of its line break', () => {
	expect(
		assemble([
			['stdout', 'a\n', 1],
			['stdout', '\n', 2],
		]),
	).toEqual(['o1|a', 'o2|']);
});

test('the streams do not mix', () => {
	expect(
		assemble([
			['stdout', 'out'],
			['stderr', 'err'],
			['stdout', 'put\n'],
			['stderr', 'or'],
		]),
	).toEqual(['o|output', 'e|error']);
});

test('CRLF ends a line too, also cut in two; a carriage return in the midst stays', () => {
	expect(
		assemble([
			['stdout', 'a\r\nb\r'],
			['stdout', '\nc\rd\n'],
		]),
	).toEqual(['o|a', 'o|b', 'o|c\rd']);
});

test('a character that is cut anywhere comes whole', () => {
	const bytes = Buffer.from('grün 🙂 日本\n');
	for (let at = 0; at <= bytes.length; at++) {
		expect(
			assemble([
				['stdout', bytes.subarray(0, at)],
				['stdout', bytes.subarray(at)],
			]),
		).toEqual(['o|grün 🙂 日本']);
	}
});

test('bytes that are no UTF-8 are replaced, the rest of the line is kept', () => {
	expect(assemble([['stdout', Uint8Array.of(97, 0xff, 98, 10)]])).toEqual(['o|a\ufffdb']);
});

test('a line over the limit comes in parts; one of exactly the limit is whole', () => {
	expect(assemble([['stdout', 'abcdefgh\n']], 4)).toEqual(['o|abcd…', 'o|efgh']);
	expect(assemble([['stdout', 'abcdefghi\nj\n']], 4)).toEqual(['o|abcd…', 'o|efgh…', 'o|i', 'o|j']);
	expect(
		assemble(
			[
				['stdout', 'ab', 1],
				['stdout', 'cdef', 2],
				['stdout', 'gh\n', 3],
			],
			4,
		),
	).toEqual(['o1|abcd…', 'o2|efgh']);
	expect(assemble([['stdout', 'abcde']], 4)).toEqual(['o|abcd…', 'o|e']);
});

test('a long line is cut between characters where there are any, and keeps its carriage returns', () => {
	expect(assemble([['stdout', 'a🙂🙂\n']], 5)).toEqual(['o|a🙂…', 'o|🙂']);
	expect(assemble([['stdout', 'ab🙂\n']], 5)).toEqual(['o|ab…', 'o|🙂']);
	expect(assemble([['stdout', Buffer.alloc(5, 0x80)]], 2)).toEqual(['o|\ufffd\ufffd…', 'o|\ufffd\ufffd…', 'o|\ufffd']);
	expect(assemble([['stdout', 'é\n']], 1)).toEqual(['o|\ufffd…', 'o|\ufffd']);
	expect(assemble([['stdout', 'abc\rdef\r\n']], 4)).toEqual(['o|abc\r…', 'o|def']);
});

test('a piece that is used again afterwards does not change what was kept of it', () => {
	const assembler = new LineAssembler(100);
	const data = Buffer.from('first');
	assembler.add({stream: 'stdout', at: 0, data});
	data.fill('x');
	expect(assembler.add({stream: 'stdout', at: 0, data: Buffer.from('\n')})).toEqual([{stream: 'stdout', at: 0, text: 'first'}]);
});
