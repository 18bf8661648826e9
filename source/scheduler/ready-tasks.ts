import type {Items} from '../model/list.ts';
import type {Run} from '../model/run.ts';
import type {Lanes} from './lanes.ts';
import {lanesOf} from './lanes.ts';
import {LongList} from './long-list.ts';
import {Queue} from './queue.ts';

/** `turn`: one that became ready earlier has a lower one. */
export type ReadyTask = {readonly task: number; readonly turn: number};

const none = Queue.from<ReadyTask>([]);

/**
 * Indices of the tasks of a run that are ready, in the order in which they became so; it never changes. They are kept by lane, so that what an
 * agent can take is found without a look at what it cannot, however much of that there is.
 */
export class ReadyTasks implements Items<number> {
	/** Not private, so that `assert.deepEqual` sees it. */
	readonly queues: LongList<Queue<ReadyTask>>;
	readonly length: number;
	/** Of the next that becomes ready. */
	readonly nextTurn: number;

	private constructor(queues: LongList<Queue<ReadyTask>>, length: number, nextTurn: number) {
		this.queues = queues;
		this.length = length;
		this.nextTurn = nextTurn;
	}

	/** Those of a run; of one that comes from the disk they are an array. */
	static of({ready, workflow}: Run): ReadyTasks {
		return ready instanceof ReadyTasks ? ready : ReadyTasks.from(ready, lanesOf(workflow));
	}

	static from(tasks: Items<number>, lanes: Lanes): ReadyTasks {
		return new ReadyTasks(LongList.from(lanes.selectors.map(() => none)), 0, 0).concat([...tasks], lanes);
	}

	/** Those of one lane. */
	lane(lane: number): Queue<ReadyTask> {
		return this.queues.at(lane) ?? none;
	}

	/** Those of some lanes. */
	inLanes(lanes: Iterable<number>): number[] {
		const ready = [...lanes].flatMap(lane => [...this.lane(lane)]);
		return ready.sort((a, b) => a.turn - b.turn).map(({task}) => task);
	}

	/** A copy without a task of this lane. */
	without(task: number, lane: number): ReadyTasks {
		const before = this.lane(lane);
		const after = before.without(other => other.task === task);
		return after === before ? this : new ReadyTasks(this.queues.with(new Map([[lane, after]])), this.length - 1, this.nextTurn);
	}

	/** A copy with these at its end. */
	concat(tasks: readonly number[], {ofTask}: Lanes): ReadyTasks {
		if (tasks.length === 0) return this;
		const ready = tasks.map((task, at): ReadyTask => ({task, turn: this.nextTurn + at}));
		const byLane = Map.groupBy(ready, ({task}) => ofTask[task] ?? 0);
		const changed = new Map([...byLane].map(([lane, more]) => [lane, this.lane(lane).concat(more)]));
		return new ReadyTasks(this.queues.with(changed), this.length + tasks.length, this.nextTurn + tasks.length);
	}

	/** A copy with those that pass. */
	filter(passes: (task: number) => boolean): ReadyTasks {
		const queues = LongList.from([...this.queues].map(queue => queue.filter(({task}) => passes(task))));
		const length = [...queues].reduce((sum, queue) => sum + queue.length, 0);
		return new ReadyTasks(queues, length, this.nextTurn);
	}

	[Symbol.iterator](): Iterator<number> {
		return this.inLanes(Array.from({length: this.queues.length}, (_, lane) => lane))[Symbol.iterator]();
	}

	toJSON(): number[] {
		return [...this];
	}
}
