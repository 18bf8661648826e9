import type {Command} from '../../source/model/command.ts';
import type {Event, RunSubmitted} from '../../source/model/event.ts';
import type {Outcome, Run, TaskStatus} from '../../source/model/run.ts';
import type {AgentSpec, Dependency, TaskSpec, Workflow} from '../../source/model/workflow.ts';
import {agentDefaults} from '../../source/model/workflow.ts';
import {check} from '../../source/scheduler/check.ts';
import {place} from '../../source/scheduler/placement.ts';
import type {State} from '../../source/scheduler/state.ts';
import {emptyState} from '../../source/scheduler/state.ts';
import {step} from '../../source/scheduler/step.ts';
import {wakeAt} from '../../source/scheduler/time.ts';

export function task(name: string, more: Partial<TaskSpec> = {}): TaskSpec {
	return {
		name,
		command: 'true',
		agent: {name: 'agent'},
		dependsOn: [],
		env: {},
		retry: {limit: 0, delayMs: 1000, backoff: 2, maxDelayMs: 300_000, lost: 2},
		continueOnError: false,
		volumes: [],
		labels: {},
		...more,
	};
}

export function needs(taskIndex: number, condition: Dependency['condition'] = 'succeeded', optional = false): Dependency {
	return {task: taskIndex, condition, optional};
}

export function agentSpec(name: string, more: Partial<AgentSpec> = {}): AgentSpec {
	return {...agentDefaults, name, type: 'local', ...more};
}

export function workflow(tasks: readonly TaskSpec[], more: Partial<Workflow> = {}): Workflow {
	return {name: 'test', directory: '/tmp', labels: {}, env: {}, tasks, agents: [], failFast: true, ...more};
}

/** Drives the pure scheduler by hand: events in, state and commands out, time as one pleases. */
export class Play {
	state: State = emptyState;
	now = 1_000_000;
	readonly commands: Command[] = [];
	readonly endedRuns: Run[] = [];
	readonly events: Event[] = [];

	/** Applies an event that must be accepted. */
	event(event: Event): this {
		const refusal = check(this.state, event);
		if (refusal !== undefined) throw new Error(`${event.type} was refused: ${refusal.message}`);
		const {state, commands} = step(this.state, event);
		this.state = state;
		this.events.push(event);
		this.commands.push(...commands);
		for (const command of commands) if (command.type === 'record-run') this.endedRuns.push(command.run);
		return this;
	}

	submit(flow: Workflow, more: {run?: string; agentTimeoutMs?: number; localAgent?: RunSubmitted['localAgent']} = {}): this {
		const {run = 'r1', ...rest} = more;
		return this.event({type: 'run-submitted', at: this.now, run, workflow: flow, params: {}, localAgent: {slots: 2, idleMs: 0}, ...rest});
	}

	/** An agent that registered, with one session named after it. */
	agent(name = 'agent', slots = 100, labels: Record<string, string> = {}): this {
		this.event({type: 'agent-registered', at: this.now, agent: {name, type: 'test', mode: 'pull', slots, labels}});
		return this.session(name);
	}

	session(agent: string, session = `s-${agent}`): this {
		return this.event({type: 'session-opened', at: this.now, session, agent, leaseMs: 60_000});
	}

	/** Places what can be placed, with this much room on every session. Returns the names of the tasks that were assigned. */
	place(room = 100): string[] {
		const rooms = new Map(this.state.sessions.values().map(({id, assigned}) => [id, room - assigned.length]));
		return place(this.state, rooms, 1000).map(({ref, session}) => {
			this.event({type: 'attempt-assigned', at: this.now, ref, session});
			return this.state.runs.get(ref.run)?.workflow.tasks[ref.task]?.name ?? '';
		});
	}

	/** Ends the running attempt of a task. */
	finish(name: string, outcome: Outcome | Outcome['status'], run = 'r1'): this {
		const current = this.run(run);
		const index = current.workflow.tasks.findIndex(spec => spec.name === name);
		const attempts = current.tasks.at(index)?.attempts ?? [];
		const value = typeof outcome === 'string' ? {status: outcome, ...(outcome === 'failed' && {exitCode: 1})} : outcome;
		return this.event({
			type: 'attempt-finished',
			at: this.now,
			ref: {run, task: index, attempt: attempts.length},
			session: attempts.at(-1)?.session ?? '',
			outcome: value,
			logBytes: 0,
		});
	}

	/** Lets time pass to the next moment at which something happens by itself, or by `ms`. */
	pass(ms?: number): this {
		const next = wakeAt(this.state);
		this.now = ms === undefined ? Math.max(this.now, next ?? this.now) : this.now + ms;
		return this.event({type: 'ticked', at: this.now});
	}

	/** A run, active or ended. */
	run(id = 'r1'): Run {
		const run = this.state.runs.get(id) ?? this.endedRuns.find(ended => ended.id === id);
		if (run === undefined) throw new Error(`no run ${id}`);
		return run;
	}

	/** Statuses of a run's tasks by name. */
	tasks(id = 'r1'): Record<string, TaskStatus> {
		const run = this.run(id);
		return Object.fromEntries([...run.tasks].map(({status}, index) => [run.workflow.tasks[index]?.name ?? '', status]));
	}
}
