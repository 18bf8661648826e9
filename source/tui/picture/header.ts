import type {RunRow} from '../../protocol/views.ts';
import {widthOf} from '../../text/columns.ts';
import {printable} from '../../text/printable.ts';
import {formatCount, plural} from '../../text/spans.ts';
import type {Connection, Snapshot} from '../data/snapshot.ts';
import {runTime} from './columns.ts';
import type {Palette} from './palette.ts';
import {countParts, doneOf, progressBar, totalOf} from './progress.ts';
import {clip, joined, spread} from './rows.ts';

/** Two rows: which run it is and how it is, with the connection at the right; how far it is, what needs attention first. */
export function headerRows(snapshot: Snapshot, width: number, palette: Palette): string[] {
	const {run, now, connection} = snapshot;
	const link = connectionText(connection, width, palette);
	if (run === undefined) {
		return [spread(` ${palette.bold('byoai')}  ${palette.dim('no run yet')}`, link, width), ' '.repeat(width)];
	}
	const {glyph, word, paint} = palette.badge(run.status);
	const title = joined(
		[
			` ${palette.bold('byoai')}`,
			palette.bold(cut(printable(run.workflow, false), 32, palette)),
			paint(`${glyph} ${word}`),
			runTime(run, now),
			palette.dim(run.id),
		],
		'  ',
		Math.max(0, width - widthOf(link) - 1),
	);
	return [spread(title, link, width), progressRow(run, snapshot, width, palette)];
}

/** Agents that are lost, and the first task for which there is none, count with what failed. */
function progressRow({counts}: RunRow, {agents, stuck}: Snapshot, width: number, palette: Palette): string {
	const bar = progressBar(counts, width >= 120 ? 40 : Math.max(10, Math.floor(width / 4)), palette);
	const ended = palette.bold(`${formatCount(doneOf(counts))}/${formatCount(totalOf(counts))}`);
	const lost = agents.filter(({status}) => status === 'lost').length;
	const {glyph, paint} = palette.badge('lost');
	const lostText = lost === 0 ? '' : paint(`${glyph} ${plural(lost, 'agent')} lost`);
	const why = stuck === undefined ? '' : printable(`${stuck.name}: ${stuck.reason}`, false);
	// What is over can make room for what waits in vain.
	const left = joined([` ${bar}`, ended, lostText, ...countParts(counts, palette)], '  ', width - (why === '' ? 0 : leastWhy + 3));
	if (why === '') return left + ' '.repeat(Math.max(0, width - widthOf(left)));
	const room = width - widthOf(left) - 3;
	return spread(
		left,
		room < leastWhy ? '' : `${palette.caution(clip(why, Math.min(room, widthOf(why)), palette.glyphs.ellipsis))} `,
		width,
	);
}

/** Less than that says nothing. */
const leastWhy = 24;

function connectionText(connection: Connection, width: number, palette: Palette): string {
	const mark = connection.isReadonly ? `${palette.caution('read-only')}  ` : '';
	return mark + linkText(connection, width, palette);
}

function linkText({state, url, trouble}: Connection, width: number, palette: Palette): string {
	const where = width >= 70 ? url.replace(/^https?:\/\//, '') : '';
	switch (state) {
		case 'live':
			return `${palette.good(palette.glyphs.live)} ${where === '' ? 'live' : palette.dim(where)} `;
		case 'connecting':
			return palette.caution(`${palette.glyphs.broken} connecting ${where} `);
		case 'broken':
			return palette.bad(`${palette.glyphs.broken} ${cut(trouble ?? 'connection lost', 40, palette)} `);
	}
}

function cut(text: string, most: number, {glyphs}: Palette): string {
	return clip(text, Math.min(most, widthOf(text)), glyphs.ellipsis);
}
