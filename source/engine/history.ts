import {ByoaiError} from '../model/error.ts';
import type {AttemptRef, RunId} from '../model/ids.ts';
import {attemptKey} from '../model/ids.ts';
import type {Run, RunStatus} from '../model/run.ts';
import {currentAttempt} from '../model/run.ts';
import type {RunDetail, RunRow, TaskDetail} from '../protocol/views.ts';
import {explain} from '../scheduler/explain.ts';
import {selectorKey} from '../scheduler/selection.ts';
import type {Store} from '../store/store.ts';
import type {Engine} from './engine.ts';
import type {TaskSight} from './rows.ts';
import {countTasks, isTaskStarting, noTasks, runDetail, runRow, taskDetail} from './rows.ts';

export type RunListQuery = {readonly status?: RunStatus; readonly limit: number; readonly before?: RunId};

/** Runs as they are asked for one by one: those of the working state, and those that have ended. */
export class History {
	readonly #engine: Engine;
	readonly #store: Store;
	readonly #holds: (session: string, ref: AttemptRef) => boolean;
	readonly #progress: (instance: string) => string | undefined;
	readonly #now: () => number;

	/**
	 * `holds`: whether an agent is known to have taken an attempt. `progress`: how far the start of an instance is, where it takes long. `now`: by the
	 * clock of the engine; without it, that of its last event.
	 */
	constructor(
		engine: Engine,
		store: Store,
		holds: (session: string, ref: AttemptRef) => boolean,
		progress: (instance: string) => string | undefined = () => undefined,
		now: () => number = () => 0,
	) {
		this.#engine = engine;
		this.#store = store;
		this.#holds = holds;
		this.#progress = progress;
		this.#now = now;
	}

	/** The run that `name` means: an id, a unique prefix of one, or `latest`. Throws `not_found` or `conflict`. */
	resolve(name: string): RunId {
		if (name === 'latest') {
			const [latest] = this.list({limit: 1});
			if (latest === undefined) throw new ByoaiError('not_found', 'there is no run yet');
			return latest.id;
		}
		const active = this.#engine.state.runs.keys();
		const ids = [...new Set([...active.filter(id => id.startsWith(name)), ...this.#store.findRuns(name, 3)])];
		if (name === '' || ids.length === 0) throw new ByoaiError('not_found', `there is no run ${name}: \`byoai ps\` lists those there are`);
		if (ids.includes(name)) return name;
		if (ids.length > 1) throw new ByoaiError('conflict', `${name} could be ${ids.slice(0, 3).join(', ')}: give more of the id`);
		return ids[0] ?? name;
	}

	/** The run that was submitted with this `requestKey`, active or ended. */
	ofRequest(key: string): Run | undefined {
		const active = this.#engine.state.runs.values().find(({requestKey}) => requestKey === key);
		const ended = active === undefined ? this.#store.runOfRequest(key) : undefined;
		return ended === undefined ? active : this.run(ended);
	}

	/** The run itself, active or ended. Throws `not_found`. */
	run(id: RunId): Run {
		const run = this.#engine.state.runs.get(id) ?? this.#store.loadRun(id);
		if (run === undefined) throw new ByoaiError('not_found', `there is no run ${id}`);
		return run;
	}

	/** The run that has the attempts of this task: the run itself, unless its result was taken over from another one. */
	sourceOf(run: Run, task: number): Run {
		const from = run.tasks.at(task)?.takenFrom;
		return from === undefined ? run : this.run(from);
	}

	/** One run with its tasks and attempts. Throws `not_found`. */
	detail(id: RunId): RunDetail {
		const run = this.run(id);
		return runDetail(run, this.#sight(run));
	}

	/** One task of a run with its attempts. */
	task(run: Run, task: number): TaskDetail {
		return taskDetail(run, task, this.#sight(run));
	}

	#sight(run: Run): TaskSight {
		const {id} = run;
		return {
			waiting: this.#engine.state.runs.get(id) === run ? this.#explainer(run) : () => undefined,
			isRunning: index => {
				const current = currentAttempt(run.tasks.at(index));
				if (current !== undefined && isTaskStarting(run, index)) return false;
				return current !== undefined && this.#holds(current.attempt.session, {run: id, task: index, attempt: current.number});
			},
		};
	}

	/** Says why tasks wait. Those that ask for the same since the same time have one reason, and finding it is a pass over all agents. */
	#explainer(run: Run): (index: number) => string | undefined {
		const {rooms} = this.#engine;
		// The time of the state is of its last event, which may be long ago.
		const state = {...this.#engine.state, now: Math.max(this.#engine.state.now, this.#now())};
		const reasons = new Map<string, string | undefined>();
		return index => {
			const [task, spec] = [run.tasks.at(index), run.workflow.tasks[index]];
			if (isTaskStarting(run, index))
				return this.#progress(attemptKey({run: run.id, task: index, attempt: task?.attempts.length ?? 0})) ?? 'its instance is starting';
			if (task?.status !== 'ready' || spec === undefined) return explain(state, rooms, run, index);
			const key = `${task.readyAt} ${selectorKey(spec.agent)}`;
			if (!reasons.has(key)) reasons.set(key, explain(state, rooms, run, index));
			return reasons.get(key);
		};
	}

	/** Newest first. */
	list({status, limit, before}: RunListQuery): RunRow[] {
		const active = [...this.#engine.state.runs.values()]
			.filter(run => (status === undefined || run.status === status) && (before === undefined || run.id < before))
			.map(run => runRow(run, countTasks(run), 0));
		const ended = this.#store.listRuns({limit, ...(status && {status}), ...(before !== undefined && {before})});
		const rows = [...active, ...ended.map((row): RunRow => ({...row, version: 0, counts: {...noTasks, ...row.counts}}))];
		return rows.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
	}
}
