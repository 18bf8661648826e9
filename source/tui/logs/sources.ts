import type {RunRow, TaskRow} from '../../protocol/views.ts';
import {printable} from '../../text/printable.ts';
import {formatCount} from '../../text/spans.ts';
import type {LogSource, Ui} from '../ui.ts';
import type {LogSelection} from './selection.ts';

/** Whose output it is, for a title. */
export function sourceName(source: LogSource | undefined, marked: number): string {
	switch (source?.kind) {
		case undefined:
			return 'run';
		case 'run':
			return `run ${source.run}`;
		case 'task':
			return printable(source.name, false);
		case 'agent':
			return `agent ${source.agent}`;
		case 'marked':
			return `${formatCount(marked)} marked`;
		case 'all':
			return 'everything';
	}
}

export type Selected = {
	readonly selection: LogSelection | undefined;
	/** What relative times count from. */
	readonly zero: number;
};

type Known = {
	/** The run that is shown. */
	readonly run: RunRow | undefined;
	readonly runs: readonly RunRow[];
	readonly tasksOf: (run: string) => readonly TaskRow[] | undefined;
};

/** What is to be read for the source that a person chose, as things are now. */
export function selectionOf({source, marks}: Pick<Ui, 'source' | 'marks'>, {run, runs, tasksOf}: Known): Selected {
	switch (source?.kind) {
		case undefined:
			return ofRun(run);
		case 'run':
			return ofRun(runs.find(({id}) => id === source.run));
		case 'task': {
			const row = tasksOf(source.run)?.[source.task];
			const {name, task} = source;
			// What a retry took over was printed in the run before.
			const from = row?.takenFrom;
			const attempt = from === undefined ? (row?.attempt ?? 0) : 0;
			return {selection: {kind: 'task', run: from ?? source.run, task, name, attempt}, zero: row?.assignedAt ?? run?.createdAt ?? 0};
		}
		case 'agent':
			return {selection: {kind: 'agent', agent: source.agent}, zero: run?.createdAt ?? 0};
		case 'marked':
			return {selection: {kind: 'tasks', tasks: [...marks].map(placeOf)}, zero: run?.createdAt ?? 0};
		case 'all':
			return {selection: {kind: 'all'}, zero: run?.createdAt ?? 0};
	}
}

function ofRun(run: RunRow | undefined): Selected {
	if (run === undefined) return {selection: undefined, zero: 0};
	const {id, createdAt, endedAt} = run;
	return {selection: {kind: 'run', run: id, createdAt, ...(endedAt !== undefined && {endedAt})}, zero: createdAt};
}

function placeOf(id: string): {run: string; task: number} {
	const at = id.lastIndexOf('/');
	return {run: id.slice(0, at), task: Number(id.slice(at + 1))};
}
