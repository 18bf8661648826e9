import type {DrawAction} from '../drawings/draw-commands.ts';
import type {LogAction} from '../logs/commands.ts';
import type {ActAction} from './act-actions.ts';

/** Where a key means something: over everything, in any list, or in one pane or layer only. */
export type KeyContext = 'app' | 'list' | 'agents' | 'tasks' | 'runs' | 'logs' | 'graph' | 'timeline' | 'detail' | 'reader';

export type Binding = {
	readonly action: Action;
	/** Names as in `keys.ts`. */
	readonly keys: readonly string[];
	readonly context: KeyContext;
	/** For the help. */
	readonly help: string;
	/** For the footer, where it is of most use; absent: help only. */
	readonly hint?: string;
	/** It asks before anything is done, and is never taken from several keys that came at once. */
	readonly destructive?: true;
};

export type Action =
	| 'up'
	| 'down'
	| 'half-up'
	| 'half-down'
	| 'page-up'
	| 'page-down'
	| 'first'
	| 'last'
	| 'next-pane'
	| 'previous-pane'
	| 'pane-1'
	| 'pane-2'
	| 'pane-3'
	| 'pane-4'
	| 'pane-5'
	| 'pane-6'
	| 'zoom'
	| 'open'
	| 'back'
	| 'logs'
	| 'all-logs'
	| 'everything'
	| 'mark'
	| 'marked-logs'
	| 'filter'
	| LogAction
	| DrawAction
	| ActAction
	| 'help'
	| 'diagnostics'
	| 'suspend'
	| 'redraw'
	| 'quit';

