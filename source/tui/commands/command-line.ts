import {didYouMean} from '../../workflow/suggest.ts';
import type {Ui} from '../ui.ts';
import type {Command, CommandSight} from './commands.ts';
import {commandsOf} from './commands.ts';

/** What a typed line means; in words, why it means nothing. */
export type Parsed = {readonly command: Command; readonly operands: readonly string[]} | {readonly problem: string};

/** Finds the command of a line: by its name, another name of it, or what no other begins with. */
export function parseCommand(text: string, commands: readonly Command[]): Parsed {
	const [name = '', ...operands] = text.trim().split(/\s+/);
	const exact = commands.find(command => command.name === name || command.aliases?.includes(name) === true);
	if (exact !== undefined) return {command: exact, operands};
	const found = commands.filter(command => command.name.startsWith(name));
	const [only, another] = found;
	if (only !== undefined && another === undefined) return {command: only, operands};
	if (found.length > 1)
		return {
			problem: `${name} could be ${found
				.slice(0, 4)
				.map(command => command.name)
				.join(', ')}`,
		};
	return {
		problem: `there is no command ${name}${didYouMean(
			name,
			commands.map(command => command.name),
		)}`,
	};
}

/** What may stand for the word that is being typed. */
export function candidatesOf(text: string, ui: Ui, sight: CommandSight): readonly string[] {
	const commands = commandsOf(sight.keymap);
	const words = text.split(/\s+/);
	const word = words.at(-1) ?? '';
	if (words.length <= 1) return commands.map(({name}) => name).filter(name => name.startsWith(word));
	const parsed = parseCommand(words[0] ?? '', commands);
	if ('problem' in parsed) return [];
	return parsed.command.complete(words.slice(1, -1), ui, sight).filter(candidate => candidate.startsWith(word));
}

/** The line with its last word completed as far as that is certain. */
export function completed(text: string, candidates: readonly string[]): string {
	const [first] = candidates;
	if (first === undefined) return text;
	let common = first;
	for (const candidate of candidates) while (!candidate.startsWith(common)) common = common.slice(0, -1);
	const before = text.slice(0, text.length - (text.split(/\s+/).at(-1) ?? '').length);
	return before + common + (candidates.length === 1 && !common.endsWith('=') ? ' ' : '');
}

/** How it is to be written. */
export function usageOf({name, operands, help}: Command): string {
	return `${name}${operands === '' ? '' : ` ${operands}`}: ${help}`;
}
