import type {RunId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Run} from '../model/run.ts';
import type {AgentRow, RunRow, Snapshot, TaskRow, ViewChange} from '../protocol/views.ts';
import {deployedPool} from '../scheduler/deployments.ts';
import {changedPlaces, LongList} from '../scheduler/long-list.ts';
import type {State} from '../scheduler/state.ts';
import {AgentRows} from './agent-rows.ts';
import type {Change, Engine} from './engine.ts';
import type {AgentVitals} from './rows.ts';
import {isTaskStarting, noTasks, runRow, taskRow} from './rows.ts';

export type ViewListener = (sequence: number, change: ViewChange) => void;

/** Ended runs whose row stays in view; the others are asked for as history. */
const endedRunsShown = 100;
/** Changes kept for those who resume. */
const changesKept = 1000;

/** Rows of runs, tasks and agents, kept in step with the engine's state; who subscribes gets a snapshot, then changes. */
export class Views {
	readonly #runs = new Map<RunId, RunRow>();
	readonly #tasks = new Map<RunId, LongList<TaskRow>>();
	readonly #agents: AgentRows;
	readonly #listeners = new Set<ViewListener>();
	readonly #kept: Array<{sequence: number; change: ViewChange}> = [];
	readonly #engine: Engine;
	readonly #cancelSubscription: () => void;
	readonly #progress: (instance: string) => string | undefined;
	/** Of the newest change; the rows of the beginning are number 0. */
	#sequence = -1;

	/**
	 * `isHeard`: whether an agent was heard from lately. Like what is known of contacts and usage, and of the `progress` of an instance's start, it is no
	 * event, and gone after a restart.
	 */
	constructor(
		engine: Engine,
		isHeard: AgentVitals['isHeard'],
		contact: AgentVitals['contact'] = () => undefined,
		usage: AgentVitals['usage'] = () => undefined,
		progress: (instance: string) => string | undefined = () => undefined,
	) {
		this.#engine = engine;
		this.#progress = progress;
		this.#agents = new AgentRows({isHeard, contact, usage});
		for (const run of engine.state.runs.values()) this.#putRun(undefined, run);
		this.#putAgents();
		this.#sequence++;
		this.#cancelSubscription = engine.subscribe(change => this.#follow(change));
	}

	get sequence(): number {
		return this.#sequence;
	}

	snapshot(): Snapshot {
		return {runs: [...this.#runs.values()], tasks: [...this.#tasks.values()].flatMap(rows => [...rows]), agents: this.#agents.all()};
	}

	/** The row of one agent: registered, or an instance; for a deployed one, whose instance may have been replaced, that of the newest. */
	agentRow(name: string): AgentRow | undefined {
		const newest = deployedPool(this.#engine.state, name)?.instances.at(-1);
		return this.#agents.get(name) ?? (newest && this.#agents.get(newest.name));
	}

	/** Changes after `sequence`; undefined when they are no longer kept, or are still to come. */
	changesSince(sequence: number): ReadonlyArray<{sequence: number; change: ViewChange}> | undefined {
		if (sequence > this.#sequence) return undefined;
		const first = this.#kept[0]?.sequence ?? this.#sequence + 1;
		return sequence + 1 < first ? undefined : this.#kept.filter(kept => kept.sequence > sequence);
	}

	subscribe(listener: ViewListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Looks at the vitals again, of agents and of tasks whose own instance is starting: they are no events. */
	refresh(): void {
		const tasks = [...this.#engine.state.runs.values().flatMap(run => this.#putStarting(run))];
		this.#publish({...(tasks.length > 0 && {tasks}), ...this.#putAgents()});
	}

	close(): void {
		this.#cancelSubscription();
		this.#listeners.clear();
	}

	#follow({before, after, endedRuns}: Change): void {
		const runs: RunRow[] = [];
		const tasks: TaskRow[] = [];
		const changed = after.runs.changedSince(before.runs);
		for (const run of [...changed, ...endedRuns]) {
			const rows = this.#putRun(before.runs.get(run.id), run);
			runs.push(rows.run);
			for (const row of rows.tasks) tasks.push(row);
		}
		for (const run of endedRuns) this.#tasks.delete(run.id);
		const forgotten = this.#forgetOldRuns();
		this.#publish({
			...(runs.length > 0 && {runs}),
			...(tasks.length > 0 && {tasks}),
			...this.#putAgents(before, forgotten),
		});
	}

	/** Rows of a run, new where something changed: what did not is the same object. */
	#putRun(before: Run | undefined, run: Run): {run: RunRow; tasks: TaskRow[]} {
		const version = this.#sequence + 1;
		const known = before === undefined ? undefined : this.#tasks.get(run.id);
		const places = before === undefined || known === undefined ? run.workflow.tasks.keys() : changedPlaces(before.tasks, run.tasks);
		const changed = new Map([...places].map(index => [index, taskRow(run, index, version)]));
		const counts = {...(this.#runs.get(run.id)?.counts ?? noTasks)};
		for (const [index, row] of changed) {
			const old = known?.at(index);
			if (old !== undefined) counts[old.status]--;
			counts[row.status]++;
		}
		const row = runRow(run, counts, version);
		const tasks = [...changed.values()];
		this.#runs.set(run.id, row);
		this.#tasks.set(run.id, known?.with(changed) ?? LongList.from(tasks));
		return {run: row, tasks};
	}

	/** Rows of tasks whose start has come further. */
	#putStarting(run: Run): TaskRow[] {
		const rows = this.#tasks.get(run.id);
		if (run.imageAgents === undefined || rows === undefined) return [];
		const changed = new Map<number, TaskRow>();
		for (const [index, row] of rows.entries()) {
			if (!isTaskStarting(run, index)) continue;
			const starting = this.#progress(attemptKey({run: run.id, task: index, attempt: row.attempt}));
			if (starting !== undefined && starting !== row.starting) changed.set(index, {...row, version: this.#sequence + 1, starting});
		}
		this.#tasks.set(run.id, rows.with(changed));
		return [...changed.values()];
	}

	#forgetOldRuns(): string[] {
		const ended = [...this.#runs.values()].filter(({id}) => !this.#engine.state.runs.has(id));
		const old = ended.slice(0, Math.max(0, ended.length - endedRunsShown)).map(({id}) => id);
		for (const id of old) this.#runs.delete(id);
		return old;
	}

	/** `before`: what has changed since that state; absent: the vitals are looked at, too. */
	#putAgents(before?: State, goneRuns: readonly string[] = []): ViewChange {
		const {agents, gone} = this.#agents.update(before, this.#engine.state, this.#sequence + 1);
		return {
			...(agents && {agents}),
			...(gone.length + goneRuns.length > 0 && {
				gone: {...(gone.length > 0 && {agents: gone}), ...(goneRuns.length > 0 && {runs: goneRuns})},
			}),
		};
	}

	#publish(change: ViewChange): void {
		if (Object.keys(change).length === 0) return;
		const sequence = ++this.#sequence;
		this.#kept.push({sequence, change});
		if (this.#kept.length > changesKept) this.#kept.splice(0, this.#kept.length - changesKept);
		for (const listener of this.#listeners) listener(sequence, change);
	}
}
