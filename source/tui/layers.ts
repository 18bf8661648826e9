import {candidatesOf, completed, parseCommand} from './commands/command-line.ts';
import type {CommandSight} from './commands/commands.ts';
import {commandsOf} from './commands/commands.ts';
import type {Action, Binding} from './keys/keymap.ts';
import {typed} from './keys/typing.ts';
import type {CommandLayer, DetailLayer, FormLayer, Layer, PickerLayer} from './layer.ts';
import {agentOf, pasteIntoForm, pressForm, valuesOf} from './layers/form.ts';
import {pressPicker} from './layers/picker.ts';
import {perform} from './perform.ts';
import type {Effect, Ui} from './ui.ts';
import type {Sight, Updated} from './update.ts';

/** What a key makes of a layer in which one types, or chooses. Pure. */
export function pressLayer(ui: Ui, layer: Exclude<Layer, DetailLayer>, key: string, sight: Sight, keymap: readonly Binding[]): Updated {
	const {message: _, ...quiet} = ui;
	switch (layer.kind) {
		case 'picker':
			return inPicker(quiet, layer, key);
		case 'form':
			return inForm(quiet, layer, key);
		case 'command':
			return inCommand(quiet, layer, key, {...sight, keymap});
	}
}

/** What was pasted goes where one types. */
export function pasteIntoLayer(layer: Layer, text: string): Layer {
	switch (layer.kind) {
		case 'form':
			return layer.isSent ? layer : pasteIntoForm(layer, text);
		case 'picker':
			return {...layer, filter: layer.filter + text, at: 0};
		case 'command':
			return edited(layer, layer.text + text);
		case 'detail':
			return layer;
	}
}

function without({layer: _, ...ui}: Ui): Ui {
	return ui;
}

function inPicker(ui: Ui, before: PickerLayer, key: string): Updated {
	const after = pressPicker(before, key);
	if (after === undefined) return {ui: without(ui)};
	if ('kind' in after) return {ui: {...ui, layer: after}};
	return {ui: without(ui), effect: {type: 'act', act: {type: 'start', file: after.file, params: {}}}};
}

function inForm(ui: Ui, before: FormLayer, key: string): Updated {
	// What has been sent is waited for; only leaving it is still possible.
	if (before.isSent && key !== 'esc') return {ui};
	const after = pressForm(before, key);
	if (after === undefined) return {ui: without(ui)};
	return {ui: {...ui, layer: after.layer}, ...(after.send === true && {effect: sent(after.layer)})};
}

function sent(form: FormLayer): Effect {
	const {purpose} = form;
	if (purpose.type === 'deploy') return {type: 'act', act: {type: 'deploy', spec: agentOf(form)}};
	return {type: 'act', act: {type: 'start', file: purpose.file, params: valuesOf(form)}};
}

const commandsKept = 50;

function inCommand(ui: Ui, layer: CommandLayer, key: string, sight: Sight & CommandSight): Updated {
	const to = (next: CommandLayer): Updated => ({ui: {...ui, layer: next}});
	switch (key) {
		case 'esc':
			return {ui: without(ui)};
		case 'tab':
			return to(edited(layer, completed(layer.text, candidatesOf(layer.text, ui, sight))));
		case 'up':
			return to(recalled(layer, ui, (layer.recalled ?? -1) + 1));
		case 'down':
			return to(recalled(layer, ui, (layer.recalled ?? 0) - 1));
		case 'enter':
			return layer.text.trim() === '' ? {ui: without(ui)} : runCommand(ui, layer, sight);
		default: {
			if (key === 'backspace' && layer.text === '') return {ui: without(ui)};
			const text = typed(layer.text, key);
			return to(text === undefined ? withoutProblem(layer) : edited(layer, text));
		}
	}
}

function edited(_: CommandLayer, text: string): CommandLayer {
	return {kind: 'command', text};
}

function withoutProblem({problem: _, ...layer}: CommandLayer): CommandLayer {
	return layer;
}

function recalled(layer: CommandLayer, {commands = []}: Ui, index: number): CommandLayer {
	const at = Math.min(index, commands.length - 1);
	const text = commands.at(-1 - at);
	return at < 0 || text === undefined ? layer : {kind: 'command', text, recalled: at};
}

/** Does what the line says; what cannot be done is said, and the line stays. */
function runCommand(ui: Ui, layer: CommandLayer, sight: Sight & CommandSight): Updated {
	const parsed = parseCommand(layer.text, commandsOf(sight.keymap));
	const open: Ui = {...without(ui), commands: [...(ui.commands ?? []), layer.text].slice(-commandsKept)};
	const refuse = (problem: string): Updated => ({ui: {...ui, layer: {...layer, problem}}});
	if ('problem' in parsed) return refuse(parsed.problem);
	const done = parsed.command.run(parsed.operands, open, sight);
	if (typeof done !== 'string') return done;
	return isAction(done, sight.keymap) ? perform(open, done, sight) : refuse(done);
}

function isAction(text: string, keymap: readonly Binding[]): text is Action {
	return keymap.some(({action}) => action === text);
}
