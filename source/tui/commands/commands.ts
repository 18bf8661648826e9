import {runEnded} from '../../model/run.ts';
import type {Acted, ActSight} from '../acting/acting.ts';
import {act} from '../acting/acting.ts';
import type {Again} from '../acting/acts.ts';
import {askCancel, askDrain, askRemove, askRetry} from '../acting/asking.ts';
import type {Action, Binding} from '../keys/keymap.ts';
import {deployForm} from '../layers/form.ts';
import {themes} from '../picture/palette.ts';
import type {Ui} from '../ui.ts';

/** What a command may look at. */
export type CommandSight = ActSight & {readonly keymap: readonly Binding[]};

/** Something to be typed after `:`. */
export type Command = {
	readonly name: string;
	readonly aliases?: readonly string[];
	/** What comes behind it, for people: `[RUN]`. */
	readonly operands: string;
	readonly help: string;
	/** What may stand as the next word behind those that are whole. */
	readonly complete: (before: readonly string[], ui: Ui, sight: CommandSight) => readonly string[];
	/** What it makes of what is shown; in words, why it cannot be done. An action: the same as its key. */
	readonly run: (operands: readonly string[], ui: Ui, sight: CommandSight) => Acted | Action | string;
};

const agentIds = (before: readonly string[], _: Ui, {lists}: CommandSight) => (before.length === 0 ? lists.agents.map(({id}) => id) : []);

/** Those that take something; all other actions are commands by their names. */
const withOperands: readonly Command[] = [
	{
		name: 'start',
		aliases: ['run'],
		operands: '[FILE [NAME=VALUE]...]',
		help: 'run a file of the workflow directory; without, choose one',
		complete: (before, {workflows = []}) =>
			before.length === 0
				? workflows.map(({file}) => file)
				: (workflows.find(({file}) => file === before[0])?.params ?? []).map(({name}) => `${name}=`),
		run: startCommand,
	},
	{
		name: 'cancel',
		operands: '[RUN]',
		help: 'cancel a run; asks',
		complete: (before, _, {snapshot}) =>
			before.length === 0 ? snapshot.runs.filter(({status}) => !runEnded(status)).map(({id}) => id) : [],
		run([run], ui, {snapshot}) {
			if (run === undefined) return 'cancel';
			const row = snapshot.runs.find(({id}) => id === run);
			return row === undefined ? `there is no run ${run} here` : {ui: askCancel(ui, row)};
		},
	},
	{
		name: 'retry',
		operands: '[RUN] [from TASK | only TASK]',
		help: 'run again what did not succeed; shows first what that is',
		complete: completeRetry,
		run: retryCommand,
	},
	{
		name: 'drain',
		operands: '[AGENT]',
		help: 'let an agent finish and give it nothing more; asks',
		complete: agentIds,
		run: ([agent], ui, sight) => onAgent(agent, sight, 'drain', () => ({ui: askDrain(ui, agent ?? '')})),
	},
	{
		name: 'remove',
		operands: '[AGENT]',
		help: 'stop or forget an agent; asks',
		complete: agentIds,
		run: ([agent], ui, sight) => onAgent(agent, sight, 'remove', () => ({ui: askRemove(ui, agent ?? '', sight)})),
	},
	{
		name: 'shell',
		operands: '[AGENT]',
		help: "a shell in an agent's container",
		complete: agentIds,
		run: ([agent], ui, sight) =>
			onAgent(agent, sight, 'shell', () => ({ui, effect: {type: 'errand', errand: {type: 'shell', agent: agent ?? ''}}})),
	},
	{
		name: 'deploy',
		operands: '[NAME]',
		help: 'start an agent that stays',
		complete: () => [],
		run([name], ui) {
			const form = deployForm();
			const fields =
				name === undefined
					? form.fields
					: form.fields.with(0, {...form.fields[0], name: 'name', type: 'string', isRequired: true, value: name});
			return {ui: {...ui, layer: {...form, fields, at: name === undefined ? 0 : 1}}};
		},
	},
	{
		name: 'filter',
		operands: '[TEXT]',
		help: 'only rows with some text in them; without, all',
		complete: () => [],
		run(words, ui) {
			const pane = ui.pane === 'agents' || ui.pane === 'runs' ? ui.pane : 'tasks';
			return {ui: {...ui, pane, list: pane, places: {...ui.places, [pane]: {...ui.places[pane], filter: words.join(' '), top: 0}}}};
		},
	},
	{
		name: 'save',
		operands: '[FILE]',
		help: 'save the output to a file',
		complete: () => [],
		run(words, ui, sight) {
			const acted = act(ui, 'save', sight);
			const {effect} = acted;
			if (words.length === 0 || effect?.type !== 'errand' || effect.errand.type !== 'save') return acted;
			return {...acted, effect: {type: 'errand', errand: {...effect.errand, file: words.join(' ')}}};
		},
	},
	{
		name: 'theme',
		operands: themes.join('|'),
		help: 'other colours, for as long as the screen is open',
		complete: before => (before.length === 0 ? themes : []),
		run([name], ui) {
			const theme = themes.find(one => one === name);
			if (theme === undefined) return `there is no theme ${name ?? 'without a name'}: ${themes.join(', ')}`;
			return {ui, effect: {type: 'errand', errand: {type: 'theme', theme}}};
		},
	},
];

