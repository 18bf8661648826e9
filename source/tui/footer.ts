import {widthOf} from '../text/columns.ts';
import {contextsOf} from './input.ts';
import type {Binding} from './keys/keymap.ts';
import {keyLabel} from './keys/keymap.ts';
import type {Palette} from './picture/palette.ts';
import {clip, join, spread} from './picture/rows.ts';
import type {Ui} from './ui.ts';

/** The last row: what is typed, what was said, or the keys that are of use now. */
export function footerRow(ui: Ui, width: number, palette: Palette, unicode: boolean, keymap: readonly Binding[]): string {
	const {ellipsis} = palette.glyphs;
	const {prompt, message} = ui;
	if (prompt !== undefined) {
		const regex =
			prompt.kind === 'filter' ? '' : `  ${keyLabel('ctrl+r', unicode)} ${prompt.isRegex ? 'as it stands' : 'regular expression'}`;
		const keys = palette.dim(`${keyLabel('enter', unicode)} keep  Esc clear${regex} `);
		const sign =
			{filter: '/', search: '/', only: '+', without: '-'}[prompt.kind] + (prompt.kind !== 'filter' && prompt.isRegex ? ' (regex) ' : '');
		const typed = clip(prompt.text, Math.min(widthOf(prompt.text), Math.max(10, width - 30)), ellipsis);
		return spread(` ${palette.accent(sign)}${typed}${palette.chosen(' ')}`, keys, width);
	}
	if (message !== undefined) {
		const text = clip(` ${message.text}`, width, ellipsis);
		return message.isError ? palette.bad(text) : palette.accent(text);
	}
	const hints = hintsOf(ui, keymap).map(([key, what]) => ({what, text: ` ${palette.bold(keyLabel(key, unicode))} ${palette.dim(what)}`}));
	// The key that shows all others is always there.
	const help = hints.find(({what}) => what === 'help')?.text ?? '';
	const others = hints.filter(({text}) => text !== help).map(({text}) => text);
	return help === '' ? join(others, ' ', width) : `${join(others, ' ', width - widthOf(help) - 1)}${help} `;
}

/** The keys with a hint that mean something here, the nearest first. */
function hintsOf(ui: Ui, keymap: readonly Binding[]): ReadonlyArray<readonly [key: string, what: string]> {
	const [only, another] = ui.dialog?.choices ?? [];
	if (only !== undefined && another === undefined) return [['enter', only.label]];
	if (ui.dialog !== undefined)
		return [
			['left', 'choose'],
			['enter', 'take'],
			['esc', 'stay'],
		];
	if (ui.reader !== undefined)
		return [
			['esc', 'back'],
			['down', 'scroll'],
			['q', 'close'],
		];
	if (ui.layer?.kind === 'picker')
		return [
			['enter', 'run it'],
			['down', 'choose'],
			['esc', 'back'],
		];
	if (ui.layer?.kind === 'form')
		return [
			['tab', 'next'],
			['enter', 'next, at the end: go'],
			['ctrl+s', 'go'],
			['esc', 'back'],
		];
	const isOpen = ui.layer?.kind === 'detail';
	return contextsOf(ui).flatMap(context =>
		keymap.flatMap(({context: of, hint, keys}) =>
			of === context && hint !== undefined && !(isOpen && hint === 'details') ? [[keys[0] ?? '', hint] as const] : [],
		),
	);
}
