import type {Mirror, MirrorNews} from '../../client/mirror.ts';
import type {RunId} from '../../model/ids.ts';
import type {AgentRow, RunDetail, RunRow, TaskDetail, TaskRow, ViewChange} from '../../protocol/views.ts';

/** The mirror's rows as lists in a stable order; a list is a new object only when something in it changed. */
export class RowsStore {
	readonly #mirror: Mirror;
	readonly #tasks = new Map<RunId, TaskRow[]>();
	/** Lists that were handed out; taken away when they are out of date. */
	readonly #shownTasks = new Map<RunId, readonly TaskRow[]>();
	/** Of runs that ended before anybody told of them here: they do not change any more. */
	readonly #oldRuns = new Map<RunId, RunRow>();
	readonly #oldTasks = new Map<RunId, readonly TaskRow[]>();
	#runs: readonly RunRow[] | undefined;
	#agents: readonly AgentRow[] | undefined;

	constructor(mirror: Mirror) {
		this.#mirror = mirror;
	}

	take(news: MirrorNews): void {
		if (news.type === 'snapshot') this.#reset();
		else if (news.type === 'change') this.#change(news.change);
	}

	/** Newest first: ids are ordered by time. */
	get runs(): readonly RunRow[] {
		this.#runs ??= [...new Map([...this.#oldRuns, ...this.#mirror.runs]).values()].sort((a, b) => (a.id < b.id ? 1 : -1));
		return this.#runs;
	}

	/** By name, numbers in it by their value. */
	get agents(): readonly AgentRow[] {
		this.#agents ??= [...this.#mirror.agents.values()].sort((a, b) => collator.compare(a.id, b.id));
		return this.#agents;
	}

	/** In file order; undefined: the orchestrator told none of this run's tasks, as it ended long ago, and nobody asked. */
	tasks(run: RunId): readonly TaskRow[] | undefined {
		const rows = this.#tasks.get(run);
		if (rows === undefined) return this.#oldTasks.get(run);
		const shown = this.#shownTasks.get(run) ?? rows.slice();
		this.#shownTasks.set(run, shown);
		return shown;
	}

	/** Runs of before. */
	addHistory(runs: readonly RunRow[]): void {
		for (const run of runs) this.#oldRuns.set(run.id, run);
		this.#runs = undefined;
	}

	addRun({id, tasks}: RunDetail): void {
		this.#oldTasks.set(
			id,
			tasks.map(task => taskRow(id, task)),
		);
	}

	#reset(): void {
		this.#tasks.clear();
		this.#shownTasks.clear();
		this.#runs = undefined;
		this.#agents = undefined;
		for (const task of this.#mirror.tasks.values()) this.#put(task);
	}

	#change({runs, tasks, agents, gone}: ViewChange): void {
		if (runs !== undefined || gone?.runs !== undefined) this.#runs = undefined;
		if (agents !== undefined || gone?.agents !== undefined) this.#agents = undefined;
		for (const task of tasks ?? []) this.#put(task);
		for (const run of gone?.runs ?? []) {
			this.#tasks.delete(run);
			this.#shownTasks.delete(run);
		}
	}

	#put(task: TaskRow): void {
		const rows = this.#tasks.get(task.run) ?? [];
		this.#tasks.set(task.run, rows);
		rows[task.task] = task;
		this.#shownTasks.delete(task.run);
	}
}

function taskRow(run: RunId, {dependsOn: _, waiting: __, attempts, ...task}: TaskDetail): TaskRow {
	const outcome = attempts.at(-1)?.outcome;
	return {...task, id: `${run}/${task.task}`, version: 0, run, ...(outcome && {outcome})};
}

const collator = new Intl.Collator('en', {numeric: true});
