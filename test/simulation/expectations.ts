import assert from 'node:assert/strict';
import type {Event} from '../../source/model/event.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome, Run, Task} from '../../source/model/run.ts';
import type {AgentSelector} from '../../source/model/workflow.ts';
import type {Orders} from '../../source/protocol/messages.ts';
import type {State} from '../../source/scheduler/state.ts';
import {wakeAt} from '../../source/scheduler/time.ts';
import {ExpectedRun} from './expected-run.ts';

type Session = {
	readonly agent: string;
	attempts: readonly AttemptRef[];
	/** The newest Report that was answered, in this life of the orchestrator. */
	answered: number;
};
/** An attempt that the journal has ended. */
export type Ended = {readonly ref: AttemptRef; readonly outcome: Outcome};

/** What the scheduler made of an event. */
export type Stepped = {readonly before: State; readonly after: State; readonly endedRuns: readonly Run[]};

/** Ends of instances that a pool lives through; so many and one more break it. */
const toleratedFailures = 3;

/** What must follow from the journal, apart from the scheduler: runs, who holds what, and who may. */
export class Expectations {
	readonly runs = new Map<string, ExpectedRun>();
	/** The newest time of the journal: the wall clock may be set back. */
	#now = 0;
	#lastLostAt = 0;
	readonly #sessions = new Map<string, Session>();
	readonly #labels = new Map<string, Readonly<Record<string, string>>>();
	readonly #drained = new Set<string>();
	/** Deployed agents that are to go. */
	readonly #removed = new Set<string>();
	readonly #instanceEnds = new Map<string, number>();
	/** Attempts that instances with `lifetime: task` were given. */
	readonly #spent = new Set<string>();

	run(id: string): ExpectedRun {
		const run = this.runs.get(id);
		assert(run, `there is no run ${id}`);
		return run;
	}

