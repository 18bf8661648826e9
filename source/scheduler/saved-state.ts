import type {RegisteredAgent, Session} from '../model/agent.ts';
import type {Run} from '../model/run.ts';
import {LongList} from './long-list.ts';
import {LongRecord} from './long-record.ts';
import {Queue} from './queue.ts';
import {ReadyTasks} from './ready-tasks.ts';
import type {State} from './state.ts';

/** A state as it is on the disk, where records are objects and lists are arrays. */
type SavedState = Omit<State, 'runs' | 'agents' | 'sessions'> & {
	readonly runs: Readonly<Record<string, Run>>;
	readonly agents: Readonly<Record<string, RegisteredAgent>>;
	readonly sessions: Readonly<Record<string, Session>>;
};

/** The state that was saved as JSON. */
export function savedState(json: unknown): State {
	const {runs, agents, sessions, ...others} = json as SavedState;
	const read = Object.entries(runs).map(([id, run]): [string, Run] => [id, savedRun(run)]);
	return {...others, runs: LongRecord.from(Object.fromEntries(read)), agents: LongRecord.from(agents), sessions: LongRecord.from(sessions)};
}

function savedRun(run: Run): Run {
	return {...run, tasks: LongList.from(run.tasks), ready: ReadyTasks.of(run), waiting: Queue.from(run.waiting)};
}
