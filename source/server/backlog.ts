import type {AgentRow, RunRow, TaskRow, ViewChange} from '../protocol/views.ts';

/** By id, the newest version of each row; undefined where it is gone. */
type Rows<Row> = Map<string, Row | undefined>;

/** Changes that a reader has not taken yet, merged: of each row only the newest version is kept. */
export class Backlog {
	readonly #rowsLimit: number;
	readonly #runs: Rows<RunRow> = new Map();
	readonly #tasks: Rows<TaskRow> = new Map();
	readonly #agents: Rows<AgentRow> = new Map();
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
		merge(this.#runs, runs, gone?.runs);
		merge(this.#tasks, tasks);
		merge(this.#agents, agents, gone?.agents);
		if (this.#runs.size + this.#tasks.size + this.#agents.size <= this.#rowsLimit) return;
		this.clear();
		this.#overflowed = true;
	}

	/** All that waits as one change, and the sequence that it leads to; undefined when nothing waits. */
	take(): {readonly sequence: number; readonly change: ViewChange} | undefined {
		if (this.#sequence === undefined) return undefined;
		const [runs, tasks, agents] = [present(this.#runs), present(this.#tasks), present(this.#agents)];
		const [goneRuns, goneAgents] = [gone(this.#runs), gone(this.#agents)];
		const taken = {
			sequence: this.#sequence,
			change: {
				...(runs.length > 0 && {runs}),
				...(tasks.length > 0 && {tasks}),
				...(agents.length > 0 && {agents}),
				...(goneRuns.length + goneAgents.length > 0 && {gone: {runs: goneRuns, agents: goneAgents}}),
			},
		};
		this.clear();
		return taken;
	}

	/** Forgets all: the reader gets, or got, a snapshot. */
	clear(): void {
		for (const rows of [this.#runs, this.#tasks, this.#agents]) rows.clear();
		this.#sequence = undefined;
		this.#overflowed = false;
	}
}

function merge<Row extends {readonly id: string}>(into: Rows<Row>, changed: readonly Row[] = [], gone: readonly string[] = []): void {
	for (const row of changed) into.set(row.id, row);
	for (const id of gone) into.set(id, undefined);
}

function present<Row>(rows: Rows<Row>): Row[] {
	return [...rows.values()].filter(row => row !== undefined);
}

function gone<Row>(rows: Rows<Row>): string[] {
	return [...rows].flatMap(([id, row]) => (row === undefined ? [id] : []));
}