	/** Takes the next event of the journal. `before` is the state that it met. Returns the attempts that it ended. */
	take(event: Event, before: State): Ended[] {
		this.#now = Math.max(this.#now, event.at);
		switch (event.type) {
			case 'run-submitted':
				assert(!this.runs.has(event.run), `run ${event.run} was submitted twice`);
				this.runs.set(event.run, new ExpectedRun(event));
				// Another pool takes the place of one that is gone.
				for (const {name} of event.workflow.agents) if (!Object.hasOwn(before.pools, name)) this.#removed.delete(name);
				return [];
			case 'run-cancelled':
				if (this.run(event.run).stop !== 'cancelled') this.run(event.run).cancel(this.#now);
				return [];
			case 'agent-registered':
				this.#labels.set(event.agent.name, event.agent.labels);
				this.#drained.delete(event.agent.name);
				return [];
			case 'agent-deployed':
				this.#drained.delete(event.agent.name);
				this.#removed.delete(event.agent.name);
				return [];
			case 'agent-drained':
				this.#drained.add(event.agent);
				return [];
			case 'agent-removed':
				if (Object.hasOwn(before.pools, event.agent)) {
					this.#drained.delete(event.agent);
					this.#removed.add(event.agent);
					return [];
				}
				this.#labels.delete(event.agent);
				return this.#loseAgent(event.agent);
			case 'session-opened':
				assert(!this.#sessions.has(event.session), `session ${event.session} opened twice`);
				this.#sessions.set(event.session, {agent: event.agent, attempts: [], answered: 0});
				return [];
			case 'session-lost':
				return this.#lose(event.session);
			case 'attempt-assigned':
				this.#assign(event.ref, event.session, before);
				return [];
			case 'attempt-finished':
				return [this.#finish(event.ref, event.session, event.outcome)];
			case 'instance-given-up':
				this.#countEnd(event.instance, before);
				return [];
			case 'instance-started':
			case 'attempt-started':
				return [];
			case 'instance-failed':
			case 'instance-ended':
				// A failure after it was given up loses nothing: nobody ever came online in it.
				this.#countEnd(event.instance, before);
				return this.#loseAgent(event.instance);
			case 'ticked':
				for (const run of this.runs.values()) if (!run.isOver) run.tick(this.#now);
				return [];
		}
	}

	/** Whether the scheduler came to the same, after it stepped this event. */
	compare(event: Event, {before, after, endedRuns}: Stepped): void {
		if (event.type === 'ticked') this.#countSilent({before, after, endedRuns});
		for (const [id, expected] of this.runs) {
			const actual = after.runs.get(id) ?? endedRuns.find(run => run.id === id);
			if (actual === undefined) {
				assert(expected.isOver, `run ${id} left the state though it is not over, at ${event.type}`);
				continue;
			}
			this.#adoptUnserved(expected, actual, event, before);
			const statuses = (tasks: Iterable<{status: string}>) => [...tasks].map(({status}) => status).join(' ');
			assert.equal(statuses(actual.tasks), statuses(expected.tasks), `tasks of run ${id} after ${event.type}`);
			if (after.runs.has(id)) assert(!expected.isOver, `run ${id} is over and still there`);
			else assert.equal(actual.status, expected.finalStatus, `status of run ${id}`);
		}
		const due = Math.min(...[...this.runs.values()].map(({dueAt}) => dueAt));
		assert((wakeAt(after) ?? Number.POSITIVE_INFINITY) <= due, `wakes too late: something is due at ${due}`);
	}

	/** Session that holds this attempt now, by the journal. */
	holder({run, task, attempt}: AttemptRef): string | undefined {
		const expected = this.run(run).task(task);
		return expected.attempts === attempt ? expected.holder : undefined;
	}

	/** Agent that holds this attempt now, by the journal. */
	agentOf(ref: AttemptRef): string | undefined {
		return this.#sessions.get(this.holder(ref) ?? '')?.agent;
	}

	/** Orders leave the orchestrator: they never go back behind a Report that was answered. */
	answer({session: id, answers}: Orders): void {
		const session = this.#sessions.get(id);
		if (session === undefined) return;
		assert(answers >= session.answered, `Orders for ${id} answer Report ${answers}, after ${session.answered} was answered`);
		session.answered = answers;
	}

	/** The orchestrator starts again, and knows of no Report. */
	restart(): void {
		for (const session of this.#sessions.values()) session.answered = 0;
	}

	#assign(ref: AttemptRef, id: string, before: State): void {
		const session = this.#sessions.get(id);
		assert(session, `attempt assigned to the unknown session ${id}`);
		const run = this.run(ref.run);
		run.assign(ref.task, ref.attempt, id);
		session.attempts = [...session.attempts, ref];
		const pool = poolOf(before, session.agent);
		// One that a run declared is not the agent of its name that people drain and remove.
		const name = pool === undefined || pool.run !== undefined ? session.agent : pool.name;
		assert(!this.#drained.has(name), `attempt assigned to ${session.agent}, which is drained`);
		assert(!this.#removed.has(name), `attempt assigned to ${session.agent}, which is being removed`);
		assert(this.#fits(session.agent, run.task(ref.task).spec.agent, ref.run), `${session.agent} is not who task ${ref.task} asks for`);
		if (pool?.spec.lifetime !== 'task') return;
		assert(!this.#spent.has(session.agent), `${session.agent}, which lives for one task, was given another`);
		this.#spent.add(session.agent);
	}

	#finish(ref: AttemptRef, id: string, outcome: Outcome): Ended {
		assert.equal(this.holder(ref), id, `outcome of ${ref.run}.${ref.task}#${ref.attempt} from somebody who does not hold it`);
		this.run(ref.run).finish(ref.task, outcome, this.#now);
		const session = this.#sessions.get(id);
		if (session) session.attempts = session.attempts.filter(other => attemptKey(other) !== attemptKey(ref));
		return {ref, outcome};
	}

	#lose(id: string): Ended[] {
		const session = this.#sessions.get(id);
		assert(session, `the unknown session ${id} was lost`);
		this.#lastLostAt = this.#now;
		const ended = session.attempts.map(ref => this.#finish(ref, id, {status: 'lost'}));
		this.#sessions.delete(id);
		return ended;
	}

	#loseAgent(agent: string): Ended[] {
		return [...this.#sessions].flatMap(([id, session]) => (session.agent === agent ? this.#lose(id) : []));
	}

	#countEnd(instance: string, state: State): void {
		const pool = poolOf(state, instance);
		if (pool) this.#instanceEnds.set(pool.name, (this.#instanceEnds.get(pool.name) ?? 0) + 1);
	}

	/** Instances that are given up because nobody came online in them. */
	#countSilent({before, after}: Stepped): void {
		const isStopping = (instance: string) =>
			poolOf(after, instance)?.instances.some(({name, status}) => name === instance && status === 'stopping') === true;
		for (const {instances} of Object.values(before.pools)) {
			for (const {name, status} of instances) if (status === 'starting' && isStopping(name)) this.#countEnd(name, after);
		}
	}

	/** Whether the agent of this name, `NAME`, `NAME~2`, `NAME~RUN` or `NAME~RUN~2`, is one that the run's task asks for. */
	#fits(agent: string, selector: AgentSelector, run: string): boolean {
		// An image agent is asked for by its whole name, which no other agent has, and serves all runs.
		if (agent.includes('~images')) return 'name' in selector && agent.replace(/~\d+$/, '') === selector.name;
		const [name = agent, owner] = agent.split('~');
		if (owner !== undefined && owner !== run && !/^\d+$/.test(owner)) return false;
		if ('name' in selector) return name === selector.name;
		const labels = this.#labels.get(agent) ?? {pool: name};
		return Object.entries(selector.labels).every(([key, value]) => labels[key] === value);
	}

	/** That nobody can run a task shows only in the scheduler's state: it must have been true, and is then taken over. */
	#adoptUnserved(expected: ExpectedRun, actual: Run, event: Event, before: State): void {
		// In the order in which they became ready: the first that fails may stop the others, and what it makes ready comes last.
		const order = new Set(before.runs.get(actual.id)?.ready ?? []);
		const addReady = () => expected.tasks.forEach(({status}, index) => void (status === 'ready' && order.add(index)));
		addReady();
		for (const index of order) {
			const task = actual.tasks.at(index);
			if (task?.status !== 'failed' || expected.task(index).status !== 'ready') continue;
			this.#assertUnserved(expected, actual, index, task, event);
			expected.giveUp(index, this.#now);
			addReady();
		}
	}

	#assertUnserved(expected: ExpectedRun, actual: Run, index: number, task: Task, event: Event): void {
		const {spec, since} = expected.task(index);
		const what = `task ${index} of run ${actual.id} gave up at ${event.type}`;
		for (const {agent} of this.#sessions.values()) {
			const isShared = this.#labels.has(agent);
			assert(!(isShared && this.#fits(agent, spec.agent, actual.id) && !servedByOwn(actual, spec.agent)), `${what}, but ${agent} is there`);
		}
		if (task.cause === 'start_failed') {
			const ends = Math.max(0, ...[...this.#instanceEnds].map(([pool, count]) => (this.#fits(pool, spec.agent, actual.id) ? count : 0)));
			assert(ends > toleratedFailures, `${what}, but its pool failed ${ends} times only`);
			return;
		}
		assert.equal(task.cause, 'no_agent', what);
		const dueAt = Math.max(since, this.#lastLostAt) + (expected.agentTimeoutMs ?? Number.POSITIVE_INFINITY);
		assert(this.#now >= dueAt, `${what}, ${dueAt - this.#now} ms too early`);
	}
}

function servedByOwn({workflow, adoptedAgents}: Run, selector: AgentSelector): boolean {
	return 'name' in selector && workflow.agents.some(({name}) => name === selector.name) && !adoptedAgents.includes(selector.name);
}

function poolOf({pools}: State, instance: string) {
	return Object.values(pools).find(({instances}) => instances.some(({name}) => name === instance));
}
