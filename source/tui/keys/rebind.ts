import type {Binding, KeyContext} from './keymap.ts';

/** Other keys for actions, by the action's name; an empty list: none. */
export type KeyChoices = Readonly<Record<string, readonly string[]>>;

/** What is wrong with a choice; `key`: with which of its keys, by index; absent: with the action. */
export type KeyFault = {readonly action: string; readonly key?: number; readonly message: string};

const named: ReadonlySet<string> = new Set([
	'up',
	'down',
	'left',
	'right',
	'pageup',
	'pagedown',
	'home',
	'end',
	'enter',
	'esc',
	'tab',
	'shift+tab',
	'space',
	'backspace',
]);
/** What no terminal tells apart from a key with a name, and what the program keeps. */
const unusable: Readonly<Record<string, string>> = {
	'ctrl+c': 'always asks whether to leave',
	'ctrl+i': 'is what terminals send for `tab`',
	'ctrl+j': 'is what terminals send for `enter`',
	'ctrl+m': 'is what terminals send for `enter`',
	'ctrl+h': 'is what terminals send for `backspace`',
};

/** The keymap with other keys for some actions, wherever they mean something. */
export function rebound(keymap: readonly Binding[], choices: KeyChoices): readonly Binding[] {
	return keymap.map(binding => {
		const keys = Object.hasOwn(choices, binding.action) ? choices[binding.action] : undefined;
		return keys === undefined ? binding : {...binding, keys};
	});
}

/** Names of actions that are none, keys that are none, and keys that would mean two things in one place. */
export function keyFaults(keymap: readonly Binding[], choices: KeyChoices): readonly KeyFault[] {
	const faults: KeyFault[] = [];
	const after = rebound(keymap, choices);
	for (const [action, keys] of Object.entries(choices)) {
		const contexts = keymap.filter(binding => binding.action === action).map(({context}) => context);
		if (contexts.length === 0) faults.push({action, message: 'is no action'});
		for (const [index, key] of keys.entries()) {
			const message = keyFault(key) ?? clash(after, {action, key, contexts});
			if (message !== undefined) faults.push({action, key: index, message});
		}
	}
	return faults;
}

function keyFault(key: string): string | undefined {
	const why = Object.hasOwn(unusable, key) ? unusable[key] : undefined;
	if (why !== undefined) return `\`${key}\` ${why}`;
	if (named.has(key) || Array.from(key).length === 1 || /^ctrl\+[a-z]$/.test(key) || /^alt\+[!-~]$/.test(key)) return undefined;
	return `\`${key}\` is no key: one character, \`ctrl+\` or \`alt+\` and one, or ${[...named].map(name => `\`${name}\``).join(', ')}`;
}

type Claim = {readonly action: string; readonly key: string; readonly contexts: readonly KeyContext[]};

function clash(keymap: readonly Binding[], {action, key, contexts}: Claim): string | undefined {
	const other = keymap.find(binding => binding.action !== action && contexts.includes(binding.context) && binding.keys.includes(key));
	return other === undefined
		? undefined
		: `\`${key}\` is the key of \`${other.action}\` there (${other.help}): give that another one as well`;
}
