import type {RunId} from '../model/ids.ts';
import type {WorkflowRow} from '../protocol/views.ts';
import type {Act, Errand} from './acting/acts.ts';
import type {DrawCommand} from './drawings/draw-commands.ts';
import type {Layer} from './layer.ts';
import type {LogCommand, LogPromptKind} from './logs/commands.ts';

/** The panes with a number each, in the order of the numbers. */
export const panes = ['agents', 'tasks', 'logs', 'runs', 'graph', 'timeline'] as const;
export type Pane = (typeof panes)[number];
export type ListPane = 'agents' | 'tasks' | 'runs';
/** What may stand above the logs. */
export type UpperPane = Exclude<Pane, 'logs'>;

export function isList(pane: Pane): pane is ListPane {
	return pane === 'agents' || pane === 'tasks' || pane === 'runs';
}

/** Where a person is in a list. Chosen by id, so that it stays the same row however the others move. */
export type Place = {
	readonly chosen?: string;
	/** Index of the first row in sight. */
	readonly top: number;
	/** Only rows with this text in them; empty: all. */
	readonly filter: string;
};

/** Whose output is shown. */
export type LogSource =
	| {readonly kind: 'run'; readonly run: RunId}
	| {readonly kind: 'task'; readonly run: RunId; readonly task: number; readonly name: string}
	| {readonly kind: 'agent'; readonly agent: string}
	/** The tasks that are marked. */
	| {readonly kind: 'marked'}
	| {readonly kind: 'all'};

/** Something to be decided: what it is about, and what can be chosen, with a key each. */
export type Dialog = {
	readonly title: string;
	readonly text: readonly string[];
	readonly choices: readonly Choice[];
	/** Index of the one that Enter takes. */
	readonly at: number;
	/** It is about what goes on, and asked anew when that changes. */
	readonly isAboutRuns?: boolean;
};

export type Choice = {readonly key: string; readonly label: string; readonly effect?: Effect};

/** A line that is being typed. */
export type Prompt =
	| {readonly kind: 'filter'; readonly pane: ListPane; readonly text: string}
	| {readonly kind: LogPromptKind; readonly text: string; readonly isRegex: boolean};

/** Text that lies over the panes and can be scrolled. */
export type Reader = {readonly kind: 'help' | 'diagnostics'; readonly top: number};

/** What is asked of the world outside the screen. */
export type Effect =
	| {readonly type: 'leave'; readonly how: Leaving}
	| {readonly type: 'cancel-run'; readonly run: RunId}
	| {readonly type: 'suspend'}
	| {readonly type: 'redraw'}
	| {readonly type: 'act'; readonly act: Act}
	| {readonly type: 'errand'; readonly errand: Errand}
	| {readonly type: 'log'; readonly command: LogCommand}
	| {readonly type: 'draw'; readonly command: DrawCommand};

/** How the screen is left: with nothing more to do, going on as the log view, or to end the runs first. */
export type Leaving = 'quit' | 'detach' | 'cancel';

/** `owner`: the orchestrator lives in this process, for one run. `manager`: it does, and stays. `client`: it is elsewhere. */
export type Role = 'owner' | 'manager' | 'client';

/** What a person sees is this value, the data, and the size of the terminal; nothing else. */
export type Ui = {
	readonly pane: Pane;
	/** The list that is shown above the logs, where there is no room for all. */
	readonly list: UpperPane;
	readonly zoomed: boolean;
	/** Whose tasks are shown; absent: the newest run's. */
	readonly run?: RunId;
	readonly places: Readonly<Record<ListPane, Place>>;
	/** Absent: the logs of the run that is shown. */
	readonly source?: LogSource;
	/** Ids of tasks, `<run>/<index>`: their output is shown together. */
	readonly marks: ReadonlySet<string>;
	readonly dialog?: Dialog;
	readonly prompt?: Prompt;
	readonly reader?: Reader;
	readonly layer?: Layer;
	/** Files of the workflow directory, as they were when somebody last asked. */
	readonly workflows?: readonly WorkflowRow[];
	/** Commands that were typed, the newest last. */
	readonly commands?: readonly string[];
	/** The last thing to say, until the next key. */
	readonly message?: {readonly text: string; readonly isError: boolean};
};

const atTop: Place = {top: 0, filter: ''};

export function initialUi(run?: RunId): Ui {
	return {
		pane: 'tasks',
		list: 'tasks',
		zoomed: false,
		places: {agents: atTop, tasks: atTop, runs: atTop},
		marks: new Set(),
		...(run !== undefined && {run}),
	};
}
