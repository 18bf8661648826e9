import type {AgentRow, RunRow, TaskRow} from '../protocol/views.ts';

const moves = ['up', 'down', 'half-up', 'half-down', 'page-up', 'page-down', 'first', 'last'] as const;
export type Move = (typeof moves)[number];

export function isMove(action: string): action is Move {
	return (moves as readonly string[]).includes(action);
}

/** The index to which a move leads; never out of the list. */
export function moved(at: number, move: Move, {count, height}: {readonly count: number; readonly height: number}): number {
	const half = Math.max(1, Math.floor(height / 2));
	const page = Math.max(1, height - 1);
	const to = {
		up: at - 1,
		down: at + 1,
		'half-up': at - half,
		'half-down': at + half,
		'page-up': at - page,
		'page-down': at + page,
		first: 0,
		last: count - 1,
	}[move];
	return Math.min(Math.max(0, count - 1), Math.max(0, to));
}

/** Whether somebody should look at it: it went wrong, or does not get on. */
export function needsAttention(row: AgentRow | RunRow | TaskRow): boolean {
	if ('slots' in row) return row.status === 'lost' || row.problem !== undefined;
	return row.status === 'failed' || row.status === 'waiting';
}
