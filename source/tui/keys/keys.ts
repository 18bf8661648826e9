/** What of Ink's description of a key press is looked at. */
export type RawKey = {
	readonly upArrow?: boolean;
	readonly downArrow?: boolean;
	readonly leftArrow?: boolean;
	readonly rightArrow?: boolean;
	readonly pageUp?: boolean;
	readonly pageDown?: boolean;
	readonly home?: boolean;
	readonly end?: boolean;
	readonly return?: boolean;
	readonly escape?: boolean;
	readonly tab?: boolean;
	readonly shift?: boolean;
	readonly ctrl?: boolean;
	readonly meta?: boolean;
	readonly backspace?: boolean;
	readonly delete?: boolean;
};

const named: ReadonlyArray<readonly [flag: keyof RawKey, name: string]> = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'esc'],
	['backspace', 'backspace'],
	['delete', 'backspace'],
];

const controls: Readonly<Record<string, string>> = {
	'\r': 'enter',
	'\n': 'enter',
	'\t': 'tab',
	'\b': 'backspace',
	'\x7f': 'backspace',
	'\x1b': 'esc',
	' ': 'space',
};

/**
 * Names of the keys that were pressed, in order: `j`, `G`, `ctrl+c`, `enter`, `shift+tab`. What was typed fast arrives as one piece,
 * and is several presses; most terminals send `delete` for Backspace.
 */
export function keyNames(input: string, key: RawKey): string[] {
	if (key.tab === true) return [key.shift === true ? 'shift+tab' : 'tab'];
	for (const [flag, name] of named) if (key[flag] === true) return [name];
	if (key.ctrl === true) return input === '' ? [] : [`ctrl+${input}`];
	if (key.meta === true && input.length === 1) return [`alt+${input}`];
	return Array.from(input, character => controls[character] ?? controlName(character));
}

/** `\x03` → `ctrl+c`: how a control character arrives in the middle of others. */
function controlName(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	return code > 0 && code < 27 ? `ctrl+${String.fromCharCode(code + 96)}` : character;
}

/** The text that a key types; undefined: it types none. */
export function textOf(key: string): string | undefined {
	if (key === 'space') return ' ';
	return Array.from(key).length === 1 ? key : undefined;
}
