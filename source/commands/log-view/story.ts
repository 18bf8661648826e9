import {runEnded, taskEnded} from '../../model/run.ts';
import {localAgentName} from '../../model/workflow.ts';
import type {AgentRow, LogLine, RunRow, TaskRow, ViewChange} from '../../protocol/views.ts';
import {StartNews} from './start-news.ts';

/** Something about a run that people are told between the lines of its tasks. */
export type Notice =
	| {
			readonly kind: 'agent';
			readonly agent: string;
			readonly status: AgentRow['status'];
			readonly starting?: string;
			readonly problem?: string;
	  }
	/** It runs, and has printed nothing yet. */
	| {readonly kind: 'quiet'; readonly task: TaskRow}
	/** Its attempt has not begun: its own instance is being started. */
	| {readonly kind: 'starting'; readonly task: TaskRow}
	/** Its newest attempt did not succeed, and there will be another. */
	| {readonly kind: 'again'; readonly task: TaskRow; readonly inMs?: number}
	| {readonly kind: 'ended'; readonly task: TaskRow}
	| {readonly kind: 'waiting'; readonly task: string; readonly others: number; readonly reason: string}
	/** Instead of the single ends, in a run of many tasks. */
	| {readonly kind: 'progress'; readonly counts: RunRow['counts']}
	| {readonly kind: 'stopping'; readonly reason: string};

/** From here on a run has too many tasks to tell of each that ended well. */
const manyTasks = 200;
/** After so long without output a running task is mentioned. */
const quietMs = 2000;
/** A task that is ready for longer is asked about. */
const placedWithinMs = 2000;
/** An agent calls again within 5 s when its orchestrator was away: what it takes to be back is no news. */
const lostMs = 6000;
const progressMs = 5000;
/** Last lines of each task that has not succeeded, for the end. */
const tailLines = 10;

/**
 * What there is to tell of one run: fed with changed rows and lines of output, it answers with what is new. Pure: time comes in as
 * `now`, in milliseconds of the orchestrator's clock.
 */
export class RunStory {
	readonly id: string;
	readonly #total: number;
	readonly #tasks = new Map<number, TaskRow>();
	readonly #agents = new Map<string, AgentRow>();
	readonly #usedAgents = new Set<string>();
	/** Agents that are lost, with since when; told once that has lasted. */
	readonly #lost = new Map<string, number>();
	/** What was last told of each agent. */
	readonly #toldAgents = new Map<string, AgentRow['status']>();
	/** Running tasks that may have printed nothing yet, with when they were first seen; oldest first. */
	readonly #silent = new Map<number, number>();
	/** Ready tasks, with when they were first seen; oldest first. */
	readonly #ready = new Map<number, number>();
	/** The newest attempt of each task that has printed something. */
	readonly #spoke = new Map<number, number>();
	readonly #tails = new Map<number, {readonly attempt: number; readonly lines: string[]}>();
	/** For each task, the number of the attempt whose repetition was told. */
	readonly #toldAgain = new Map<number, number>();
	readonly #startNews: StartNews;
	#run: RunRow | undefined;
	#progressAt: number | undefined;

	/** `total`: how many tasks the run has. `isLive`: how far starts are is shown elsewhere, as it changes. */
	constructor(id: string, total: number, {isLive = false}: {readonly isLive?: boolean} = {}) {
		this.id = id;
		this.#total = total;
		this.#startNews = new StartNews(isLive);
	}

	/** The last lines of the newest attempt of a task that has not succeeded. */
	tail(task: number): readonly string[] {
		return this.#tails.get(task)?.lines ?? [];
	}

	/** Takes rows in; those of other runs are passed over. */
	change({runs, tasks, agents}: ViewChange, now: number): Notice[] {
		const notices: Notice[] = [];
		for (const run of runs ?? []) if (run.id === this.id) this.#changeRun(run, notices);
		for (const task of tasks ?? []) if (task.run === this.id) this.#changeTask(task, now, notices);
		for (const agent of agents ?? []) this.#changeAgent(agent, now, notices);
		return notices;
	}