/** Every key of the screen: what a key does, the help, the footer and the docs come from here. */
export const bindings: readonly Binding[] = [
	{action: 'down', keys: ['j', 'down'], context: 'app', help: 'move down'},
	{action: 'up', keys: ['k', 'up'], context: 'app', help: 'move up'},
	{action: 'half-down', keys: ['ctrl+d'], context: 'app', help: 'half a page down'},
	{action: 'half-up', keys: ['ctrl+u'], context: 'app', help: 'half a page up'},
	{action: 'page-down', keys: ['pagedown', 'ctrl+f', 'space'], context: 'app', help: 'a page down'},
	{action: 'page-up', keys: ['pageup', 'ctrl+b'], context: 'app', help: 'a page up'},
	{action: 'first', keys: ['g', 'home'], context: 'app', help: 'to the beginning'},
	{action: 'last', keys: ['G', 'end'], context: 'app', help: 'to the end'},
	{action: 'open', keys: ['enter', 'right'], context: 'agents', help: 'show what the agent prints', hint: 'logs'},
	{action: 'open', keys: ['enter', 'right'], context: 'tasks', help: 'show what the task prints', hint: 'logs'},
	{action: 'open', keys: ['enter', 'right'], context: 'runs', help: "show the run's tasks", hint: 'open'},
	{action: 'logs', keys: ['l'], context: 'list', help: 'show its output, and stay in the list'},
	{action: 'all-logs', keys: ['L'], context: 'app', help: 'show the output of the whole run'},
	{action: 'everything', keys: ['A'], context: 'app', help: 'show the output of all runs'},
	{action: 'mark', keys: ['m'], context: 'tasks', help: 'mark the task, or take its mark away'},
	{action: 'marked-logs', keys: ['M'], context: 'app', help: 'show the output of the marked tasks'},
	{action: 'follow', keys: ['f'], context: 'logs', help: 'follow the newest lines, or stay', hint: 'follow'},
	{action: 'search', keys: ['/'], context: 'logs', help: 'search while you type; ^R in there: as a regular expression', hint: 'search'},
	{action: 'next-match', keys: ['n'], context: 'logs', help: 'to the next match'},
	{action: 'previous-match', keys: ['N'], context: 'logs', help: 'to the match before'},
	{action: 'next-error', keys: ['e'], context: 'logs', help: 'to the next line that is an error', hint: 'next error'},
	{action: 'previous-error', keys: ['E'], context: 'logs', help: 'to the error before'},
	{action: 'only', keys: ['+', '&'], context: 'logs', help: 'only lines with some text in them', hint: 'only'},
	{action: 'without', keys: ['-'], context: 'logs', help: 'no lines with some text in them', hint: 'without'},
	{action: 'level', keys: ['v'], context: 'logs', help: 'warnings and errors only, errors only, all'},
	{action: 'wrap', keys: ['w'], context: 'logs', help: 'long lines go on in further rows, or are cut', hint: 'wrap'},
	{action: 'timestamps', keys: ['t'], context: 'logs', help: 'times: none, of day, since the run began'},
	{action: 'shift-right', keys: ['right'], context: 'logs', help: 'the rest of long lines'},
	{action: 'shift-left', keys: ['left'], context: 'logs', help: 'back to their beginning'},
	{action: 'open', keys: ['enter'], context: 'graph', help: 'show what the task prints', hint: 'logs'},
	{action: 'draw-left', keys: ['h', 'left'], context: 'graph', help: 'to what the task waits for'},
	{action: 'draw-right', keys: ['l', 'right'], context: 'graph', help: 'to what waits for the task'},
	{action: 'open', keys: ['enter'], context: 'timeline', help: 'show what the task prints', hint: 'logs'},
	{action: 'draw-left', keys: ['h', 'left'], context: 'timeline', help: 'earlier'},
	{action: 'draw-right', keys: ['l', 'right'], context: 'timeline', help: 'later'},
	{action: 'scale-up', keys: ['+'], context: 'timeline', help: 'less time, in more detail', hint: 'closer'},
	{action: 'scale-down', keys: ['-'], context: 'timeline', help: 'more time'},
	{action: 'whole', keys: ['0'], context: 'timeline', help: 'the whole run', hint: 'whole run'},
	{action: 'group', keys: ['a'], context: 'timeline', help: 'a row for each task, or for each slot of an agent', hint: 'by agent'},
	{action: 'filter', keys: ['/'], context: 'list', help: 'only rows with some text in them', hint: 'filter'},
	{action: 'why', keys: ['w'], context: 'tasks', help: 'why it is waiting', hint: 'why'},
	{action: 'why', keys: ['w'], context: 'graph', help: 'why it is waiting'},
	{
		action: 'retry',
		keys: ['r'],
		context: 'tasks',
		help: 'run again: what failed, from here on, or only this; shows first what would run',
		hint: 'retry',
	},
	{action: 'retry', keys: ['r'], context: 'graph', help: 'run again: what failed, from here on, or only this'},
	{action: 'retry', keys: ['r'], context: 'runs', help: 'run again what did not succeed; shows first what that is', hint: 'retry'},
	{action: 'cancel', keys: ['ctrl+k'], context: 'tasks', help: 'cancel the run; asks', destructive: true},
	{action: 'cancel', keys: ['ctrl+k'], context: 'runs', help: 'cancel the run; asks', hint: 'cancel', destructive: true},
	{action: 'shell', keys: ['s'], context: 'agents', help: 'a shell in its container', hint: 'shell'},
	{action: 'deploy', keys: ['a'], context: 'agents', help: 'deploy an agent', hint: 'deploy'},
	{
		action: 'drain',
		keys: ['D'],
		context: 'agents',
		help: 'let it finish, and give it nothing more; asks',
		hint: 'drain',
		destructive: true,
	},
	{action: 'remove', keys: ['ctrl+k'], context: 'agents', help: 'stop or forget it; asks', hint: 'remove', destructive: true},
	{action: 'back', keys: ['esc', 'left', 'q'], context: 'detail', help: 'back to the panes', hint: 'back'},
	{action: 'details', keys: ['i', 'd'], context: 'app', help: 'all about what is chosen', hint: 'details'},
	{action: 'start', keys: ['R'], context: 'app', help: 'run a workflow', hint: 'run'},
	{action: 'attention', keys: ['n'], context: 'app', help: 'to the next that needs attention', hint: 'next problem'},
	{action: 'previous-attention', keys: ['N'], context: 'app', help: 'to the one before'},
	{action: 'copy', keys: ['y'], context: 'app', help: 'copy its name, or the line in the logs'},
	{action: 'copy-command', keys: ['Y'], context: 'app', help: 'copy a command line that shows the same'},
	{action: 'pager', keys: ['o'], context: 'app', help: 'its output in $PAGER'},
	{action: 'save', keys: ['ctrl+s'], context: 'app', help: 'save its output to a file'},
	{action: 'command', keys: [':'], context: 'app', help: 'type a command; Tab completes it', hint: 'command'},
	{action: 'zoom', keys: ['z'], context: 'app', help: 'the pane on the whole screen, and back', hint: 'zoom'},
	{action: 'next-pane', keys: ['tab'], context: 'app', help: 'to the next pane', hint: 'pane'},
	{action: 'previous-pane', keys: ['shift+tab'], context: 'app', help: 'to the pane before'},
	{action: 'pane-1', keys: ['1'], context: 'app', help: 'agents'},
	{action: 'pane-2', keys: ['2'], context: 'app', help: 'tasks'},
	{action: 'pane-3', keys: ['3'], context: 'app', help: 'logs'},
	{action: 'pane-4', keys: ['4'], context: 'app', help: 'runs'},
	{action: 'pane-5', keys: ['5'], context: 'app', help: 'graph of the run'},
	{action: 'pane-6', keys: ['6'], context: 'app', help: 'timeline of the run'},
	{action: 'diagnostics', keys: ['!'], context: 'app', help: 'what the program itself has to say'},
	{action: 'suspend', keys: ['ctrl+z'], context: 'app', help: 'back to the shell; `fg` returns'},
	{action: 'redraw', keys: ['ctrl+l'], context: 'app', help: 'draw the screen anew'},
	{action: 'help', keys: ['?'], context: 'app', help: 'the keys', hint: 'help'},
	{action: 'back', keys: ['esc', 'left'], context: 'app', help: 'clear the filter, close what is open, go back'},
	{action: 'quit', keys: ['q'], context: 'app', help: 'leave; asks while a run goes on', hint: 'quit'},
];

/** What a key does where a person is: the nearest meaning counts. */
export function actionOf(key: string, contexts: readonly KeyContext[], keymap: readonly Binding[] = bindings): Binding | undefined {
	for (const context of contexts) {
		const found = keymap.find(binding => binding.context === context && binding.keys.includes(key));
		if (found !== undefined) return found;
	}
	return undefined;
}

const shown: Readonly<Record<string, string>> = {
	up: '↑',
	down: '↓',
	left: '←',
	right: '→',
	enter: '⏎',
	space: 'Space',
	tab: 'Tab',
	'shift+tab': 'S-Tab',
	esc: 'Esc',
	pageup: 'PgUp',
	pagedown: 'PgDn',
	home: 'Home',
	end: 'End',
	backspace: 'Backspace',
};
const asciiShown: Readonly<Record<string, string>> = {up: 'Up', down: 'Down', left: 'Left', right: 'Right', enter: 'Enter'};

/** A key as people read it: `ctrl+c` → `^C`. */
export function keyLabel(key: string, unicode: boolean): string {
	const label = unicode ? shown[key] : (asciiShown[key] ?? shown[key]);
	if (label !== undefined) return label;
	return key.startsWith('ctrl+') ? `^${key.slice('ctrl+'.length).toUpperCase()}` : key;
}
