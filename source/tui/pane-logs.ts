import type {LogLine} from '../protocol/views.ts';
import {printable} from '../text/printable.ts';
import {formatCount, formatTime} from '../text/spans.ts';
import type {Palette} from './palette.ts';
import {clip, fill} from './rows.ts';
import type {LogView} from './snapshot.ts';
import type {LogSource, Ui} from './ui.ts';

const widestName = 20;

/** The lines in sight, newest at the bottom; of a single task without its name. */
export function logRows({lines, state}: LogView, {logOffset, source}: Ui, width: number, height: number, palette: Palette): string[] {
	if (lines.length === 0) {
		const words = {following: 'no output yet', ended: 'no output', waiting: 'waiting for the connection'};
		return fill([palette.dim(clip(`  ${words[state]}`, width, palette.glyphs.ellipsis))], width, height);
	}
	const end = lines.length - Math.min(logOffset, Math.max(0, lines.length - height));
	const shown = lines.slice(Math.max(0, end - height), end);
	const name = source?.kind === 'task' ? 0 : Math.min(widestName, Math.max(...shown.map(line => line.name.length)));
	return fill(
		shown.map(line => logRow(line, name, width, palette)),
		width,
		height,
	);
}

function logRow({at, name, task, text, stream}: LogLine, nameWidth: number, width: number, palette: Palette): string {
	const {ellipsis} = palette.glyphs;
	const time = width >= 60 ? `${formatTime(at)}  ` : '';
	const label = nameWidth === 0 ? '' : `${clip(printable(name, false), nameWidth, ellipsis)}  `;
	const body = clip(printable(text, false).replaceAll('\t', '    '), width - time.length - nameWidth - (nameWidth === 0 ? 0 : 2), ellipsis);
	return palette.dim(time) + palette.task(task)(label) + (stream === 'stderr' ? palette.caution(body) : body);
}

/** What the log pane shows, for its title. */
export function logTitle(source: LogSource | undefined, {dropped, state}: LogView, offset: number, {glyphs}: Palette): string {
	const what = source === undefined ? 'run' : sourceName(source);
	const where = offset > 0 ? `${formatCount(offset)} lines below` : state;
	const more = dropped > 0 ? [`${formatCount(dropped)} earlier lines not kept`] : [];
	return [what, where, ...more].join(` ${glyphs.dot} `);
}

function sourceName(source: LogSource): string {
	switch (source.kind) {
		case 'run':
			return `run ${source.run}`;
		case 'task':
			return source.name;
		case 'agent':
			return `agent ${source.agent}`;
		case 'all':
			return 'everything';
	}
}
