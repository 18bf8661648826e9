import type {AgentRow, RunRow, TaskRow, ViewChange} from '../protocol/views.ts';

/** Changes that a reader has not taken yet, merged: of each row only the newest version is kept. */
export class Backlog {
	readonly #rowsLimit: number;
	#runs = new Rows<RunRow>();
	#tasks = new Rows<TaskRow>();
	#agents = new Rows<AgentRow>();
	#sequence: number | undefined;
	#overflowed = false;

	/** `rowsLimit`: how many rows may wait. */
	constructor(rowsLimit: number) {
		this.#rowsLimit = rowsLimit;
	}

	/** More rows came than may wait: what was kept is given up, and the reader needs a snapshot. */
	get overflowed(): boolean {
		return this.#overflowed;
	}

	add(sequence: number, {runs, tasks, agents, gone}: ViewChange): void {
		if (this.#overflowed) return;
		this.#sequence = sequence;
		this.#runs.add(runs, gone?.runs);
		this.#tasks.add(tasks, gone?.tasks);
		this.#agents.add(agents, gone?.agents);
		if (this.#runs.size + this.#tasks.size + this.#agents.size <= this.#rowsLimit) return;
		this.clear();
		this.#overflowed = true;
	}

	/** All that waits as one change, and the sequence that it leads to; undefined when nothing waits. */
	take(): {readonly sequence: number; readonly change: ViewChange} | undefined {
		if (this.#sequence === undefined) return undefined;
		const gone = {...this.#runs.gone('runs'), ...this.#tasks.gone('tasks'), ...this.#agents.gone('agents')};
		const change = {
			...this.#runs.changed('runs'),
			...this.#tasks.changed('tasks'),
			...this.#agents.changed('agents'),
			...(Object.keys(gone).length > 0 && {gone}),
		};
		const sequence = this.#sequence;
		this.clear();
		return {sequence, change};
	}

	/** Forgets all: the reader gets, or got, a snapshot. */
	clear(): void {
		this.#runs = new Rows();
		this.#tasks = new Rows();
		this.#agents = new Rows();
		this.#sequence = undefined;
		this.#overflowed = false;
	}
}

/** Rows of one kind that are new or changed, and ids of those that are gone. */
class Rows<Row extends {readonly id: string}> {
	readonly #changed = new Map<string, Row>();
	readonly #gone = new Set<string>();

	get size(): number {
		return this.#changed.size + this.#gone.size;
	}

	add(changed: readonly Row[] = [], gone: readonly string[] = []): void {
		for (const row of changed) {
			this.#changed.set(row.id, row);
			this.#gone.delete(row.id);
		}
		for (const id of gone) {
			this.#changed.delete(id);
			this.#gone.add(id);
		}
	}

	changed<Key extends string>(key: Key): Partial<Record<Key, Row[]>> {
		return this.#changed.size === 0 ? {} : ({[key]: [...this.#changed.values()]} as Partial<Record<Key, Row[]>>);
	}

	gone<Key extends string>(key: Key): Partial<Record<Key, string[]>> {
		return this.#gone.size === 0 ? {} : ({[key]: [...this.#gone]} as Partial<Record<Key, string[]>>);
	}
}
