import type {Binding} from '../source/tui/keys/keymap.ts';
import {keyLabel} from '../source/tui/keys/keymap.ts';
import {helpSections} from '../source/tui/layers/help.ts';

const [begin, end] = ['<!-- keys: made by `npm run docs` from source/tui/keys/keymap.ts -->', '<!-- end of keys -->'];

/** The guide with its tables of keys made anew. Throws when it has no place for them. */
export function withKeys(guide: string, keymap: readonly Binding[]): string {
	const [from, to] = [guide.indexOf(begin), guide.indexOf(end)];
	if (from < 0 || to < from) throw new Error(`docs/tui.md has no ${begin} … ${end}`);
	return `${guide.slice(0, from)}${begin}\n\n${keysMarkdown(keymap)}\n${guide.slice(to)}`;
}

function keysMarkdown(keymap: readonly Binding[]): string {
	return helpSections(keymap)
		.map(({title, bindings}) => {
			const rows = bindings.map(({keys, help, action}) => `| ${keys.map(shown).join(' ')} | ${cell(help)} | \`${action}\` |`);
			return [`### ${title}`, '', '| keys | what they do | action |', '| --- | --- | --- |', ...rows, ''].join('\n');
		})
		.join('\n');
}

function shown(key: string): string {
	const label = key.startsWith('ctrl+') ? `Ctrl+${key.slice('ctrl+'.length).toUpperCase()}` : keyLabel(key, false);
	return label === '`' ? '`` ` ``' : `\`${cell(label)}\``;
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|');
}
