import type {Binding, KeyContext} from './keys/keymap.ts';
import {actionOf} from './keys/keymap.ts';
import {typed} from './keys/typing.ts';
import {pasteIntoLayer, pressLayer} from './layers.ts';
import {perform} from './perform.ts';
import type {Dialog, Effect, Prompt, Ui} from './ui.ts';
import {isList} from './ui.ts';
import type {Sight, Updated} from './update.ts';
import {setFilter} from './update.ts';

/** How a key came: `isAlone` when it did not come in one piece with others. */
export type Press = {readonly key: string; readonly isAlone: boolean};

/** What a key press makes of what is shown. Pure. */
export function pressKey(ui: Ui, {key, isAlone}: Press, sight: Sight, keymap: readonly Binding[]): Updated {
	if (ui.prompt !== undefined) return inPrompt(ui, ui.prompt, key);
	if (ui.dialog !== undefined) return isAlone ? inDialog(ui, ui.dialog, key) : {ui};
	const {layer} = ui;
	if (layer !== undefined && layer.kind !== 'detail')
		return isAlone || layer.kind === 'command' || key !== 'enter' ? pressLayer(ui, layer, key, sight, keymap) : {ui};
	const binding = actionOf(key, contextsOf(ui), keymap);
	if (binding === undefined || (binding.destructive === true && !isAlone)) return {ui};
	return perform(ui, binding.action, sight);
}

/** Pasted text goes where text is typed, and nowhere else. */
export function paste(ui: Ui, text: string): Updated {
	const {prompt, layer} = ui;
	if (prompt !== undefined) return withPrompt(ui, {...prompt, text: prompt.text + oneLine(text)});
	return {ui: layer === undefined || ui.dialog !== undefined ? ui : {...ui, layer: pasteIntoLayer(layer, oneLine(text))}};
}

/** Where keys are looked up, the nearest first. */
export function contextsOf({reader, layer, pane}: Ui): readonly KeyContext[] {
	if (reader !== undefined) return ['reader', 'app'];
	if (layer?.kind === 'detail') return ['detail', `${layer.of.kind}s`, 'app'];
	return isList(pane) ? [pane, 'list', 'app'] : [pane, 'app'];
}

function oneLine(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
	return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}

function inPrompt({prompt: _, ...closed}: Ui, prompt: Prompt, key: string): Updated {
	const text = typed(prompt.text, key);
	const to = (text: string) => withPrompt(closed, {...prompt, text});
	if (text !== undefined) return to(text);
	switch (key) {
		case 'ctrl+r':
			return prompt.kind === 'filter' ? {ui: {...closed, prompt}} : withPrompt(closed, {...prompt, isRegex: !prompt.isRegex});
		case 'enter':
		case 'down':
			return {ui: closed, ...(prompt.kind !== 'filter' && {effect: {type: 'log', command: {type: 'keep'}} as const})};
		case 'esc':
			return {ui: prompt.kind === 'filter' ? setFilter(closed, prompt.pane, '') : closed, ...effectOf(prompt, '')};
		default:
			return {ui: {...closed, prompt}};
	}
}

/** What is typed acts while it is typed. */
function withPrompt(ui: Ui, prompt: Prompt): Updated {
	const filtered = prompt.kind === 'filter' ? setFilter(ui, prompt.pane, prompt.text) : ui;
	return {ui: {...filtered, prompt}, ...effectOf(prompt, prompt.text)};
}

function effectOf(prompt: Prompt, text: string): {effect?: Effect} {
	return prompt.kind === 'filter' ? {} : {effect: {type: 'log', command: {type: prompt.kind, text, isRegex: prompt.isRegex}}};
}

function inDialog({dialog: _, ...closed}: Ui, dialog: Dialog, key: string): Updated {
	const {choices, at} = dialog;
	const to = (index: number): Updated => ({ui: {...closed, dialog: {...dialog, at: (index + choices.length) % choices.length}}});
	const take = (index: number): Updated => {
		const effect = choices[index]?.effect;
		return {ui: closed, ...(effect !== undefined && {effect})};
	};
	const named = choices.findIndex(choice => choice.key === key.toLowerCase());
	if (named >= 0) return take(named);
	switch (key) {
		case 'left':
		case 'h':
		case 'up':
		case 'shift+tab':
			return to(at - 1);
		case 'right':
		case 'l':
		case 'down':
		case 'tab':
			return to(at + 1);
		case 'enter':
			return take(at);
		case 'esc':
		case 'q':
			return {ui: closed};
		default:
			return {ui: {...closed, dialog}};
	}
}
