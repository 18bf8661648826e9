import assert from 'node:assert/strict';
import type {Event} from '../../source/model/event.ts';
import type {Run} from '../../source/model/run.ts';
import {check} from '../../source/scheduler/check.ts';
import {findViolation} from '../../source/scheduler/invariants.ts';
import type {State} from '../../source/scheduler/state.ts';
import {emptyState} from '../../source/scheduler/state.ts';
import {step} from '../../source/scheduler/step.ts';
import type {JournalEntry} from '../../source/store/store.ts';
import {fromDisk} from './disk.ts';

/** Events that change nothing when they come a second time, unless what they speak of is there again. */
const decisions: ReadonlySet<Event['type']> = new Set([
	'run-cancelled',
	'attempt-assigned',
	'attempt-started',
	'attempt-finished',
	'instance-started',
	'instance-failed',
	'instance-ended',
]);

/** The journal folded a second time, beside the engine: what is durable must be all there is. */
export class Replay {
	state: State = emptyState;

	/** Steps one event. Returns the runs that it ended. */
	step(event: Event): Run[] {
		const {state, commands} = step(this.state, event);
		this.state = state;
		assert.equal(findViolation(state), undefined, `after ${event.type}`);
		return commands.flatMap(command => (command.type === 'record-run' ? [command.run] : []));
	}

	/** An earlier event once more: refused, or without effect. */
	repeat(event: Event): void {
		if (!decisions.has(event.type) || check(this.state, event) !== undefined || this.#speaksOfAnother(event)) return;
		assert.deepEqual(step(this.state, event).state, this.state, `a second ${event.type} changes something`);
	}

	/** The name of an instance may be given again, once all of a pool is gone; and one that ended by itself ends again when it is cleared away. */
	#speaksOfAnother(event: Event): boolean {
		if (!('instance' in event)) return false;
		const instance = Object.values(this.state.pools)
			.flatMap(pool => pool.instances)
			.find(({name}) => name === event.instance);
		if (instance === undefined) return false;
		return instance.requestedAt >= event.at || (event.type === 'instance-ended' && instance.status === 'stopping');
	}

	/** What a restarted orchestrator, or the last one, has come to. */
	assertSame(state: State, when: string): void {
		assert.deepEqual(asPlain(state), asPlain(this.state), `replay differs from the state ${when}`);
	}

	/** The whole journal, as it comes back from a disk. */
	assertWhole(journal: readonly JournalEntry[], state: State): void {
		const replayed = journal.reduce((before, entry) => step(before, fromDisk(entry).event).state, emptyState);
		assert.deepEqual(asPlain(replayed), asPlain(state), 'replay of the whole journal differs from the state');
	}
}

/** A list or a record is the same, whether it came from the disk or grew. */
function asPlain(state: State): unknown {
	const runs = [...state.runs].map(([id, run]) => [id, {...run, tasks: [...run.tasks], ready: [...run.ready], waiting: [...run.waiting]}]);
	return {...state, runs: Object.fromEntries(runs), agents: state.agents.toJSON(), sessions: state.sessions.toJSON()};
}
