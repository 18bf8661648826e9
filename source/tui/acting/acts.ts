import type {RunId} from '../../model/ids.ts';
import type {Theme} from '../picture/palette.ts';

/** Which tasks of an ended run run again; neither: those that did not succeed. */
export type Again = {readonly from?: string; readonly only?: string};

/** What changes something that others see, too. */
export type Act =
	| {readonly type: 'start'; readonly file: string; readonly params: Readonly<Record<string, unknown>>}
	| {readonly type: 'cancel'; readonly run: RunId}
	| {readonly type: 'retry'; readonly run: RunId; readonly choice: Again}
	| {readonly type: 'deploy'; readonly spec: Readonly<Record<string, unknown>>}
	| {readonly type: 'drain'; readonly agent: string}
	| {readonly type: 'remove'; readonly agent: string; readonly force: boolean};

/** Whose lines a file is made of; as the API asks for them. */
export type LinesOf = {readonly run?: RunId; readonly task?: number; readonly agent?: string; readonly name: string};

/** What only looks, or concerns nobody but who sits here. */
export type Errand =
	| {readonly type: 'workflows'}
	| {readonly type: 'plan'; readonly run: RunId; readonly choice: Again}
	| {readonly type: 'why'; readonly run: RunId; readonly task: number}
	| {readonly type: 'copy'; readonly text: string; readonly what: string}
	/** The line that is looked at in the logs. */
	| {readonly type: 'copy-line'}
	| {readonly type: 'pager'; readonly lines: LinesOf}
	| {readonly type: 'save'; readonly lines: LinesOf; readonly file?: string}
	| {readonly type: 'shell'; readonly agent: string}
	| {readonly type: 'theme'; readonly theme: Theme};
