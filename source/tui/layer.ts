import type {RunId} from '../model/ids.ts';
import type {WorkflowRow} from '../protocol/views.ts';

/** What keys act on: the chosen row, or what its output is shown of. */
export type Subject =
	| {readonly kind: 'task'; readonly run: RunId; readonly task: number; readonly name: string}
	| {readonly kind: 'agent'; readonly agent: string}
	| {readonly kind: 'run'; readonly run: RunId};

/** All there is to know of one thing, over the panes. */
export type DetailLayer = {readonly kind: 'detail'; readonly of: Subject; readonly top: number};

/** A choice of one workflow file. */
export type PickerLayer = {
	readonly kind: 'picker';
	/** Absent: they have been asked for. */
	readonly rows?: readonly WorkflowRow[];
	/** Where they are, on the orchestrator's machine. */
	readonly directory?: string;
	readonly filter: string;
	/** Index among those that pass the filter. */
	readonly at: number;
};

/** One value of a form, as it is typed. */
export type Field = {
	readonly name: string;
	readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'list';
	readonly value: string;
	readonly isRequired: boolean;
	/** The values that it may have, where they are known; empty text: none. */
	readonly choices?: readonly string[];
	readonly about?: string;
	/** What is wrong with it. */
	readonly problem?: string;
};

/** Values that are asked for before something begins. */
export type FormLayer = {
	readonly kind: 'form';
	readonly purpose: {readonly type: 'start'; readonly file: string} | {readonly type: 'deploy'};
	readonly title: string;
	readonly about?: string;
	/** What the button says. */
	readonly verb: string;
	readonly fields: readonly Field[];
	/** Index of a field; behind the last: the button. */
	readonly at: number;
	/** It has been sent, and the answer is awaited. */
	readonly isSent: boolean;
	/** What is wrong, beyond single fields. */
	readonly problems: readonly string[];
};

/** A command that is being typed. */
export type CommandLayer = {
	readonly kind: 'command';
	readonly text: string;
	/** Why it could not be done, until the next key. */
	readonly problem?: string;
	/** Which of the former commands is shown, counted from the newest. */
	readonly recalled?: number;
};

/** What lies over the panes, or below them, and takes the keys first. */
export type Layer = DetailLayer | PickerLayer | FormLayer | CommandLayer;