function startCommand([file, ...params]: readonly string[], ui: Ui): Acted | Action | string {
	if (file === undefined) return 'start';
	const wrong = params.find(param => !/^[^=]+=/.test(param));
	if (wrong !== undefined) return `${wrong} is no NAME=VALUE`;
	const values = Object.fromEntries(params.map(param => [param.slice(0, param.indexOf('=')), param.slice(param.indexOf('=') + 1)]));
	return {ui, effect: {type: 'act', act: {type: 'start', file, params: values}}};
}

const retryWays = ['from', 'only'];

function completeRetry(before: readonly string[], _: Ui, {snapshot, lists}: CommandSight): readonly string[] {
	if (retryWays.includes(before.at(-1) ?? '')) return lists.tasks.map(({name}) => name);
	if (before.length === 0) return [...retryWays, ...snapshot.runs.filter(({status}) => runEnded(status)).map(({id}) => id)];
	return before.length === 1 ? retryWays : [];
}

function retryCommand(words: readonly string[], ui: Ui, sight: CommandSight): Acted | Action | string {
	const [first] = words;
	if (first === undefined) return 'retry';
	const isRun = !retryWays.includes(first);
	const run = isRun ? first : sight.snapshot.run?.id;
	if (run === undefined) return 'there is no run yet';
	const [way, ...task] = isRun ? words.slice(1) : words;
	if (way === undefined) return {ui: askRetry(ui, {kind: 'run', run}, sight)};
	if (!retryWays.includes(way) || task.length === 0) return `retry ${run} ${way}: expected from TASK or only TASK`;
	const choice: Again = way === 'from' ? {from: task.join(' ')} : {only: task.join(' ')};
	return {ui, effect: {type: 'errand', errand: {type: 'plan', run, choice}}};
}

function onAgent(agent: string | undefined, {snapshot}: CommandSight, action: Action, then: () => Acted): Acted | Action | string {
	if (agent === undefined) return action;
	return snapshot.agents.some(({id}) => id === agent) ? then() : `there is no agent ${agent}`;
}

/** All of them: each action of the keymap by its name, and those that take more. */
export function commandsOf(keymap: readonly Binding[]): readonly Command[] {
	const known = new Map(withOperands.map(command => [command.name, command]));
	for (const {action, help} of keymap) {
		if (known.has(action) || action === 'command') continue;
		known.set(action, {
			name: action,
			operands: '',
			help,
			complete: () => [],
			run: () => action,
			...(action === 'quit' && {aliases: ['q', 'exit']}),
		});
	}
	return [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
