import assert from 'node:assert/strict';
import type {RunSubmitted} from '../../source/model/event.ts';
import type {Outcome, RunStatus, TaskStatus} from '../../source/model/run.ts';
import type {Dependency, TaskSpec, Workflow} from '../../source/model/workflow.ts';

export type ExpectedTask = {
	readonly spec: TaskSpec;
	status: TaskStatus;
	attempts: number;
	/** Session whose attempt runs. */
	holder: string | undefined;
	failures: number;
	losses: number;
	/** Since when it is ready; when it is tried again. */
	since: number;
	/** Its running attempt is to be stopped. */
	stopping: boolean;
};

const ended: ReadonlySet<TaskStatus> = new Set(['succeeded', 'failed', 'cancelled', 'skipped']);

/**
 * What must become of a run, told once more from the workflow reference and apart from the scheduler: dependencies are
 * evaluated over and over until nothing changes, nothing is counted and no list is kept.
 */
export class ExpectedRun {
	readonly workflow: Workflow;
	readonly tasks: readonly ExpectedTask[];
	readonly createdAt: number;
	readonly agentTimeoutMs: number | undefined;
	stop: 'cancelled' | 'timeout' | 'fail_fast' | undefined;

	constructor({workflow, agentTimeoutMs, at: now}: RunSubmitted) {
		this.workflow = workflow;
		this.createdAt = now;
		this.agentTimeoutMs = workflow.agentTimeoutMs ?? agentTimeoutMs;
		this.tasks = workflow.tasks.map(spec => {
			return {spec, status: 'blocked', attempts: 0, holder: undefined, failures: 0, losses: 0, since: now, stopping: false};
		});
		this.#settle(now);
	}

	get isOver(): boolean {
		return this.tasks.every(({status}) => ended.has(status));
	}

	get finalStatus(): RunStatus {
		if (this.stop === 'cancelled') return 'cancelled';
		const failed = this.tasks.some(({status, spec}) => status === 'failed' && !spec.continueOnError);
		return this.stop === 'timeout' || failed ? 'failed' : 'succeeded';
	}

	/** When time alone must change something here, at the latest. */
	get dueAt(): number {
		const {timeoutMs = Number.POSITIVE_INFINITY} = this.workflow;
		if (this.isOver) return Number.POSITIVE_INFINITY;
		const overdue = this.stop === 'cancelled' || this.stop === 'timeout' ? Number.POSITIVE_INFINITY : this.createdAt + timeoutMs;
		return Math.min(overdue, ...this.tasks.map(({status, since}) => (status === 'waiting' ? since : Number.POSITIVE_INFINITY)));
	}

	task(index: number): ExpectedTask {
		const task = this.tasks[index];
		assert(task, `there is no task ${index}`);
		return task;
	}

	assign(index: number, attempt: number, session: string): void {
		const task = this.task(index);
		assert.equal(task.status, 'ready', `task ${index} was assigned`);
		assert.equal(attempt, ++task.attempts, `number of the attempt of task ${index}`);
		const running = this.tasks.filter(({status}) => status === 'running').length;
		assert(running < (this.workflow.maxParallel ?? Number.POSITIVE_INFINITY), 'more tasks at once than max_parallel');
		task.status = 'running';
		task.holder = session;
	}

	/** An attempt has ended, or was lost. */
	finish(index: number, outcome: Outcome, now: number): void {
		const task = this.task(index);
		assert.equal(task.status, 'running', `task ${index} ended`);
		task.holder = undefined;
		const isFailure = outcome.status === 'failed' || outcome.status === 'timed_out';
		if (outcome.status === 'succeeded') task.status = 'succeeded';
		else if (task.stopping) task.status = isFailure ? 'failed' : 'cancelled';
		else if (isFailure) this.#fail(task, outcome, now);
		else this.#lose(task, now);
		this.#react(index, now);
	}

	/** A ready task failed because nobody can run it. */
	giveUp(index: number, now: number): void {
		this.task(index).status = 'failed';
		this.#react(index, now);
	}

	cancel(now: number): void {
		this.#halt('cancelled', 'cancelled', () => false);
		this.#settle(now);
	}

	tick(now: number): void {
		const isStopped = this.stop === 'cancelled' || this.stop === 'timeout';
		if (!isStopped && now >= this.createdAt + (this.workflow.timeoutMs ?? Number.POSITIVE_INFINITY)) {
			this.#halt('timeout', 'cancelled', () => false);
		}
		for (const task of this.tasks) {
			if (task.status !== 'waiting' || now < task.since) continue;
			task.status = 'ready';
			task.since = now;
		}
		this.#settle(now);
	}

	#fail(task: ExpectedTask, {exitCode}: Outcome, now: number): void {
		const {limit, delayMs, backoff, maxDelayMs, exitCodes} = task.spec.retry;
		task.failures++;
		const isRetried = exitCodes === undefined || (exitCode !== undefined && exitCodes.includes(exitCode));
		let wait = delayMs;
		for (let failure = 1; failure < task.failures; failure++) wait *= backoff;
		wait = Math.min(wait, maxDelayMs);
		if (!isRetried || task.failures > limit) task.status = 'failed';
		else task.status = wait > 0 ? 'waiting' : 'ready';
		task.since = now + wait;
	}

	#lose(task: ExpectedTask, now: number): void {
		task.losses++;
		task.status = task.losses > task.spec.retry.lost ? 'failed' : 'ready';
		task.since = now;
	}

	#react(index: number, now: number): void {
		const task = this.task(index);
		if (task.status === 'failed' && this.workflow.failFast && !task.spec.continueOnError && this.stop === undefined) {
			this.#halt('fail_fast', 'skipped', other => this.#isSpared(other, index, false));
		}
		this.#settle(now);
	}

	#halt(stop: 'cancelled' | 'timeout' | 'fail_fast', status: 'cancelled' | 'skipped', isSpared: (index: number) => boolean): void {
		this.stop = stop;
		const spared = this.tasks.map((_, index) => isSpared(index));
		this.tasks.forEach((task, index) => {
			if (ended.has(task.status) || spared[index]) return;
			if (task.status === 'running') task.stopping = true;
			else task.status = status;
		});
	}

	/** Whether a way leads from this task back to the failed one with a wait on it for an end or a failure. */
	#isSpared(index: number, failed: number, waits: boolean): boolean {
		return this.task(index).spec.dependsOn.some(({task, condition}) => {
			const waited = waits || condition === 'failed' || condition === 'completed';
			return (task === failed && waited) || this.#isSpared(task, failed, waited);
		});
	}

	#settle(now: number): void {
		for (let changed = true; changed; ) {
			changed = false;
			for (const task of this.tasks) {
				if (task.status !== 'blocked') continue;
				const verdicts = task.spec.dependsOn.map(dependency => this.#verdict(dependency));
				if (verdicts.includes(false)) task.status = 'skipped';
				else if (!verdicts.includes(undefined)) task.status = 'ready';
				else continue;
				task.since = now;
				changed = true;
			}
		}
	}

	/** Undefined while it is open. */
	#verdict({task: index, condition, optional}: Dependency): boolean | undefined {
		const {status, spec} = this.task(index);
		if (!ended.has(status)) return undefined;
		if (condition === 'completed' || condition === 'ordered' || (optional && status === 'skipped')) return true;
		if (condition === 'failed') return status === 'failed';
		return status === 'succeeded' || (status === 'failed' && spec.continueOnError);
	}
}
