import type {Command} from './command.ts';

/** Commands about command lines themselves. */
export const shellCommands: readonly Command[] = [
	{
		name: 'completion',
		summary: 'print what completes command lines in bash, zsh or fish',
		operands: '<shell>',
		operandCount: {least: 1, most: 1},
		completes: ['shell'],
		options: [],
		examples: [
			['eval "$(byoai completion bash)"', 'in ~/.bashrc'],
			['eval "$(byoai completion zsh)"', 'in ~/.zshrc, after compinit'],
			['byoai completion fish | source', 'in ~/.config/fish/config.fish'],
		],
		load: async () => (await import('./completion.ts')).completion,
	},
	{
		name: 'help',
		summary: 'print this text, or that of a command',
		operands: '[command]',
		operandCount: {least: 0, most: 1},
		completes: ['command'],
		options: [],
		examples: [['byoai help logs', 'the same as `byoai logs --help`']],
		load: async () => (await import('./help.ts')).help,
	},
	{
		name: '__complete',
		hidden: true,
		summary: 'print what may stand at the end of a command line, for the scripts of `byoai completion`',
		operands: '[word]...',
		operandCount: {least: 0, most: Number.POSITIVE_INFINITY},
		options: [],
		examples: [['byoai __complete -- run --par', 'a word and its meaning a line; `:files` for files']],
		load: async () => (await import('./complete.ts')).complete,
	},
];
