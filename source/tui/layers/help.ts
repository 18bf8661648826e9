import type {Binding, KeyContext} from '../keys/keymap.ts';
import {keyLabel} from '../keys/keymap.ts';
import type {Palette} from '../picture/palette.ts';
import {clip} from '../picture/rows.ts';
import {wrap} from './dialog.ts';

const titles: Readonly<Record<KeyContext, string>> = {
	app: 'Everywhere',
	list: 'In lists',
	agents: 'Agents',
	tasks: 'Tasks',
	runs: 'Runs',
	logs: 'Logs',
	graph: 'Graph',
	timeline: 'Timeline',
	detail: 'Details',
	reader: 'Here',
};

export type HelpSection = {readonly title: string; readonly bindings: readonly Binding[]};

/** The keys by where they mean something, the nearest first. */
export function helpSections(keymap: readonly Binding[]): readonly HelpSection[] {
	const order = ['tasks', 'agents', 'runs', 'logs', 'graph', 'timeline', 'detail', 'list', 'reader', 'app'] as const;
	return order
		.map(context => ({title: titles[context], bindings: keymap.filter(binding => binding.context === context && binding.keys.length > 0)}))
		.filter(section => section.bindings.length > 0);
}

const labelWidth = 13;

/** The same as rows; made from the data that decides it. */
export function helpRows(width: number, palette: Palette, unicode: boolean, keymap: readonly Binding[]): string[] {
	const rows: string[] = [];
	for (const section of helpSections(keymap)) {
		if (rows.length > 0) rows.push(' '.repeat(width));
		rows.push(palette.bold(clip(`  ${section.title}`, width, '')));
		for (const {keys, help} of section.bindings) {
			const labels = keys.map(key => keyLabel(key, unicode)).join(' ');
			for (const [at, line] of wrap(help, Math.max(1, width - labelWidth - 6)).entries()) {
				const label = clip(at === 0 ? labels : '', labelWidth, palette.glyphs.ellipsis);
				rows.push(`    ${palette.accent(label)}  ${clip(line, Math.max(0, width - labelWidth - 6), palette.glyphs.ellipsis)}`);
			}
		}
	}
	return rows;
}
