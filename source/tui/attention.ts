import type {Lists} from './data/lists.ts';
import {idsOf} from './data/lists.ts';
import {needsAttention} from './moving.ts';
import type {ListPane, Ui} from './ui.ts';

type AttentionSight = {readonly lists: Lists; readonly heights: Readonly<Record<ListPane, number>>};

/** The lists that are gone through, one after the other. Runs that failed long ago are looked for only among the runs. */
const cycle: readonly ListPane[] = ['tasks', 'agents'];

/** From the chosen row on, in one direction, through all lists and around the end: the next that somebody should look at. */
export function nextAttention(ui: Ui, direction: 1 | -1, {lists, heights}: AttentionSight): Ui {
	const pane: ListPane = ui.pane === 'agents' || ui.pane === 'runs' ? ui.pane : 'tasks';
	const among = pane === 'runs' ? (['runs'] as const) : cycle;
	const places = among.flatMap(of => lists[of].map((row, at) => ({of, at, id: row.id, isDue: needsAttention(row)})));
	const chosen = ui.places[pane].chosen ?? idsOf(lists, pane)[0];
	const count = places.length;
	const from = places.findIndex(({of, id}) => of === pane && id === chosen);
	for (let step = 1; step <= count; step++) {
		const index = (((from + step * direction) % count) + count) % count;
		const place = places[index];
		// Back where it began: only from the log pane is that a step.
		if (index === from && ui.pane === pane) break;
		if (place?.isDue === true) return at(ui, place.of, place, {count: lists[place.of].length, height: heights[place.of]});
	}
	const found = places[from];
	const text = found?.isDue === true ? 'nothing else needs attention' : 'nothing needs attention';
	return {...ui, message: {text, isError: false}};
}

type Row = {readonly at: number; readonly id: string};

function at(ui: Ui, pane: ListPane, {at: index, id}: Row, {count, height}: {readonly count: number; readonly height: number}): Ui {
	const place = ui.places[pane];
	const last = Math.max(0, count - height);
	const top = Math.min(last, Math.max(Math.min(place.top, index), index - height + 1));
	return {...ui, pane, list: pane, places: {...ui.places, [pane]: {...place, chosen: id, top}}};
}
