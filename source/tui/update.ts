import {runEnded} from '../model/run.ts';
import {leaveDialog} from './acting/leaving.ts';
import type {Lists} from './data/lists.ts';
import {idsOf} from './data/lists.ts';
import type {Snapshot} from './data/snapshot.ts';
import {drawCommandOf, drawMove, isDrawAction} from './drawings/draw-commands.ts';
import type {ActAction} from './keys/act-actions.ts';
import type {Action} from './keys/keymap.ts';
import {isLogAction, logCommandOf, logMove} from './logs/commands.ts';
import type {Move} from './moving.ts';
import {isMove, moved} from './moving.ts';
import type {Effect, ListPane, LogSource, Pane, Place, Role, Ui} from './ui.ts';
import {isList, panes} from './ui.ts';

/** What a change may look at: the data as they are shown, and how many rows each pane has. */
export type Sight = {
	readonly snapshot: Snapshot;
	readonly lists: Lists;
	readonly heights: Readonly<Record<Pane, number>>;
	/** What leaving means here. */
	readonly role: Role;
	/** The log pane is searched or filtered. */
	readonly isNarrowed: boolean;
	/** How long what is told of one thing is, and how much of it is seen. */
	readonly sheet: {readonly rows: number; readonly height: number};
};

export type Updated = {readonly ui: Ui; readonly effect?: Effect};

/** What an action makes of what is shown, and what is to be done about it. Pure. */
export function update(before: Ui, action: Exclude<Action, ActAction>, sight: Sight): Updated {
	const {message: _, ...ui} = before;
	if (isMove(action)) return move(ui, action, sight);
	if (isLogAction(action)) {
		const command = logCommandOf(action);
		if ('prompt' in command) return {ui: {...ui, prompt: {kind: command.prompt, text: '', isRegex: false}}};
		return {ui, effect: {type: 'log', command}};
	}
	if (isDrawAction(action)) return {ui, effect: {type: 'draw', command: drawCommandOf(action, ui.pane)}};
	switch (action) {
		case 'next-pane':
			return {ui: focus(ui, panes[(panes.indexOf(ui.pane) + 1) % panes.length] ?? 'agents')};
		case 'previous-pane':
			return {ui: focus(ui, panes.at(panes.indexOf(ui.pane) - 1) ?? 'agents')};
		case 'pane-1':
		case 'pane-2':
		case 'pane-3':
		case 'pane-4':
		case 'pane-5':
		case 'pane-6':
			return {ui: focus(ui, panes[Number(action.at(-1)) - 1] ?? 'agents')};
		case 'zoom':
			return {ui: {...ui, zoomed: !ui.zoomed}};
		case 'help':
		case 'diagnostics':
			return {ui: {...ui, reader: {kind: action, top: 0}}};
		case 'filter':
			return {ui: startFilter(ui)};
		case 'open':
			return {ui: open(ui, sight)};
		case 'logs':
			return {ui: showOutput(ui, sight)};
		case 'all-logs':
			return {ui: withSource(ui, undefined)};
		case 'everything':
			return {ui: withSource(ui, {kind: 'all'})};
		case 'mark':
			return mark(ui, sight);
		case 'marked-logs':
			return {ui: ui.marks.size === 0 ? say(ui, 'no task is marked: m marks one') : withSource(ui, {kind: 'marked'})};
		case 'back':
			return back(ui, sight);
		case 'quit':
			return quit(ui, sight);
		case 'suspend':
		case 'redraw':
			return {ui, effect: {type: action}};
	}
}

function move(ui: Ui, action: Move, sight: Sight): Updated {
	if (ui.reader !== undefined) return {ui: scrollReader(ui, action, sight)};
	if (ui.pane === 'logs') return {ui, effect: {type: 'log', command: logMove(action)}};
	if (isList(ui.pane)) return {ui: moveInList(ui, ui.pane, action, sight)};
	return {ui, effect: {type: 'draw', command: drawMove(action, ui.pane, sight.heights[ui.pane])}};
}

function say(ui: Ui, text: string): Ui {
	return {...ui, message: {text, isError: false}};
}

/** Marks the chosen task, or takes its mark away, and goes on to the next. */
function mark(ui: Ui, sight: Sight): Updated {
	const ids = idsOf(sight.lists, 'tasks');
	const id = ids[placeIndex(ids, ui.places.tasks)];
	if (id === undefined) return {ui};
	const marks = new Set(ui.marks);
	if (!marks.delete(id)) marks.add(id);
	return {ui: moveInList({...ui, marks}, 'tasks', 'down', sight)};
}

/** Moves on to a pane; a list takes the place above the logs. */
function focus(ui: Ui, pane: Pane): Ui {
	return {...ui, pane, ...(pane !== 'logs' && {list: pane})};
}

