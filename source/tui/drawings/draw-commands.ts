import type {Move} from '../moving.ts';

/** The tasks of a run, drawn. */
export type Drawing = 'graph' | 'timeline';

/** What is asked of a drawing, which knows what is next to what. */
export type DrawCommand =
	| {readonly type: 'move'; readonly in: Drawing; readonly to: 'left' | 'right' | 'up' | 'down'; readonly by: number}
	/** `by`: below 1 shows less time, above 1 more. */
	| {readonly type: 'scale'; readonly by: number}
	/** By a part of the time that is shown. */
	| {readonly type: 'pan'; readonly by: number}
	| {readonly type: 'whole' | 'group'};

const drawActions = ['draw-left', 'draw-right', 'scale-up', 'scale-down', 'whole', 'group'] as const;
export type DrawAction = (typeof drawActions)[number];

export function isDrawAction(action: string): action is DrawAction {
	return (drawActions as readonly string[]).includes(action);
}

export function drawCommandOf(action: DrawAction, pane: string): DrawCommand {
	switch (action) {
		case 'draw-left':
			return pane === 'timeline' ? {type: 'pan', by: -0.25} : {type: 'move', in: 'graph', to: 'left', by: 1};
		case 'draw-right':
			return pane === 'timeline' ? {type: 'pan', by: 0.25} : {type: 'move', in: 'graph', to: 'right', by: 1};
		case 'scale-up':
			return {type: 'scale', by: 0.5};
		case 'scale-down':
			return {type: 'scale', by: 2};
		case 'whole':
		case 'group':
			return {type: action};
	}
}

/** More than any run has tasks. */
const all = 1_000_000;

/** A move up or down in a drawing of so many rows. */
export function drawMove(move: Move, drawing: Drawing, height: number): DrawCommand {
	const by = {
		up: 1,
		down: 1,
		'half-up': height / 2,
		'half-down': height / 2,
		'page-up': height,
		'page-down': height,
		first: all,
		last: all,
	}[move];
	const isUp = move === 'up' || move === 'half-up' || move === 'page-up' || move === 'first';
	return {type: 'move', in: drawing, to: isUp ? 'up' : 'down', by: Math.max(1, Math.ceil(by))};
}
