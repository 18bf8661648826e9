import {act} from './acting/acting.ts';
import {isActAction, isChanging} from './keys/act-actions.ts';
import type {Action} from './keys/keymap.ts';
import type {DetailLayer} from './layer.ts';
import {isMove, moved} from './moving.ts';
import type {Ui} from './ui.ts';
import type {Sight, Updated} from './update.ts';
import {update} from './update.ts';

/** What any action makes of what is shown, by whatever way it was asked for. Pure. */
export function perform(before: Ui, action: Action, sight: Sight): Updated {
	const {message: _, ...ui} = before;
	if (sight.snapshot.connection.isReadonly && isChanging(action)) {
		return {ui: {...ui, message: {text: 'this screen is read-only: it was opened with --readonly', isError: true}}};
	}
	const {layer, ...bare} = ui;
	if (layer?.kind === 'detail' && ui.reader === undefined) {
		const done = inDetail(ui, layer, action, sight);
		if (done !== undefined) return done;
		// What shows something else in the panes shows the panes.
		if (!isActAction(action)) return update(bare, action, sight);
	}
	return isActAction(action) ? act(ui, action, sight) : update(ui, action, sight);
}

/** What an action means to what is told of one thing; undefined: the same as without it. */
function inDetail(ui: Ui, layer: DetailLayer, action: Action, {sheet: {rows, height}}: Sight): Updated | undefined {
	if (isMove(action)) {
		// It is scrolled, and nothing in it chosen: places are those of the first row in sight.
		const top = moved(layer.top, action, {count: Math.max(1, rows - height + 1), height});
		return {ui: {...ui, layer: {...layer, top}}};
	}
	const {layer: _, ...bare} = ui;
	return action === 'back' || action === 'quit' || action === 'details' ? {ui: bare} : undefined;
}
