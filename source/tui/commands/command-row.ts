import {widthOf} from '../../text/columns.ts';
import type {Lists} from '../data/lists.ts';
import type {Snapshot} from '../data/snapshot.ts';
import type {Binding} from '../keys/keymap.ts';
import type {CommandLayer} from '../layer.ts';
import type {Palette} from '../picture/palette.ts';
import {clip, spread} from '../picture/rows.ts';
import type {Ui} from '../ui.ts';
import {candidatesOf, parseCommand, usageOf} from './command-line.ts';
import {commandsOf} from './commands.ts';

type CommandScene = {
	readonly ui: Ui;
	readonly snapshot: Snapshot;
	readonly lists: Lists;
	readonly palette: Palette;
	readonly keymap: readonly Binding[];
};

const noHeights = {agents: 0, tasks: 0, runs: 0};

/** The line that is typed, and at its right what may come next, how the command is used, or why it cannot be done. */
export function commandRow({text, problem}: CommandLayer, {ui, snapshot, lists, palette, keymap}: CommandScene, width: number): string {
	const {ellipsis} = palette.glyphs;
	const characters = Array.from(text);
	while (widthOf(characters.join('')) > Math.max(10, width - 4)) characters.shift();
	const line = ` ${palette.accent(':')}${characters.join('')}${palette.chosen(' ')}`;
	const room = width - widthOf(line) - 3;
	const said = problem ?? hint(text, ui, {snapshot, lists, heights: noHeights, keymap});
	if (room < 8 || said === '') return spread(line, '', width);
	const right = clip(said, Math.min(room, widthOf(said)), ellipsis);
	return spread(line, `${problem === undefined ? palette.dim(right) : palette.bad(right)} `, width);
}

const shown = 12;

function hint(text: string, ui: Ui, sight: Parameters<typeof candidatesOf>[2]): string {
	const candidates = candidatesOf(text, ui, sight);
	const word = text.split(/\s+/).at(-1) ?? '';
	const rest = candidates.filter(candidate => candidate !== word);
	if (text !== '' && (rest.length > 1 || (rest.length === 1 && text.includes(' ')))) {
		return `${rest.slice(0, shown).join('  ')}${rest.length > shown ? `  and ${rest.length - shown} more` : ''}`;
	}
	if (text === '') return 'Tab completes, Up recalls, Esc leaves';
	const parsed = parseCommand(text, commandsOf(sight.keymap));
	return 'problem' in parsed ? '' : usageOf(parsed.command);
}
