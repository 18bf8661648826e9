import {logLevels} from '../../config.ts';
import {runStatuses} from '../../model/run.ts';
import {graphFormats} from '../../workflow/draw.ts';
import type {Command, Completable} from '../command.ts';
import {commandIndex, optionOf, takesValue} from './option-words.ts';
import type {OptionName} from './options.ts';
import {commonOptions, options, spelling} from './options.ts';

/** What may stand at the cursor, with what it means. */
export type Candidate = {readonly word: string; readonly help?: string};

/** Something that has to be looked up; tasks, in the run that is named already. */
export type Wanted = {readonly what: Exclude<Completable, 'shell' | 'command'>; readonly run?: string};

export type Candidates = {readonly known: readonly Candidate[]; readonly wanted?: Wanted};

/** Options whose values are known. */
const valuesOf: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
	format: graphFormats,
	onStop: ['keep', 'cancel'],
	auth: ['token', 'none'],
	logLevel: logLevels,
	status: runStatuses,
	type: ['local', 'docker', 'kubernetes'],
};
/** Options whose values have to be looked up. */
const wantedOf: Readonly<Partial<Record<OptionName, Wanted['what']>>> = {
	workflow: 'workflow',
	agent: 'agent',
	from: 'task',
	only: 'task',
	stateDir: 'file',
};
const shells = ['bash', 'zsh', 'fish'];

/** What may stand for the last of these words, which is being typed; the words before it are whole. Never throws. */
export function candidatesFor(words: readonly string[], commands: readonly Command[]): Candidates {
	const before = words.slice(0, -1);
	const typed = words.at(-1) ?? '';
	const index = commandIndex(before);
	const command = commands.find(({name}) => name === (before[index] ?? ''));
	if (command === undefined) return nothing;
	const own = [...command.options, ...commonOptions];
	const operands = operandsOf(
		before.filter((_, at) => at !== index),
		own,
	);
	if (!before.includes('--')) {
		const option = optionOf(before.at(-1) ?? '', own);
		if (option !== undefined && options[option].value !== undefined) return valuesFor(option, operands, '');
		const [, spelled] = /^(--[^=]+)=/.exec(typed) ?? [];
		if (spelled !== undefined) return valuesFor(optionOf(spelled, own), operands, `${spelled}=`);
		if (typed.startsWith('-')) return {known: own.flatMap(spellings)};
		if (index < 0) return {known: namesOf(commands)};
	}
	return operandsFor(command, operands, commands);
}

const nothing: Candidates = {known: []};

function operandsFor({completes = [], operandCount}: Command, operands: readonly string[], commands: readonly Command[]): Candidates {
	if (operands.length >= operandCount.most) return nothing;
	const kind = completes[operands.length] ?? completes.at(-1);
	if (kind === undefined) return nothing;
	if (kind === 'shell') return {known: shells.map(word => ({word}))};
	return kind === 'command' ? {known: namesOf(commands)} : {known: [], wanted: wantedFor(kind, operands)};
}

function wantedFor(what: Wanted['what'], [run]: readonly string[]): Wanted {
	return {what, ...(run !== undefined && {run})};
}

function namesOf(commands: readonly Command[]): Candidate[] {
	return commands.filter(({name, hidden}) => name !== '' && hidden !== true).map(named);
}

function named({name, summary}: Command): Candidate {
	return {word: name, help: summary};
}

/** The value of an option; `start` is what stands before it in the same word. */
function valuesFor(name: OptionName | undefined, operands: readonly string[], start: string): Candidates {
	if (name === undefined) return nothing;
	const what = start === '' ? wantedOf[name] : undefined;
	return {
		known: (valuesOf[name] ?? []).map(value => ({word: start + value})),
		...(what !== undefined && {wanted: wantedFor(what, operands)}),
	};
}

function spellings(name: OptionName): Candidate[] {
	const {negated, help} = options[name];
	const long = spelling(name);
	const no = {word: `--no-${long.slice(2)}`, help: negated === 'no' ? help : `do not ${help}`};
	return [...(negated === 'no' ? [] : [{word: long, help}]), ...(negated === undefined ? [] : [no])];
}

/** The words that are neither options nor their values. */
function operandsOf(words: readonly string[], among: readonly OptionName[]): string[] {
	const dashes = words.indexOf('--');
	const head = dashes < 0 ? words : words.slice(0, dashes);
	const isValue = (at: number) => takesValue(head[at - 1] ?? '', among);
	const plain = head.filter((word, at) => (!word.startsWith('-') || word === '-') && !isValue(at));
	return [...plain, ...(dashes < 0 ? [] : words.slice(dashes + 1))];
}
