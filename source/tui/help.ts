import type {Binding, KeyContext} from './keymap.ts';
import {bindings, keyLabel} from './keymap.ts';
import type {Palette} from './palette.ts';
import {clip} from './rows.ts';

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

/** The keys, where they mean what; made from the same data that decides it. */
export function helpRows(width: number, palette: Palette, unicode: boolean, keymap: readonly Binding[] = bindings): string[] {
	const rows: string[] = [];
	for (const context of ['tasks', 'agents', 'runs', 'logs', 'graph', 'timeline', 'detail', 'list', 'reader', 'app'] as const) {
		const here = keymap.filter(binding => binding.context === context);
		if (here.length === 0) continue;
		if (rows.length > 0) rows.push(' '.repeat(width));
		rows.push(palette.bold(clip(`  ${titles[context]}`, width, '')));
		for (const {keys, help} of here) {
			const labels = clip(keys.map(key => keyLabel(key, unicode)).join(' '), 20, palette.glyphs.ellipsis);
			rows.push(`    ${palette.accent(labels)}  ${clip(help, Math.max(0, width - 26), palette.glyphs.ellipsis)}`);
		}
	}
	return rows;
}
