import type {State} from '../../source/scheduler/state.ts';
import type {Audit} from './audit.ts';
import type {Crew} from './crew.ts';
import type {DriverHost} from './driver.ts';
import type {Keeper} from './keeper.ts';
import type {World} from './world.ts';

/** For so long things go wrong; then nothing does any more, and all must come to its end in so much time again. */
export const havocMs = 120_000;
const healingLimitMs = 900_000;
/** More than this in one world means that something goes round without end. */
export const happeningsLimit = 400_000;

export type CourseParts = {
	readonly world: World;
	readonly audit: Audit;
	readonly driver: DriverHost;
	readonly crew: Crew;
	readonly keeper: Keeper;
	readonly submitter: {readonly isDone: boolean};
	readonly havoc: readonly {stop(): void}[];
	/** The orchestrator's; undefined: it is down. */
	readonly state: () => State | undefined;
	/** In words, what else has not come to its end; empty when all has. */
	readonly alsoLeft?: () => string;
};

/** The course of one world: faults, healing, and an end at which nothing is left to do. */
export class Course {
	readonly #parts: CourseParts;

	constructor(parts: CourseParts) {
		this.#parts = parts;
	}

	/** After each happening. Throws when there is no end to them. */
	goOn(happenings: number): void {
		const {world} = this.#parts;
		if (!world.healed && world.now >= havocMs) this.heal();
		if (happenings > happeningsLimit || world.now > havocMs + healingLimitMs) throw new Error(`no end: ${this.#whatIsLeft()}`);
	}

	/** From now on nothing goes wrong. */
	heal(): void {
		const {world, havoc, crew, keeper} = this.#parts;
		world.heal();
		for (const one of havoc) one.stop();
		crew.restartRetired();
		keeper.restore();
	}

	get isOver(): boolean {
		const {world, submitter, audit, crew, keeper} = this.#parts;
		if (world.now < havocMs / 2 || !submitter.isDone || audit.openRuns.length > 0) return false;
		return this.#whatIsLeft() === '' && (world.healed || !(crew.isRestless || keeper.isRestless));
	}

	/** In words, what has not come to its end; empty when all has. */
	#whatIsLeft(): string {
		const {state: stateNow, driver, crew, alsoLeft} = this.#parts;
		const state = stateNow();
		if (state === undefined) return 'the orchestrator is down';
		const [run] = state.runs.values();
		if (run !== undefined) return `run ${run.id} is not over: ${[...run.tasks].map(({status}) => status).join(' ')}`;
		const pool = Object.values(state.pools).find(({spec}) => spec.lifetime !== 'persistent');
		if (pool !== undefined) return `pool ${pool.name} is still there`;
		const kept = new Set(Object.values(state.pools).flatMap(({instances}) => instances.map(({name}) => name)));
		const instance = driver.names.find(name => !kept.has(name));
		if (instance !== undefined) return `instance ${instance} was left behind`;
		const agent = [...crew.agents, ...driver.agents].find(({alive, isIdle}) => alive && !isIdle);
		if (agent !== undefined) return `agent ${agent.options.name} does not come to rest`;
		return alsoLeft?.() ?? '';
	}
}
