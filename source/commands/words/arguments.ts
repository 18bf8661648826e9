import {ByoaiError, messageOf} from '../../model/error.ts';
import {didYouMean} from '../../workflow/suggest.ts';
import type {Command} from '../command.ts';
import type {Flags, Option, OptionName} from './options.ts';
import {commonOptions, options, spelling} from './options.ts';

export type Arguments = {readonly operands: readonly string[]; readonly flags: Flags};

/**
 * Reads the words after (and before) a command. Throws `usage`, naming what was probably meant: an unknown option, one without its
 * value, one that is given twice, too few or too many operands. `all`: the commands, of which others may have the option that this one has not.
 */
export async function readArguments(command: Command, words: readonly string[], all: readonly Command[]): Promise<Arguments> {
	const known: readonly OptionName[] = [...command.options, ...commonOptions];
	checkValues(command, words, known);
	const parsed = await parse(known, words);
	for (const [name, value] of Object.entries(parsed.flags)) {
		const option = known.includes(name as OptionName) ? options[name as OptionName] : undefined;
		if (option === undefined) throw unknownOption(command, name, {words, known, all});
		if (option.value !== undefined && [value].flat().includes('')) throw usage(command, `${spelling(name)} needs a value: ${option.value}`);
	}
	checkOperands(command, parsed.operands);
	return {operands: parsed.operands, flags: parsed.flags as Flags};
}

/** A command line that others may see: every user of a host can list the processes there. */
export function withoutSecrets(words: readonly string[]): string[] {
	return words.map((word, index) => {
		if (words[index - 1] === '--token') return '…';
		return word.startsWith('--token=') ? '--token=…' : word;
	});
}

async function parse(known: readonly OptionName[], words: readonly string[]) {
	const {default: meow} = await import('meow');
	try {
		const {flags, input} = meow({
			importMeta: import.meta,
			pkg: {},
			argv: words,
			flags: Object.fromEntries(known.map(name => [name, meowFlag(options[name])])),
			autoHelp: false,
			autoVersion: false,
			booleanDefault: undefined,
		});
		const given = Object.entries(flags).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
		return {flags: Object.fromEntries<unknown>(given), operands: [...input]};
	} catch (error) {
		throw new ByoaiError('usage', messageOf(error), {cause: error});
	}
}

/** Refuses what the parser would pass over: a switch with a value, and an option that may be repeated without one. */
function checkValues(command: Command, words: readonly string[], known: readonly OptionName[]): void {
	const dashes = words.indexOf('--');
	for (const [index, word] of words.slice(0, dashes < 0 ? words.length : dashes).entries()) {
		const [, typed, given] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
		const name = known.find(option => typed === spelling(option) || typed === negation(option));
		if (name === undefined) continue;
		const {value, multiple} = options[name];
		const next = words[index + 1] ?? '';
		const isMissing = given === undefined ? next === '' || next.startsWith('-') : given === '';
		if (value === undefined && given !== undefined) throw usage(command, `${typed} takes no value`);
		if (multiple && isMissing) throw usage(command, `${typed} needs a value: ${value}`);
	}
}

/** `--no-tui` */
function negation(option: OptionName): string {
	return `--no-${spelling(option).slice(2)}`;
}

function meowFlag({value, short, multiple}: Option) {
	const shape = {...(short !== undefined && {shortFlag: short}), ...(multiple && {isMultiple: true as const})};
	return value === undefined ? {type: 'boolean' as const, ...shape} : {type: 'string' as const, ...shape};
}

/** Of more commands nobody reads which they are. */
const mostHaving = 3;

type Typed = {readonly words: readonly string[]; readonly known: readonly OptionName[]; readonly all: readonly Command[]};

function unknownOption(command: Command, name: string, {words, known, all}: Typed): ByoaiError {
	const typed = name.length === 1 ? `-${name}` : spelling(name);
	const negated = `--no-${typed.slice(2)}`;
	const shown = words.includes(negated) ? negated : typed;
	const [option] = Object.entries(options).find(([long, {short}]) => long === name || short === name) ?? [];
	if (option !== undefined) {
		const having = all.filter(({hidden, options: own}) => hidden !== true && own.includes(option as OptionName)).map(title);
		const elsewhere =
			having.length === 0 || having.length > mostHaving ? '' : `; ${having.join(' and ')} ${having.length === 1 ? 'has' : 'have'} it`;
		return usage(command, `${title(command)} has no option ${shown}${elsewhere}`);
	}
	const spellings = known.flatMap(option => [spelling(option), ...(options[option].negated ? [negation(option)] : [])]);
	return usage(command, `unknown option ${shown}${didYouMean(shown, spellings)}`);
}

function checkOperands(command: Command, operands: readonly string[]): void {
	const {least, most} = command.operandCount;
	if (operands.includes('') && command.hidden !== true)
		throw usage(command, `an operand is empty, where ${title(command)} takes ${command.operands}`);
	if (operands.length < least) throw usage(command, `${title(command)} needs ${command.operands}`);
	if (operands.length > most) throw usage(command, `${title(command)} does not take ${JSON.stringify(operands[most])}`);
}

function usage(command: Command, message: string): ByoaiError {
	return new ByoaiError('usage', `${message}${/[?.]$/.test(message) ? '' : '.'} See: ${title(command)} --help`);
}

function title({name}: Command): string {
	return name === '' ? 'byoai' : `byoai ${name}`;
}

/** The values of `--param name=value`; see `readPairs`. */
export function readParamFlags(texts: readonly string[]): Readonly<Record<string, string>> {
	return readPairs(texts, '--param');
}

/**
 * The values of an option of the form `name=value`; of several with the same name the last one holds. Throws `usage` for one without
 * `=`.
 */
export function readPairs(texts: readonly string[], option: string): Readonly<Record<string, string>> {
	const pairs = texts.map(text => {
		const at = text.indexOf('=');
		if (at <= 0) throw new ByoaiError('usage', `${option} must be name=value, not ${JSON.stringify(text)}`);
		return [text.slice(0, at), text.slice(at + 1)] as const;
	});
	return Object.fromEntries(pairs);
}

/** A whole number from 1 on. Throws `usage`. */
export function readCount(text: string, option: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw new ByoaiError('usage', `${option} must be a number from 1 on, not ${JSON.stringify(text)}`);
}
