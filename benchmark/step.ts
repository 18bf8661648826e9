import {randomUUID} from 'node:crypto';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {Rooms} from '../source/engine/rooms.ts';
import type {Event} from '../source/model/event.ts';
import type {AttemptRef, SessionId} from '../source/model/ids.ts';
import {defaultLimits} from '../source/model/limits.ts';
import {check} from '../source/scheduler/check.ts';
import {place} from '../source/scheduler/placement.ts';
import type {State} from '../source/scheduler/state.ts';
import {emptyState} from '../source/scheduler/state.ts';
import {step} from '../source/scheduler/step.ts';
import {assigned, finished, opened, registered, submitted} from '../test/helpers/live-engine.ts';
import {needs, task, workflow} from '../test/helpers/scheduling.ts';

/**
 * Events a second of the pure core, at 10,000 and at 1,000,000 tasks in one run: what it costs must not depend on how many tasks wait.
 *
 *     node benchmark/step.ts [agents] [slots] [events] [rounds]
 *
 * As the engine does it: agents take attempts and end them; outcomes come in batches, each event is checked and stepped, what became free is
 * placed in the same batch. `chains`: as many tasks are ready as there are slots, each outcome makes the next of its chain ready. `flat`: all
 * tasks are ready from the first moment. `labels`: these too, and each asks for a label that one agent in a hundred has, those of a label one behind
 * the other. One in ten attempts fails, and is tried again.
 */
const [agents = 1000, slots = 4, events = 20_000, rounds = 5] = process.argv.slice(2).map(Number);
const run = 'r0cygynllpf8';
const width = agents * slots;

/** Values of the label. */
const zones = 100;

type Shape = 'chains' | 'flat' | 'labels';
type Running = {readonly ref: AttemptRef; readonly session: SessionId};

/** The engine's part around the core, without its journal. */
class World {
	state: State = emptyState;
	done = 0;
	readonly #rooms = new Rooms();
	#running: Running[] = [];

	constructor(tasks: number, shape: Shape) {
		for (let agent = 0; agent < agents; agent++) {
			this.apply(registered(`agent-${agent}`, slots, {zone: String(agent % zones)}));
			const session = randomUUID();
			this.apply(opened(session, `agent-${agent}`));
			this.#rooms.set(session, slots);
		}
		const retry = {limit: 3, delayMs: 0, backoff: 2, maxDelayMs: 0, lost: 2};
		const specs = Array.from({length: tasks}, (_, index) => {
			const labels: Record<string, string> = shape === 'labels' ? {zone: String(Math.floor((index * zones) / tasks))} : {};
			return task(`t${index}`, {retry, agent: {labels}, dependsOn: shape === 'chains' && index >= width ? [needs(index - width)] : []});
		});
		this.apply(submitted(run, workflow(specs)));
		this.#place(width);
	}

	get isBusy(): boolean {
		return this.#running.length > 0;
	}

	apply(event: Event): void {
		const refusal = check(this.state, event);
		if (refusal !== undefined) throw new Error(refusal.message);
		this.state = step(this.state, event).state;
		this.done++;
	}

	#place(limit: number): void {
		for (const {ref, session} of place(this.state, this.#rooms.free(), limit)) {
			this.apply(assigned(session, ref.run, ref.task, ref.attempt));
			this.#rooms.set(session, (this.#rooms.get(session) ?? 0) - 1);
			this.#running.push({ref, session});
		}
	}

	/** So many outcomes, and what takes the slots that they leave. */
	batch(outcomes: number): void {
		const ended = this.#running.splice(0, outcomes);
		for (const [index, {ref, session}] of ended.entries()) {
			const status = index % 10 === 9 && ref.attempt === 1 ? 'failed' : 'succeeded';
			this.apply(finished(session, ref.run, {task: ref.task, attempt: ref.attempt, status, logBytes: 4096}));
			this.#rooms.set(session, (this.#rooms.get(session) ?? 0) + 1);
		}
		this.#place(defaultLimits.batch_events);
	}
}

/** Of what was made before a measurement, and is no part of it. */
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Runs of so many tasks, one after the other; what it takes to submit them does not count. */
class Course {
	readonly #tasks: number;
	readonly #shape: Shape;
	#world: World | undefined;

	constructor(tasks: number, shape: Shape) {
		this.#tasks = tasks;
		this.#shape = shape;
	}

	/** Events for each second of processor time, garbage collection and all. */
	rate(outcomes: number): number {
		let [done, micros] = [0, 0];
		while (done < events) {
			if (this.#world?.isBusy !== true) this.#world = new World(this.#tasks, this.#shape);
			const world = this.#world;
			collectGarbage();
			const [used, before] = [process.cpuUsage(), world.done];
			while (world.isBusy && done + world.done - before < events) world.batch(outcomes);
			const {user, system} = process.cpuUsage(used);
			micros += user + system;
			done += world.done - before;
		}
		return done / (micros / 1e6);
	}
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const figure = (value: number) => value.toFixed(0).padStart(7);

console.log(`${agents} agents with ${slots} slots; events for each second of processor time, median of ${rounds} rounds of ${events}:`);
for (const shape of ['chains', 'flat', 'labels'] as const) {
	const [small, large] = [new Course(10_000, shape), new Course(1_000_000, shape)];
	for (const outcomes of [1, 25, 500]) {
		const pairs = Array.from({length: rounds}, () => ({few: small.rate(outcomes), many: large.rate(outcomes)}));
		const [few, many] = [median(pairs.map(pair => pair.few)), median(pairs.map(pair => pair.many))];
		const batch = `${shape}, ${String(outcomes).padStart(3)} outcomes at a time`;
		console.log(`  ${batch}: 10,000 tasks ${figure(few)}, 1,000,000 tasks ${figure(many)}: ×${(many / few).toFixed(2)}`);
	}
}