	line({task, attempt, text}: LogLine): void {
		this.#spoke.set(task, attempt);
		if (this.#tasks.get(task)?.status === 'succeeded') return;
		const known = this.#tails.get(task);
		const tail = known?.attempt === attempt ? known : {attempt, lines: []};
		tail.lines.push(text);
		if (tail.lines.length > tailLines) tail.lines.shift();
		this.#tails.set(task, tail);
	}

	/** What is to be told because time went by. */
	tick(now: number): Notice[] {
		const notices: Notice[] = [];
		for (const [index, since] of this.#silent) {
			if (now - since < quietMs) break;
			this.#silent.delete(index);
			const task = this.#tasks.get(index);
			if (task !== undefined && this.#spoke.get(index) !== task.attempt && this.#total <= manyTasks) notices.push({kind: 'quiet', task});
		}
		for (const [id, since] of this.#lost) {
			const agent = this.#agents.get(id);
			if (agent !== undefined && now - since >= lostMs) this.#tellAgent(agent, notices);
		}
		this.#progressAt ??= now;
		if (this.#total > manyTasks && this.#run !== undefined && now - this.#progressAt >= progressMs) {
			notices.push({kind: 'progress', counts: this.#run.counts});
			this.#progressAt = now;
		}
		return notices;
	}

	/** Whether some task has been ready for so long that it is worth asking why it does not run. */
	isStuck(now: number): boolean {
		const [oldest] = this.#ready.values();
		return oldest !== undefined && now - oldest >= placedWithinMs;
	}

	#changeRun(run: RunRow, notices: Notice[]): void {
		const before = this.#run;
		this.#run = run;
		if (run.reason !== undefined && before?.reason === undefined && !runEnded(run.status)) {
			notices.push({kind: 'stopping', reason: run.reason});
		}
	}

	#changeTask(task: TaskRow, now: number, notices: Notice[]): void {
		const index = task.task;
		const before = this.#tasks.get(index);
		this.#tasks.set(index, task);
		if (task.agent !== undefined) this.#usedAgents.add(task.agent);
		if (task.status !== 'ready') this.#ready.delete(index);
		else if (!this.#ready.has(index)) this.#ready.set(index, now);
		const isNewAttempt = before?.status !== 'running' || before.attempt !== task.attempt;
		if (task.status !== 'running' || isNewAttempt) this.#silent.delete(index);
		if (task.status === 'running' && isNewAttempt) this.#silent.set(index, now);
		if (task.status === 'running') this.#tellStarting(task, before?.starting, now, notices);
		if (task.status === 'succeeded') this.#tails.delete(index);
		if (!taskEnded(task.status)) this.#tellAgain(task, now, notices);
		else if ((before === undefined || !taskEnded(before.status)) && this.#isTold(task)) notices.push({kind: 'ended', task});
	}

	/** Quiet it is only once it runs. */
	#tellStarting(task: TaskRow, before: string | undefined, now: number, notices: Notice[]): void {
		if (task.starting === undefined && before === undefined) return;
		this.#silent.delete(task.task);
		if (task.starting === undefined) this.#silent.set(task.task, now);
		else if (this.#total <= manyTasks && this.#startNews.isNews(`task ${task.task} ${task.attempt}`, task.starting, now))
			notices.push({kind: 'starting', task});
	}

	/** Of many tasks only the failed ones are told; of a single one, its end is the run's. What a retry kept did not end now. */
	#isTold({status, takenFrom}: TaskRow): boolean {
		if (takenFrom !== undefined) return false;
		return this.#total > manyTasks ? status === 'failed' : this.#total > 1;
	}

	/** An attempt that is over, though its task is not: seen by its outcome, or by a newer attempt. */
	#tellAgain(task: TaskRow, now: number, notices: Notice[]): void {
		const isRunning = task.status === 'running';
		const over = isRunning ? task.attempt - 1 : task.attempt;
		if (over <= (this.#toldAgain.get(task.task) ?? 0) || (!isRunning && task.outcome === undefined)) return;
		this.#toldAgain.set(task.task, over);
		notices.push({kind: 'again', task, ...(task.retryAt !== undefined && {inMs: Math.max(0, task.retryAt - now)})});
	}

	#changeAgent(agent: AgentRow, now: number, notices: Notice[]): void {
		const {id, status, starting, problem} = agent;
		const before = this.#agents.get(id);
		this.#agents.set(id, agent);
		if (agent.run !== this.id && !this.#usedAgents.has(id)) return;
		const told = this.#toldAgents.get(id);
		if (status !== 'lost') this.#lost.delete(id);
		else if (told !== 'lost' && !this.#lost.has(id)) this.#lost.set(id, now);
		const isBegin = id !== localAgentName && status === 'starting' && told === undefined;
		const isBack = status === 'online' && (told === 'starting' || told === 'lost');
		const isFurther = starting !== undefined && this.#startNews.isNews(`agent ${id}`, starting, now);
		if (isBegin || isBack || isFurther || problem !== before?.problem) this.#tellAgent(agent, notices);
	}

	#tellAgent({id, status, starting, problem}: AgentRow, notices: Notice[]): void {
		this.#lost.delete(id);
		this.#toldAgents.set(id, status);
		notices.push({kind: 'agent', agent: id, status, ...(starting !== undefined && {starting}), ...(problem !== undefined && {problem})});
	}
}
