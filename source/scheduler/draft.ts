import type {Command} from '../model/command.ts';
import type {RunId} from '../model/ids.ts';
import type {Run, Task} from '../model/run.ts';
import type {State} from './state.ts';

/** Arrays of tasks and of ready tasks that a replay made itself, and no state that anybody has seen holds: it may change them in place. */
export type OwnArrays = WeakSet<readonly unknown[]>;

/**
 * The state as it becomes during one step. Nobody outside the step sees it, so it may change in place; what it
 * hands out at the end shares all that did not change.
 */
export class Draft {
	state: State;
	readonly commands: Command[] = [];
	readonly #runs = new Map<RunId, RunDraft>();
	readonly #own: OwnArrays | undefined;

	constructor(state: State, own?: OwnArrays) {
		this.state = state;
		this.#own = own;
	}

	/** The draft of a run, undefined when it is not in the working state. */
	run(id: RunId): RunDraft | undefined {
		const known = this.#runs.get(id);
		if (known !== undefined) return known;
		const run = this.state.runs[id];
		if (run === undefined) return undefined;
		const draft = new RunDraft(run, this.#own);
		this.#runs.set(id, draft);
		return draft;
	}

	/** Puts every changed run into the state. */
	settleRuns(): void {
		for (const [id, draft] of this.#runs) {
			const run = draft.toRun();
			if (run !== this.state.runs[id]) this.state = {...this.state, runs: {...this.state.runs, [id]: run}};
		}
		this.#runs.clear();
	}

	change(change: Partial<State>): void {
		this.state = {...this.state, ...change};
	}
}

/** One run during one step: its arrays are copied at the first write, once a step however many tasks change. */
export class RunDraft {
	#run: Run;
	#tasks: Task[] | undefined;
	#ready: number[] | undefined;
	#sift = false;
	readonly #own: OwnArrays | undefined;

	constructor(run: Run, own?: OwnArrays) {
		this.#run = run;
		this.#own = own;
	}

	get run(): Run {
		return this.#run;
	}

	get tasks(): readonly Task[] {
		return this.#tasks ?? this.#run.tasks;
	}

	get ready(): readonly number[] {
		return this.#ready ?? this.#run.ready;
	}

	task(index: number): Task {
		const task = this.tasks[index];
		if (task === undefined) throw new Error(`run ${this.#run.id} has no task ${index}`);
		return task;
	}

	setTask(index: number, change: Task): void {
		this.#tasks ??= this.#writable(this.#run.tasks);
		this.#tasks[index] = change;
	}

	change(change: Partial<Run>): void {
		this.#run = {...this.#run, ...change};
	}

	addReady(index: number): void {
		this.#ready ??= this.#writable(this.#run.ready);
		this.#ready.push(index);
	}

	addWaiting(index: number): void {
		this.change({waiting: [...this.#run.waiting, index]});
	}

	/** One task leaves the ready ones: it has been assigned. */
	removeReady(index: number): void {
		this.#ready ??= this.#writable(this.#run.ready);
		const at = this.#ready.indexOf(index);
		if (at >= 0) this.#ready.splice(at, 1);
	}

	/** Tasks left `ready` or `waiting`, perhaps many: their lists are sifted once, at the end of the step. */
	siftLists(): void {
		this.#sift = true;
	}

	#writable<Item>(array: readonly Item[]): Item[] {
		if (this.#own?.has(array) === true) return array as Item[];
		const copy = [...array];
		this.#own?.add(copy);
		return copy;
	}

	toRun(): Run {
		const {tasks, ready} = this;
		if (!this.#sift) return this.#tasks || this.#ready ? {...this.#run, tasks, ready} : this.#run;
		const having = (status: Task['status']) => (index: number) => tasks[index]?.status === status;
		return {...this.#run, tasks, ready: ready.filter(having('ready')), waiting: this.#run.waiting.filter(having('waiting'))};
	}
}
