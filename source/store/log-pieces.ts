import type {IndexRecord} from './log-index.ts';
import type {LogPiece} from './logs.ts';

/** What of `pieces` follows on `end` without a gap: what lies before is cut off, what begins beyond is left out. */
export function freshPieces(pieces: readonly LogPiece[], end: number): readonly LogPiece[] {
	const fresh: LogPiece[] = [];
	let from = end;
	for (const piece of pieces) {
		const known = from - piece.offset;
		if (known < 0 || known >= piece.data.length) continue;
		fresh.push(known === 0 ? piece : {...piece, offset: from, data: piece.data.subarray(known)});
		from = piece.offset + piece.data.length;
	}
	return fresh;
}

/** What of `pieces` lies before `limit`. */
export function piecesBefore(pieces: readonly LogPiece[], limit: number): readonly LogPiece[] {
	return pieces
		.filter(piece => piece.offset < limit)
		.map(piece => (endOf(piece) <= limit ? piece : {...piece, data: piece.data.subarray(0, limit - piece.offset)}));
}

export function endOf(piece: LogPiece): number {
	return piece.offset + piece.data.length;
}

/** One record for neighbours of the same stream and millisecond: what is lost is only how often the agent's reads returned. */
export function recordsOf(pieces: readonly LogPiece[]): readonly IndexRecord[] {
	const records: IndexRecord[] = [];
	for (const piece of pieces) {
		const last = records.at(-1);
		if (last?.kind === piece.stream && last.at === piece.at) records.pop();
		records.push({end: endOf(piece), at: piece.at, kind: piece.stream});
	}
	return records;
}
