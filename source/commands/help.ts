import {formatTable} from '../text/columns.ts';
import type {Command} from './command.ts';
import type {Option, OptionName} from './options.ts';
import {commonOptions, options, spelling} from './options.ts';

/** The help of one command; for `byoai` by itself, of the whole program. */
export function formatHelp(command: Command, commands: readonly Command[]): string {
	const title = ['byoai', command.name].filter(word => word !== '').join(' ');
	const sections = [
		[`Usage: ${[title, command.operands, '[options]'].filter(word => word !== '').join(' ')}`, '', sentence(command.summary)],
		command.name === '' ? ['Commands:', ...commandLines(commands)] : [],
		['Options:', ...formatTable([...command.options, ...commonOptions].map(optionRow)).map(indent)],
		['Examples:', ...formatTable(command.examples.map(([line, what]) => [line, `# ${what}`])).map(indent)],
		command.name === '' ? exitStatuses : [],
	];
	return `${sections
		.filter(lines => lines.length > 0)
		.map(lines => lines.join('\n'))
		.join('\n\n')}\n`;
}

const exitStatuses = [
	'Exit status:',
	...formatTable([
		['0', 'the run succeeded'],
		['1', 'it failed, or was cancelled'],
		['2', 'wrong usage, or an invalid workflow'],
		['3', 'something needed is not there'],
		['128+n', 'ended by signal n'],
	]).map(line => `  ${line}`),
	'',
	'byoai <command> --help tells more about a command.',
];

function commandLines(commands: readonly Command[]): string[] {
	const named = commands.filter(({name, hidden}) => name !== '' && hidden !== true);
	return formatTable(named.map(({name, operands, summary}) => [`${name} ${operands}`.trimEnd(), summary])).map(indent);
}

function optionRow(name: OptionName): string[] {
	const {short, value, negated, help}: Option = options[name];
	const no = negated === 'no' ? 'no-' : '[no-]';
	const long = negated === undefined ? spelling(name) : `--${no}${spelling(name).slice(2)}`;
	return [`${short === undefined ? '    ' : `-${short}, `}${long}${value === undefined ? '' : ` ${value}`}`, help];
}

function indent(line: string): string {
	return `  ${line}`;
}

function sentence(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
