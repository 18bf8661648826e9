import type {LinesQuery} from '../../client/queries.ts';
import type {LogLine} from '../../protocol/views.ts';

/** Whose output is shown. Times: milliseconds since 1970. */
export type LogSelection =
	/** One task, attempt after attempt, byte by byte. `attempt`: the number of its newest one, 0 before the first. */
	| {readonly kind: 'task'; readonly run: string; readonly task: number; readonly name: string; readonly attempt: number}
	| {readonly kind: 'run'; readonly run: string; readonly createdAt: number; readonly endedAt?: number}
	| {readonly kind: 'agent'; readonly agent: string}
	/** A marked set of tasks. */
	| {readonly kind: 'tasks'; readonly tasks: ReadonlyArray<{readonly run: string; readonly task: number}>}
	| {readonly kind: 'all'};

/** What is asked for when lines of many tasks are merged, and which of them are wanted. */
export type MergedLines = {readonly query: LinesQuery; readonly wants: (line: Pick<LogLine, 'run' | 'task'>) => boolean};

export function mergedLines(selection: Exclude<LogSelection, {kind: 'task'}>): MergedLines {
	switch (selection.kind) {
		case 'run':
			return {query: {run: selection.run}, wants: () => true};
		case 'agent':
			return {query: {agent: selection.agent}, wants: () => true};
		case 'tasks':
			return markedLines(selection.tasks);
		case 'all':
			return {query: {}, wants: () => true};
	}
}

/** Of one run, the server leaves the others out; of one task, all but that. */
function markedLines(tasks: ReadonlyArray<{readonly run: string; readonly task: number}>): MergedLines {
	const marked = new Set(tasks.map(({run, task}) => `${run}/${task}`));
	const runs = new Set(tasks.map(({run}) => run));
	const [first] = tasks;
	const query = first === undefined || runs.size > 1 ? {} : {run: first.run, ...(marked.size === 1 && {task: first.task})};
	return {query, wants: ({run, task}) => marked.has(`${run}/${task}`)};
}

/** Whether the selections are the same but for what has happened meanwhile. */
export function isSameSelection(a: LogSelection | undefined, b: LogSelection | undefined): boolean {
	return identityOf(a) === identityOf(b);
}

function identityOf(selection: LogSelection | undefined): string {
	switch (selection?.kind) {
		case undefined:
			return '';
		case 'task':
			return `task ${selection.run}/${selection.task}`;
		case 'run':
			return `run ${selection.run}`;
		case 'agent':
			return `agent ${selection.agent}`;
		case 'tasks':
			return `tasks ${selection.tasks.map(({run, task}) => `${run}/${task}`).join()}`;
		case 'all':
			return 'all';
	}
}
