import type {Event} from '../../source/model/event.ts';
import type {AttemptRef} from '../../source/model/ids.ts';
import {attemptKey} from '../../source/model/ids.ts';
import type {Outcome, Run} from '../../source/model/run.ts';
import type {Orders} from '../../source/protocol/messages.ts';
import type {State} from '../../source/scheduler/state.ts';
import {BasicJudge} from './basic/judge.ts';
import {Expectations} from './expectations.ts';
import {ImageJudge} from './images/judge.ts';
import type {Runner} from './processes.ts';
import {Processes} from './processes.ts';
import {Replay} from './replay.ts';
import type {World} from './world.ts';

/** Ticks in so little of the journal's time would mean that the engine spins. */
const ticksLimit = 200;
const ticksWithinMs = 1000;
/** How often an earlier event is tried again. */
const repeatChance = 0.05;

/** Sees everything, the journal as it is written and what really runs, and keeps the first thing that should not be. */
export class Audit {
	readonly #world: World;
	readonly #replay = new Replay();
	readonly #expectations = new Expectations();
	readonly #processes: Processes;
	/** What runs in the instances of tasks with an image. */
	readonly images: ImageJudge;
	/** What runs on basic agents. */
	readonly #basic: BasicJudge;
	readonly #ticks: number[] = [];
	/** Journal entries that were looked at. */
	#taken = 0;
	#failure: Error | undefined;

	constructor(world: World) {
		this.#world = world;
		this.#processes = new Processes(this.#expectations, world.disk);
		this.#basic = new BasicJudge(world, this.#expectations);
		this.images = new ImageJudge(world, this.#expectations, this.fail.bind(this));
	}

	get attempts(): number {
		return this.#processes.count + this.images.count + this.#basic.count;
	}

	get openRuns(): string[] {
		return [...this.#replay.state.runs.keys()];
	}

	hasRun(id: string): boolean {
		return this.#expectations.runs.has(id);
	}

	/** What is found in the midst of the product's code is kept, so that no handler there takes it for its own. */
	fail(problem: unknown): void {
		this.#failure ??= problem instanceof Error ? problem : new Error(String(problem));
	}

	throwFailure(): void {
		if (this.#failure) throw this.#failure;
	}

	journaled(events: readonly Event[], endedRuns: readonly Run[]): void {
		this.#look(() => {
			const ended = events.flatMap(event => this.#take(event));
			const ids = (runs: readonly Run[]) => runs.map(({id}) => id).join(' ');
			if (ids(ended) !== ids(endedRuns)) throw new Error(`runs recorded: ${ids(endedRuns)}; runs ended: ${ids(ended)}`);
		});
	}

	restored(state: State): void {
		this.#expectations.restart();
		this.#look(() => this.#replay.assertSame(state, 'after a restart'));
	}

	answered(orders: Orders): void {
		this.#look(() => this.#expectations.answer(orders));
	}

	began(ref: AttemptRef, agent: Runner): void {
		this.#world.trace(() => `${agent.options.name} begins ${attemptKey(ref)}`);
		this.#look(() => this.#processes.began(ref, agent));
	}

	exited(ref: AttemptRef): void {
		this.#world.trace(() => `${attemptKey(ref)} exits`);
		this.#look(() => this.#processes.exited(ref));
	}

	reported(ref: AttemptRef, outcome: Outcome, bytes: number): void {
		this.#look(() => this.#processes.reported(ref, outcome, bytes));
	}

	basicBegan(ref: AttemptRef, agent: string): void {
		this.#world.trace(() => `${agent} begins ${attemptKey(ref)}`);
		this.#look(() => this.#basic.began(ref, agent));
	}

	basicAnswered(...answer: Parameters<BasicJudge['answered']>): void {
		this.#world.trace(() => `${attemptKey(answer[0])} is answered`);
		this.#look(() => this.#basic.answered(...answer));
	}

	froze(agent: Runner): void {
		this.#look(() => this.#processes.froze(agent));
	}

	thawed(agent: Runner): void {
		this.#look(() => this.#processes.thawed(agent));
	}

	stopping(ref: AttemptRef): void {
		this.#world.trace(() => `${attemptKey(ref)} is to stop`);
		this.#look(() => this.#processes.stopping(ref));
	}

	settled(ref: AttemptRef): void {
		this.#world.trace(() => `${attemptKey(ref)} is settled`);
		this.#look(() => this.#processes.settled(ref));
	}

	/** All has come to its end. */
	finish(state: State | undefined): void {
		if (state === undefined) throw new Error('the orchestrator is down');
		this.#replay.assertSame(state, 'in the end');
		this.#replay.assertWhole(this.#world.disk.journal, state);
		this.#processes.finish();
		this.images.finish();
	}

	#take(event: Event): Run[] {
		this.#world.trace(() => describe(event));
		this.#taken++;
		if (event.type === 'ticked') this.#countTick(event.at);
		const before = this.#replay.state;
		const endedRuns = this.#replay.step(event);
		const ended = this.#expectations.take(event, before);
		this.#expectations.compare(event, {before, after: this.#replay.state, endedRuns});
		if (event.type === 'attempt-assigned') this.#assigned(event.ref);
		if (event.type === 'attempt-started') this.images.recorded(event.ref);
		if (event.type === 'attempt-finished') this.#judge(event.ref).finished(event.ref, event.outcome, event.logBytes);
		else for (const {ref} of ended) this.#judge(ref).lost(ref);
		const {random, disk} = this.#world;
		if (random.chance(repeatChance)) {
			const entry = disk.journal[random.below(this.#taken)];
			if (entry) this.#replay.repeat(entry.event);
		}
		return endedRuns;
	}

	#assigned(ref: AttemptRef): void {
		const agent = this.#expectations.agentOf(ref) ?? '';
		if (this.#world.basicNames.has(agent)) this.#basic.assigned(ref, agent);
	}

	/** Who sees what really runs of an attempt. */
	#judge(ref: AttemptRef): Pick<Processes, 'finished' | 'lost'> {
		if (this.#basic.judges(ref)) return this.#basic;
		return this.images.judges(ref) ? this.images : this.#processes;
	}

	#countTick(at: number): void {
		this.#ticks.push(at);
		if (this.#ticks.length > ticksLimit) this.#ticks.shift();
		if (this.#ticks.length === ticksLimit && Math.abs(at - (this.#ticks[0] ?? at)) < ticksWithinMs) throw new Error('ticks without end');
	}

	#look(look: () => void): void {
		if (this.#failure) return;
		try {
			look();
		} catch (error) {
			this.fail(error);
		}
	}
}

function describe(event: Event): string {
	const {type, at: _, ...rest} = event;
	if (event.type !== 'run-submitted') return `journal: ${type} ${JSON.stringify(rest)}`;
	const {workflow} = event;
	const tasks = workflow.tasks.map(({agent, dependsOn, retry, continueOnError}) =>
		JSON.stringify({agent, dependsOn, retry, continueOnError}),
	);
	const {tasks: __, agents, ...settings} = workflow;
	const lines = [JSON.stringify(settings), ...agents.map(agent => JSON.stringify(agent)), ...tasks].map(line => `\n           ${line}`);
	return `journal: ${type} ${event.run}${lines.join('')}`;
}