function moveInList(ui: Ui, pane: ListPane, action: Move, {lists, heights}: Sight): Ui {
	const ids = idsOf(lists, pane);
	const place = ui.places[pane];
	const height = heights[pane];
	const at = moved(placeIndex(ids, place), action, {count: ids.length, height});
	return choose(ui, pane, ids[at], {at, count: ids.length, height});
}

/** The index of what is chosen; of the first row where nothing is. */
export function placeIndex(ids: readonly string[], {chosen}: Place): number {
	return chosen === undefined ? 0 : Math.max(0, ids.indexOf(chosen));
}

type Where = {readonly at: number; readonly count: number; readonly height: number};

/** Chooses a row, and moves the list only as far as it must to show it. */
export function choose(ui: Ui, pane: ListPane, id: string | undefined, {at, count, height}: Where): Ui {
	if (id === undefined) return ui;
	const place = ui.places[pane];
	const last = Math.max(0, count - height);
	const top = Math.min(last, Math.max(Math.min(place.top, at), at - height + 1));
	return {...ui, places: {...ui.places, [pane]: {...place, chosen: id, top}}};
}

function scrollReader(ui: Ui, action: Move, {heights}: Sight): Ui {
	if (ui.reader === undefined) return ui;
	const height = heights.tasks;
	const top = moved(ui.reader.top, action, {count: Number.MAX_SAFE_INTEGER, height});
	return {...ui, reader: {...ui.reader, top: action === 'last' ? Number.MAX_SAFE_INTEGER : top}};
}

function startFilter(ui: Ui): Ui {
	if (!isList(ui.pane)) return ui;
	return {...ui, prompt: {kind: 'filter', pane: ui.pane, text: ui.places[ui.pane].filter}};
}

/** The rows of a list with other text in them; what was chosen stays so while it is among them. */
export function setFilter(ui: Ui, pane: ListPane, filter: string): Ui {
	return {...ui, places: {...ui.places, [pane]: {...ui.places[pane], filter, top: 0}}};
}

function open(ui: Ui, sight: Sight): Ui {
	if (ui.pane !== 'runs') return focus(showOutput(ui, sight), 'logs');
	const ids = idsOf(sight.lists, 'runs');
	const run = ids[placeIndex(ids, ui.places.runs)];
	if (run === undefined) return ui;
	const fresh = {top: 0, filter: ''};
	return focus(withSource({...ui, run, places: {...ui.places, tasks: fresh}}, undefined), 'tasks');
}

function showOutput(ui: Ui, {lists}: Sight): Ui {
	switch (ui.pane) {
		case 'tasks':
		case 'graph':
		case 'timeline': {
			const row = lists.tasks[placeIndex(idsOf(lists, 'tasks'), ui.places.tasks)];
			return row === undefined ? ui : withSource(ui, {kind: 'task', run: row.run, task: row.task, name: row.name});
		}
		case 'agents': {
			const row = lists.agents[placeIndex(idsOf(lists, 'agents'), ui.places.agents)];
			return row === undefined ? ui : withSource(ui, {kind: 'agent', agent: row.id});
		}
		case 'runs': {
			const row = lists.runs[placeIndex(idsOf(lists, 'runs'), ui.places.runs)];
			return row === undefined ? ui : withSource(ui, {kind: 'run', run: row.id});
		}
		case 'logs':
			return ui;
	}
}

function withSource({source: _, ...ui}: Ui, source: LogSource | undefined): Ui {
	return {...ui, ...(source !== undefined && {source})};
}

/** One layer back: what lies over the panes, the filter, the zoom, the logs, the marks. */
function back({reader, ...ui}: Ui, {isNarrowed}: Sight): Updated {
	if (reader !== undefined) return {ui};
	if (ui.pane === 'logs' && isNarrowed) return {ui, effect: {type: 'log', command: {type: 'clear'}}};
	if (isList(ui.pane) && ui.places[ui.pane].filter !== '') return {ui: setFilter(ui, ui.pane, '')};
	if (ui.zoomed) return {ui: {...ui, zoomed: false}};
	if (ui.pane === 'logs') return {ui: focus(ui, ui.list)};
	if (ui.source !== undefined) return {ui: withSource(ui, undefined)};
	return {ui: ui.marks.size > 0 ? {...ui, marks: new Set()} : ui};
}

/** Closes what is open, else leaves; asks first while something goes on here. */
function quit({reader, ...ui}: Ui, {snapshot, role}: Sight): Updated {
	if (reader !== undefined) return {ui};
	const active = snapshot.runs.filter(({status}) => !runEnded(status));
	if (role === 'client' || (role === 'owner' && active.length === 0)) return {ui, effect: {type: 'leave', how: 'quit'}};
	return {ui: {...ui, dialog: leaveDialog(role, active)}};
}
