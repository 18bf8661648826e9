import type {RegisteredAgent, Session} from '../model/agent.ts';
import type {Command} from '../model/command.ts';
import type {RunId} from '../model/ids.ts';
import type {Run, Task, TaskStatus} from '../model/run.ts';
import type {Lanes} from './lanes.ts';
import {lanesOf} from './lanes.ts';
import {LongList} from './long-list.ts';
import type {LongRecord} from './long-record.ts';
import {Queue} from './queue.ts';
import {ReadyTasks} from './ready-tasks.ts';
import type {State} from './state.ts';

/**
 * The state as it becomes during one step. Nobody outside the step sees it, so it may change in place; what it
 * hands out at the end shares all that did not change.
 */
export class Draft {
	state: State;
	readonly commands: Command[] = [];
	readonly #runs = new Map<RunId, RunDraft>();

	constructor(state: State) {
		this.state = state;
	}

	/** The draft of a run, undefined when it is not in the working state. */
	run(id: RunId): RunDraft | undefined {
		const known = this.#runs.get(id);
		if (known !== undefined) return known;
		const run = this.state.runs.get(id);
		if (run === undefined) return undefined;
		const draft = new RunDraft(run);
		this.#runs.set(id, draft);
		return draft;
	}

	/** Puts every changed run into the state. */
	settleRuns(): void {
		for (const [id, draft] of this.#runs) {
			const run = draft.toRun();
			if (run !== this.state.runs.get(id)) this.put('runs', id, run);
		}
		this.#runs.clear();
	}

	/** Puts one run, agent or session into its record. */
	put<Name extends RecordName>(name: Name, key: string, value: Records[Name]): void {
		const record = this.state[name] as LongRecord<Records[Name]>;
		this.change({[name]: record.with(key, value)});
	}

	/** Takes one out of its record. */
	remove(name: RecordName, key: string): void {
		this.change({[name]: this.state[name].without(key)});
	}

	change(change: Partial<State>): void {
		this.state = {...this.state, ...change};
	}
}

type Records = {runs: Run; agents: RegisteredAgent; sessions: Session};
type RecordName = keyof Records;

/** One run during one step: its lists are put together once, at its end, however many tasks change. */
export class RunDraft {
	readonly lanes: Lanes;
	#run: Run;
	readonly #tasks: LongList<Task>;
	readonly #changed = new Map<number, Task>();
	/** Lists without what was taken out of them, and what comes to their end. */
	#ready: ReadyTasks;
	readonly #newReady: number[] = [];
	readonly #newWaiting: number[] = [];
	readonly #sifted = new Set<'ready' | 'waiting'>();

	constructor(run: Run) {
		this.#run = run;
		this.#tasks = LongList.from(run.tasks);
		this.lanes = lanesOf(run.workflow);
		this.#ready = ReadyTasks.of(run);
	}

	get run(): Run {
		return this.#run;
	}

	/**
	 * Indices of the tasks of these lanes that are, or were when this step began, ready; what becomes ready while they are read comes at the end,
	 * of whichever lane.
	 */
	*ready(lanes: Iterable<number>): Generator<number> {
		yield* this.#ready.inLanes(lanes);
		yield* this.#newReady;
	}

	/** The first task of a lane that was ready when this step began. */
	firstReady(lane: number): number | undefined {
		return this.#ready.lane(lane).first?.task;
	}

	task(index: number): Task {
		const task = this.#changed.get(index) ?? this.#tasks.at(index);
		if (task === undefined) throw new Error(`run ${this.#run.id} has no task ${index}`);
		return task;
	}

	setTask(index: number, change: Task): void {
		this.#changed.set(index, change);
	}

	change(change: Partial<Omit<Run, 'tasks' | 'ready' | 'waiting'>>): void {
		this.#run = {...this.#run, ...change};
	}

	addReady(index: number): void {
		this.#newReady.push(index);
	}

	addWaiting(index: number): void {
		this.#newWaiting.push(index);
	}

	/** One task leaves the ready ones: it has been assigned. */
	removeReady(index: number): void {
		this.#ready = this.#ready.without(index, this.lanes.ofTask[index] ?? 0);
	}

	/** Tasks of this status have another one now, perhaps many: their list is sifted once, at the end of the step. */
	sift(list: 'ready' | 'waiting'): void {
		this.#sifted.add(list);
	}

	toRun(): Run {
		if (this.#changed.size === 0) return this.#run;
		const tasks = this.#tasks.with(this.#changed);
		const ready = this.#ready.concat(this.#newReady, this.lanes);
		const waiting = Queue.from(this.#run.waiting).concat(this.#newWaiting);
		const having = (status: TaskStatus) => (index: number) => this.task(index).status === status;
		return {
			...this.#run,
			tasks,
			ready: this.#sifted.has('ready') ? ready.filter(having('ready')) : ready,
			waiting: this.#sifted.has('waiting') ? waiting.filter(having('waiting')) : waiting,
		};
	}
}
