import type {LogPiece} from '../engine/task-logs.ts';
import type {Report} from '../protocol/messages.ts';

/** The output of one attempt in a Report, from this offset on, as logs take it. */
export function piecesOf(offset: number, chunks: Report['logs'][number]['chunks']): LogPiece[] {
	let at = offset;
	return chunks.map(chunk => {
		const data = Buffer.from(chunk.data, 'base64');
		const piece = {offset: at, stream: chunk.stream, at: chunk.at, data};
		at += data.length;
		return piece;
	});
}
