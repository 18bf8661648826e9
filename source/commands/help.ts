import {ByoaiError} from '../model/error.ts';
import {widthOf} from '../text/columns.ts';
import {formatMeanings, wrapWords} from '../text/words.ts';
import {didYouMean} from '../workflow/suggest.ts';
import type {Command, Run} from './command.ts';
import type {Option, OptionName} from './words/options.ts';
import {commonOptions, options, spelling} from './words/options.ts';

/** `byoai help [command]` */
export const help: Run = async ({operands: [name = ''], commands, output}) => {
	const command = commands.find(known => known.name === name);
	if (command === undefined) throw unknownCommand(name, commands);
	output.write(formatHelp(command, commands, output.columns));
	return 0;
};

/** A word that is no command, and what was probably meant. */
export function unknownCommand(name: string, commands: readonly Command[], later: readonly string[] = []): ByoaiError {
	const names = commands.filter(known => known.hidden !== true && known.name !== '').map(known => known.name);
	const hint = hintFor(name) ?? didYouMean(name, [...names, ...later]);
	return new ByoaiError('usage', `unknown command ${JSON.stringify(name)}${hint}${hint === '' ? '.' : ''} See: byoai --help`);
}

function hintFor(name: string): string | undefined {
	if (/\.(?:ya?ml|json)$/.test(name)) return `; did you mean \`byoai run ${name}\`?`;
	return name === 'version' ? '; did you mean `byoai --version`?' : undefined;
}

/** The help of one command; for `byoai` by itself, of the whole program. `columns`: of the terminal that it is for. */
export function formatHelp(command: Command, commands: readonly Command[], columns = Number.POSITIVE_INFINITY): string {
	const title = ['byoai', command.name].filter(word => word !== '').join(' ');
	const sections = [
		[
			`Usage: ${[title, command.operands, '[options]'].filter(word => word !== '').join(' ')}`,
			'',
			...wrapWords(sentence(command.summary), columns),
		],
		command.name === '' ? ['Commands:', ...commandLines(commands, columns)] : [],
		['Options:', ...formatMeanings([...command.options, ...commonOptions].map(optionRow), columns)],
		['Examples:', ...exampleLines(command.examples, columns)],
		command.name === '' ? exitStatuses : [],
	];
	return `${sections
		.filter(lines => lines.length > 0)
		.map(lines => lines.join('\n'))
		.join('\n\n')}\n`;
}

const exitStatuses = [
	'Exit status:',
	...formatMeanings(
		[
			['0', 'the run succeeded'],
			['1', 'it failed, or was cancelled'],
			['2', 'wrong usage, or an invalid workflow'],
			['3', 'something needed is not there'],
			['128+n', 'ended by signal n'],
		],
		Number.POSITIVE_INFINITY,
	),
	'',
	'byoai <command> --help tells more about a command.',
];

function commandLines(commands: readonly Command[], columns: number): string[] {
	const named = commands.filter(({name, hidden}) => name !== '' && hidden !== true);
	return formatMeanings(
		named.map(({name, operands, summary}) => [`${name} ${operands}`.trimEnd(), summary]),
		columns,
	);
}

/** Each in one line with what it does; where that is too wide for the terminal, what it does stands above it. */
function exampleLines(examples: Command['examples'], columns: number): string[] {
	const lines = formatMeanings(
		examples.map(([line, what]) => [line, `# ${what}`]),
		Number.POSITIVE_INFINITY,
	);
	if (lines.every(line => widthOf(line) <= columns)) return lines;
	return examples.flatMap(([line, what]) => [...wrapWords(what, columns - 4).map(part => `  # ${part}`), `  ${line}`]);
}

function optionRow(name: OptionName): [string, string] {
	const {short, value, negated, help}: Option = options[name];
	const no = negated === 'no' ? 'no-' : '[no-]';
	const long = negated === undefined ? spelling(name) : `--${no}${spelling(name).slice(2)}`;
	return [`${short === undefined ? '    ' : `-${short}, `}${long}${value === undefined ? '' : ` ${value}`}`, help];
}

function sentence(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
