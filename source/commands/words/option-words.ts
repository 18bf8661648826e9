import type {OptionName} from './options.ts';
import {options, spelling} from './options.ts';

/** Where in `argv` the command stands: the first word that is neither an option nor the value of one. -1: nowhere. */
export function commandIndex(argv: readonly string[]): number {
	for (let index = 0; index < argv.length; index++) {
		const word = argv[index] ?? '';
		if (word === '--') return -1;
		if (!word.startsWith('-') || word === '-') return index;
		if (takesValue(word)) index++;
	}
	return -1;
}

/** Whether the next word is the value of this one. */
export function takesValue(word: string, among?: readonly OptionName[]): boolean {
	const name = optionOf(word, among);
	return name !== undefined && options[name].value !== undefined;
}

/** Whether a word is spelled like an option, and none is spelled like it. */
export function isUnknownOption(word: string): boolean {
	const [name = ''] = word.split('=');
	return word.startsWith('-') && optionOf(name) === undefined && optionOf(name.replace(/^--no-/, '--')) === undefined;
}

/** The option, among these or all, that is spelled like this. Of two with the same short form it is the one with a value. */
export function optionOf(word: string, among = Object.keys(options) as readonly OptionName[]): OptionName | undefined {
	const found = among.filter(name => word === spelling(name) || (options[name].short !== undefined && word === `-${options[name].short}`));
	return found.find(name => options[name].value !== undefined) ?? found[0];
}
