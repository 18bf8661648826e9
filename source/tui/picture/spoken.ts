import {plainOf} from '../../text/cells.ts';
import type {Band, Scene} from '../screen.ts';
import {drawScreen} from '../screen.ts';
import type {Palette} from './palette.ts';
import {createPalette} from './palette.ts';

const minuteMs = 60_000;
/** Rules and bars, which say nothing when they are read out. */
const rules = /[-=#~]{4,}/g;
/** Rows that may have such: header and title. */
const rulesUntil = 3;

/** What is chosen is in brackets: reversed, it would not be heard. */
const palette: Palette = {
	...createPalette({colour: false, unicode: false, theme: 'mono'}),
	chosen: text => `[${text.trim()}]`,
	bold: text => text,
};

/**
 * The screen for whoever has it read out: the pane in use alone, line after line, in plain words. Clocks go by minutes, so that it only
 * changes when there is something to say.
 */
export function spokenScreen(scene: Scene): readonly Band[] {
	const {snapshot, ui, size} = scene;
	const now = Math.floor(snapshot.now / minuteMs) * minuteMs;
	const bands = drawScreen({...scene, palette, unicode: false, ui: {...ui, zoomed: true}, snapshot: {...snapshot, now}});
	const rows = bands
		.flatMap(band => band.flatMap(area => area.rows))
		.map((row, at) => (at < rulesUntil ? plainOf(row).replace(rules, '') : plainOf(row)).replace(/ {2,}/g, '  ').trim())
		.filter(row => row !== '');
	return [[{width: size.columns, rows}]];
}
