import type {AgentRow, RunRow, TaskRow} from '../../protocol/views.ts';
import type {ListPane, Ui} from '../ui.ts';
import type {Snapshot} from './snapshot.ts';

/** The rows of each list that pass its filter. */
export type Lists = {
	readonly agents: readonly AgentRow[];
	readonly tasks: readonly TaskRow[];
	readonly runs: readonly RunRow[];
};

/** The lists as they were last, so that what did not change need not be looked through again: rows that did not change are the same objects. */
export class ListCache {
	readonly #agents = remember<AgentRow>(({id, type, status, labels, problem, starting}) => [
		id,
		type,
		status,
		problem ?? starting ?? '',
		...Object.entries(labels).map(pair => pair.join('=')),
	]);
	readonly #tasks = remember<TaskRow>(({name, status, agent, reason}) => [name, status, agent ?? '', reason ?? '']);
	readonly #runs = remember<RunRow>(({id, workflow, status, file}) => [id, workflow, status, file ?? '']);

	of({agents, tasks, runs}: Snapshot, {places}: Ui): Lists {
		return {
			agents: this.#agents(agents, places.agents.filter),
			tasks: this.#tasks(tasks, places.tasks.filter),
			runs: this.#runs(runs, places.runs.filter),
		};
	}
}

function remember<Row>(textsOf: (row: Row) => readonly string[]): (rows: readonly Row[], filter: string) => readonly Row[] {
	let before: {readonly rows: readonly Row[]; readonly filter: string; readonly found: readonly Row[]} | undefined;
	return (rows, filter) => {
		if (before?.rows === rows && before.filter === filter) return before.found;
		before = {rows, filter, found: filter === '' ? rows : rows.filter(row => passes(textsOf(row), filter))};
		return before.found;
	};
}

/** Every word of a filter has to be found; capital letters count only where the filter has some. `!` before a word: it must not be. */
export function passes(texts: readonly string[], filter: string): boolean {
	const text = texts.join(' ');
	const lower = text.toLowerCase();
	return filter.split(/\s+/).every(typed => {
		const isInverted = typed.length > 1 && typed.startsWith('!');
		const word = isInverted ? typed.slice(1) : typed;
		const isFound = word === word.toLowerCase() ? lower.includes(word) : text.includes(word);
		return isFound !== isInverted;
	});
}

/** What identifies a row in its list. */
export function idsOf(lists: Lists, pane: ListPane): readonly string[] {
	return lists[pane].map(({id}) => id);
}
